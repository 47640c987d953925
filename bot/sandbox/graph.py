"""A small Graph: the online meetings of `/users/{oid}`, with the rules and errors of facts/graph 1-3."""

from __future__ import annotations

import re
import secrets
from typing import Any

from aiohttp import web

from bot.sandbox.authority import Authority
from bot.sandbox.clock import moment
from bot.sandbox.entra import GRAPH_AUDIENCE, Entra
from bot.sandbox.meetings import (
    CREATE_OR_GET,
    HOUR,
    OPTIONS,
    PATCHED_APART,
    SCOPES,
    Meeting,
    own_thread,
    parse_time,
    write_meeting,
)
from bot.sandbox.messages import LISTED
from bot.sandbox.server import Call, Refused, Server, Stage
from bot.sandbox.tenant import Person

GRAPH_APP = "00000003-0000-0000-c000-000000000000"
_BARE = "An error has occurred."
_POLICY = "No application access policy found for this app {} on the user {}"
_PARAMETER = "The parameter '{}' in the request payload is not a valid parameter for the operation 'createOrGet'."
_ME = "/me request is only valid with delegated authentication flow."
_MEETINGS = (r"/{version:v1\.0|beta}{_:/+}users/{user}/onlineMeetings", r"/{version:v1\.0|beta}{_:/+}me/onlineMeetings")
_FILTER = re.compile(r"\s*([A-Za-z/]+)\s+eq\s+'(.*)'\s*", re.DOTALL)
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class Graph(Server):
    """`meetings` holds everything ever made, deleted ones too, in order. `lobby` is the tenant's default scope."""

    name = "graph"

    def __init__(self, stage: Stage, authority: Authority, entra: Entra) -> None:
        super().__init__(stage, authority)
        self.meetings: list[Meeting] = []
        self._entra = entra
        self._last_message = 0
        for meetings in _MEETINGS:
            one = meetings + "/{meeting}"
            self.route("POST", meetings + "/createOrGet", "graph.createOrGet", self._create_or_get)
            self.route("POST", meetings, "graph.create", self._create)
            self.route("GET", meetings, "graph.find", self._find)
            self.route("GET", one, "graph.get", self._get)
            self.route("PATCH", one, "graph.update", self._update)
            self.route("DELETE", one, "graph.delete", self._delete)
        self.route(
            "GET", r"/{version:v1\.0|beta}{_:/+}communications/onlineMeetings{_end:/?}", "graph.find", self._find_video
        )
        gone = r"/{version:v1\.0|beta}{_:/+}{root:communications|app}/onlineMeetings{_end:/?}"
        self.route("POST", gone, "graph.gone", self._gone)
        self.route("*", r"/{version:v1\.0|beta}{_:/+}me/{tail:.*}", "graph.me", self._me)

    def admit(self, call: Call) -> None:
        """Judge the bearer; raises Refused 401, or 403 without the role or scope that the method needs.

        `/me` is for people's own tokens alone (facts/graph 1.1); theirs opens `/users/{oid}` only for themselves. Who
        may read messages is not the tenant's to say but the team's or the chat's.
        """
        claims = self._claims(call)
        if call.exchange.operation == LISTED:
            return
        needed = {"OnlineMeetings.ReadWrite"}
        if call.request.method == "GET":
            needed.add("OnlineMeetings.Read")
        if "scp" in claims:
            granted, theirs = set(claims["scp"].split()), call.request.match_info.get("user", claims["oid"])
            if theirs.lower() != claims["oid"]:
                raise Refused(403, "Forbidden")
        else:
            granted, needed = set(claims.get("roles", ())), {f"{name}.All" for name in needed}
        if not needed & granted:
            raise Refused(403, "Forbidden")

    def _claims(self, call: Call) -> dict[str, Any]:
        audiences = {GRAPH_AUDIENCE, GRAPH_APP, self.url}
        return self._entra.claims(call.request.headers.get("Authorization", ""), audiences)

    def error(self, call: Call, refused: Refused) -> web.Response:
        """Return Graph's error body (facts/graph 3.3)."""
        inner = {
            "date": moment(self.stage.clock.now()).strftime("%Y-%m-%dT%H:%M:%S"),
            "request-id": call.request_id,
            "client-request-id": call.request.headers.get("client-request-id", call.request_id),
        }
        error = {"code": refused.code, "message": refused.message, "innerError": inner}
        headers = dict(refused.headers)
        if refused.status == 401:  # noqa: PLR2004 - a status is what it says
            headers["WWW-Authenticate"] = (
                'Bearer realm="", authorization_uri="' + self._entra.url + '/common/oauth2/authorize"'
            )
        return web.json_response({"error": error}, status=refused.status, headers=headers)

    def dress(self, call: Call, response: web.Response) -> None:
        """Add the trace headers."""
        response.headers["request-id"] = call.request_id
        response.headers["client-request-id"] = call.request.headers.get("client-request-id", call.request_id)

    async def _gone(self, call: Call) -> web.Response:
        """Answer where meetings were made until 2019 as v1.0 does since (facts/graph 1.1)."""
        del call
        raise Refused(400, "BadRequest", _BARE)

    async def _me(self, call: Call) -> web.Response:
        del call
        raise Refused(400, "BadRequest", _ME)

    async def _create_or_get(self, call: Call) -> web.Response:
        person = self._person(call)
        body = _object(call)
        for name in body:
            if name not in CREATE_OR_GET:
                raise Refused(400, "BadRequest", _PARAMETER.format(name))
        external_id = body.get("externalId")
        if not isinstance(external_id, str) or not external_id:
            raise Refused(400, "BadRequest", "externalId is required.")
        starts_at, ends_at = self._times(body)
        for meeting in self._alive():
            if (meeting.organizer.oid, meeting.external_id) == (person.oid, external_id):
                return self._answer(call, meeting, 200)
        meeting = self._make(call, person, starts_at, ends_at)
        meeting.external_id = external_id
        return self._answer(call, meeting, 201)

    async def _create(self, call: Call) -> web.Response:
        person = self._person(call)
        body = _object(call)
        if not body.get("subject") or not body.get("endDateTime"):
            raise Refused(400, "BadRequest", "subject and endDateTime are required.")
        _check_lobby(body)
        meeting = self._make(call, person, *self._times(body))
        self._apply(call, meeting, body)
        if (body.get("joinMeetingIdSettings") or {}).get("isPasscodeRequired"):
            meeting.passcode = secrets.token_urlsafe(6)
        return self._answer(call, meeting, 201)

    async def _get(self, call: Call) -> web.Response:
        return self._answer(call, self._meeting(call), 200)

    async def _find(self, call: Call) -> web.Response:
        person = self._person(call)
        found = _FILTER.fullmatch(call.query("$filter"))
        if not found:
            raise Refused(400, "BadRequest", "A filter is required.")
        name, value = found[1].casefold(), found[2].replace("''", "'")
        of = {"joinweburl": "join_url", "joinmeetingidsettings/joinmeetingid": "join_meeting_id"}.get(name)
        if of is None:
            raise Refused(400, "BadRequest", "Invalid filter clause.")
        matches = [meeting for meeting in self._alive() if getattr(meeting, of) == value]
        if any(meeting.organizer.oid != person.oid for meeting in matches):
            raise Refused(403, "Forbidden", "3003: User does not have access to lookup meeting.")
        return web.json_response({"value": [self._written(call, meeting) for meeting in matches]})

    async def _find_video(self, call: Call) -> web.Response:
        found = _FILTER.fullmatch(call.query("$filter"))
        if not found or found[1].casefold() != "videoteleconferenceid":
            raise Refused(400, "BadRequest", "A filter is required.")
        return web.json_response(
            {
                "value": [
                    self._written(call, meeting)
                    for meeting in self._alive()
                    if meeting.options.get("videoTeleconferenceId") == found[2]
                ]
            }
        )

    async def _update(self, call: Call) -> web.Response:
        meeting = self._meeting(call)
        body = _object(call)
        if ("startDateTime" in body) != ("endDateTime" in body):
            raise Refused(400, "BadRequest", "startDateTime and endDateTime must be set together.")
        for name in body:
            if name not in PATCHED_APART | OPTIONS and not name.startswith("@"):
                raise Refused(400, "BadRequest", f"Property '{name}' is read-only or unknown.")
        _check_lobby(body)
        if "startDateTime" in body:
            meeting.starts_at, meeting.ends_at = self._times(body)
        self._apply(call, meeting, body)
        meeting.changes += 1
        return self._answer(call, meeting, 200)

    async def _delete(self, call: Call) -> web.Response:
        self._meeting(call).deleted = True
        return web.Response(status=204)

    def _make(self, call: Call, person: Person, starts_at: int, ends_at: int) -> Meeting:
        body: dict[str, Any] = call.body
        own = own_thread()
        chat = self._chat_info(call, person, own)
        no_licence = self.stage.faults.rule("no-licence", call.exchange)
        now = self.stage.clock.now()
        meeting = Meeting(
            person,
            "",
            body.get("subject"),
            starts_at,
            ends_at,
            now,
            len(self.meetings),
            chat,
            person.dial_in and not no_licence,
        )
        meeting.thread_id = own
        meeting.attendees = (body.get("participants") or {}).get("attendees") or []
        self.meetings.append(meeting)
        return meeting

    def _chat_info(self, call: Call, person: Person, own: str) -> dict[str, Any]:
        standalone = {"threadId": own, "messageId": "0", "replyChainMessageId": None}
        asked = call.body.get("chatInfo")
        if asked is None:
            return standalone
        rule = self.stage.faults.rule
        thread_id = asked.get("threadId") if isinstance(asked, dict) else None
        if (
            call.part("version") != "beta"
            or rule("refused-thread", call.exchange)
            or not self._tieable(thread_id, person)
        ):
            raise Refused(400, "BadRequest", _BARE)
        if rule("unbound", call.exchange):
            return standalone
        if rule("unbound-other", call.exchange):
            return {**standalone, "threadId": own_thread()}
        tied = {**standalone, "threadId": thread_id}
        if not rule("unbound-no-post", call.exchange):
            self._last_message = max(self.stage.clock.now(), self._last_message + 1)
            tied["messageId"] = str(self._last_message)
        return tied

    def _tieable(self, thread_id: Any, person: Person) -> bool:  # noqa: ANN401 - any JSON
        """Tell whether Graph ties a meeting of this person to a thread: a standard channel they are in."""
        chat = next((chat for chat in self.stage.tenant.chats if chat.thread_id == thread_id), None)
        return (
            chat is not None and (chat.kind, chat.membership) == ("channel", "standard") and person.oid in chat.members
        )

    def _apply(self, call: Call, meeting: Meeting, body: dict[str, Any]) -> None:
        if "subject" in body:
            meeting.subject = body["subject"]
        if "participants" in body:
            meeting.attendees = (body["participants"] or {}).get("attendees") or []
        if not self.stage.faults.rule("lobby-kept", call.exchange):
            meeting.lobby.update(body.get("lobbyBypassSettings") or {})
        meeting.options.update({name: value for name, value in body.items() if name in OPTIONS})

    def _times(self, body: dict[str, Any]) -> tuple[int, int]:
        start = parse_time(body.get("startDateTime"), "startDateTime")
        end = parse_time(body.get("endDateTime"), "endDateTime")
        if start is None and end is not None:
            raise Refused(400, "BadRequest", "endDateTime needs a startDateTime.")
        begin = self.stage.clock.now() if start is None else start
        finish = begin + HOUR if end is None else end
        if finish < begin:
            raise Refused(400, "BadRequest", "endDateTime is before startDateTime.")
        return begin, finish

    def _person(self, call: Call) -> Person:
        claims = self._claims(call)
        if "user" not in call.request.match_info and "scp" not in claims:
            raise Refused(400, "BadRequest", _ME)
        key = call.request.match_info.get("user", claims.get("oid", ""))
        if not _GUID.fullmatch(key):
            raise Refused(404, "UnknownError")
        person = next((person for person in self.stage.tenant.people if person.oid == key.lower()), None)
        if person is None:
            raise Refused(404, "NotFound", "User not found.")
        if person.guest or not person.licensed:
            raise Refused(404, "UnknownError")
        if not person.policy and "scp" not in claims:
            raise Refused(403, "Forbidden", _POLICY.format(self.stage.tenant.app_id, person.oid))
        return person

    def _alive(self) -> list[Meeting]:
        now = self.stage.clock.now()
        return [meeting for meeting in self.meetings if not meeting.deleted and now < meeting.expires_at]

    def _meeting(self, call: Call) -> Meeting:
        person, key = self._person(call), call.part("meeting")
        for meeting in self._alive():
            if meeting.id == key and meeting.organizer.oid == person.oid:
                return meeting
        if any(meeting.id == key for meeting in self.meetings):
            raise Refused(404, "NotFound", "The meeting was not found.")
        raise Refused(400, "InvalidArgument", "Invalid meeting id")

    def _answer(self, call: Call, meeting: Meeting, status: int) -> web.Response:
        context = f"{self.url}/{call.part('version')}/$metadata#users('{meeting.organizer.oid}')/onlineMeetings/$entity"
        return web.json_response({"@odata.context": context, **self._written(call, meeting)}, status=status)

    def _written(self, call: Call, meeting: Meeting) -> dict[str, Any]:
        headers = call.request.headers
        return write_meeting(
            meeting,
            version=call.part("version"),
            tenant_id=self.stage.tenant.tenant_id,
            language=headers.get("Accept-Language", "en"),
            unknown_enums="include-unknown-enum-members" in headers.get("Prefer", "").lower(),
        )


def _object(call: Call) -> dict[str, Any]:
    if not isinstance(call.body, dict):
        raise Refused(400, "BadRequest", "Unable to read JSON request payload.")
    return call.body


def _check_lobby(body: dict[str, Any]) -> None:
    scope = (body.get("lobbyBypassSettings") or {}).get("scope", "everyone")
    if scope not in SCOPES:
        raise Refused(400, "BadRequest", f"Requested value '{scope}' was not found.")
