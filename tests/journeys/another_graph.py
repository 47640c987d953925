"""A second Graph, by the same pages: old spellings, another order, properties nobody knows, in small chunks."""

from __future__ import annotations

import json
import re
from typing import Any, Self

from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.sandbox.authority import Authority

Body = dict[str, Any]
OLD_LOBBY = {"everyone": "everyone", "organization": "EveryoneInCompany"}
THREAD = "19:meeting_{}@thread.skype"


class AnotherGraph:
    """`async with AnotherGraph(authority) as graph`; `asked` is each request as method, path and body."""

    def __init__(self, authority: Authority) -> None:
        self.asked: list[tuple[str, str, Body]] = []
        self.meetings: list[Body] = []
        self.events: list[Body] = []
        self.fills_in = True
        self.makes_online = True
        self.providers = ["unknown", "teamsForBusiness"]
        application = web.Application()
        application.router.add_route("*", "/{version}/{path:.+}", self._handle)
        self._context = authority.server_context
        self._server = TestServer(application, scheme="https", host="localhost")

    async def __aenter__(self) -> Self:
        await self._server.start_server(ssl=self._context)
        self.url = str(self._server.make_url("")).rstrip("/")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.close()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.json() if request.can_read_body else {}
        self.asked.append((request.method, request.path, body))
        whose, _, rest = request.match_info["path"].removeprefix("users/").partition("/")
        status, answer = self._answer(request, whose, rest, body)
        response = web.StreamResponse(status=status, headers={"Content-Type": "application/json", "REQUEST-ID": "a-1"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        text = json.dumps(answer, sort_keys=True).encode() if answer is not None else b""
        for begin in range(0, len(text), 19):
            await response.write(text[begin : begin + 19])
        await response.write_eof()
        return response

    def _answer(self, request: web.Request, whose: str, rest: str, body: Body) -> tuple[int, Any]:
        kind, _, key = rest.partition("/")
        if (whose == "me") != request.headers["Authorization"].startswith("Bearer of "):
            return 401, {"error": {"code": "InvalidAuthenticationToken"}}
        if kind == "calendar":
            return 200, {"allowedOnlineMeetingProviders": self.providers}
        if kind == "events":
            return self._event(request.method, key, whose, body)
        return self._make(whose, body) if request.method == "POST" else self._there(request, key, body)

    def _there(self, request: web.Request, key: str, body: Body) -> tuple[int, Any]:
        if found := re.fullmatch(r"\w+(?:/\w+)? eq '(.*)'", request.query.get("$filter", "")):
            return 200, {"value": [self._old(each) for each in self.meetings if found[1] in each["known"]]}
        there = next((each for each in self.meetings if each["known"][0] == key), None)
        if there is None:
            return 404, {"error": {"code": "NotFound", "innererror": {"requestId": "a-1"}}}
        if request.method == "DELETE":
            self.meetings.remove(there)
            return 204, None
        there |= body if request.method == "PATCH" else {}
        return 200, self._old(there)

    def _make(self, whose: str, body: Body) -> tuple[int, Any]:
        same = body.get("externalId") and [m for m in self.meetings if m.get("externalId") == body["externalId"]]
        if same:
            return 200, self._old(same[0])
        n = len(self.meetings)
        link = f"https://teams.example/l/meetup-join/19%3ameeting_{n}%40thread.skype/0?context=%7b%22Oid%22%7d"
        self.meetings.append({"whose": whose, "known": [f"m/{n}*=", link, f"{n}234567", f"1100{n}000"], **body})
        return 201, self._old(self.meetings[-1])

    def _event(self, method: str, key: str, whose: str, body: Body) -> tuple[int, Any]:
        if method == "POST":
            if not any(each["transactionId"] == body["transactionId"] for each in self.events):
                online = {"isOnlineMeeting": self.makes_online, "onlineMeeting": None}
                self.events.append({"ID": "e/1", "sparkle": [], **body, **online})
            return 201, self.events[-1]
        event = next(each for each in self.events if each["ID"] == key)
        if method == "DELETE":
            self.events.remove(event)
            return 204, None
        event |= body if method == "PATCH" else {}
        fills_in = self.fills_in and event["isOnlineMeeting"]
        if event["onlineMeeting"] is None and fills_in:  # it is there only when somebody looks again
            self._make(whose, {"subject": event["subject"]})
            phones = [{"Number": "+44 20 7946 0123", "type": "unheardOf"}]
            event["onlineMeeting"] = {"JoinURL": self.meetings[-1]["known"][1], "conferenceID": "9", "phones": phones}
        return 200, event

    def _old(self, meeting: Body) -> Body:
        lobby, wanted = meeting.get("lobbyBypassSettings", {}), meeting.get("joinMeetingIdSettings", {})
        asked = {name: value for name, value in meeting.items() if name not in {"known", "whose"}}
        owner = {"upn": None, "identity": {"user": {"id": meeting["whose"], "tenantId": "t"}, "phone": None}}
        numbers = {"ConferenceId": "2425999", "tollNumber": "+44 20 7946 0123", "tollFreeNumber": "+44 808 157 0192"}
        tied = {"replyChainMessageId": "0", "messageId": "1599805818399" if "chatInfo" in meeting else "0"}
        return asked | {
            "ID": meeting["known"][0],
            "joinUrl": meeting["known"][1],
            "videoTeleconferenceId": meeting["known"][3],
            "audioConferencing": numbers,
            "sparkle": {"a": [1], "isCanceled": None},
            "autoAdmittedUsers": OLD_LOBBY.get(lobby.get("scope", "organization")),
            "lobbyBypassSettings": {name.capitalize(): value for name, value in lobby.items()},
            "chatInfo": tied | {"threadId": THREAD.format(meeting["known"][2]), **meeting.get("chatInfo", {})},
            "joinMeetingIdSettings": {
                **wanted,
                "joinMeetingId": meeting["known"][2],
                "passcode": "x" if wanted else None,
            },
            "participants": {"organizer": owner, "attendees": meeting.get("participants", {}).get("attendees")},
        }
