"""A small Graph: the online meetings of people, with the rules and errors of facts/graph 1-3."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from bot.sandbox.authority import Authority
from bot.sandbox.clock import moment
from bot.sandbox.entra import Entra
from bot.sandbox.events import Event
from bot.sandbox.graph_door import BARE, VERSION, Door, json_object, prefers
from bot.sandbox.meeting_options import (
    AT_CREATION,
    CREATE_OR_GET,
    OPTIONS,
    WHILE_RUNNING,
    check_patch,
    check_people,
    check_post,
    invited,
    lobby,
    part,
)
from bot.sandbox.meetings import HOUR, Meeting, Spelling, own_thread, parse_time, write_meeting
from bot.sandbox.outlook import Outlook
from bot.sandbox.server import Call, Refused, Stage
from bot.sandbox.telephony import ROLES, Calls
from bot.sandbox.tenant import Person

_PARAMETER = "The parameter '{}' in the request payload is not a valid parameter for the operation 'createOrGet'."
_ONE = "/onlineMeetings/{meeting}"
_FILTER = re.compile(r"\s*([A-Za-z/]+)\s+eq\s+'(.*)'\s*", re.DOTALL)
_ZERO = "0001-01-01T00:00:00Z"
_FILTERED = {"joinweburl": "join_url", "joinmeetingidsettings/joinmeetingid": "join_meeting_id"}


class Graph(Door):
    """`meetings` holds everything ever made, deleted ones too, in order; `calendar` is Outlook's side."""

    def __init__(self, stage: Stage, authority: Authority, entra: Entra) -> None:
        super().__init__(stage, authority, entra)
        self.meetings: list[Meeting] = []
        self._last_message = 0
        self.calendar = Outlook(self, self._of_event)
        self.calls = Calls(self, entra)
        self.roles |= ROLES
        self.for_people("POST", "/onlineMeetings/createOrGet", "graph.createOrGet", self._create_or_get)
        self.for_people("POST", "/onlineMeetings", "graph.create", self._create)
        self.for_people("GET", "/onlineMeetings", "graph.find", self._find)
        self.for_people("GET", _ONE, "graph.get", self._get)
        self.for_people("PATCH", _ONE, "graph.update", self._update)
        self.for_people("DELETE", _ONE, "graph.delete", self._delete)
        everybodys = VERSION + "communications/onlineMeetings{_end:/?}"
        self.route("GET", everybodys, "graph.find", self._find_video)
        self.route("POST", everybodys, "graph.gone", self._gone)
        self.route("POST", VERSION + "app/onlineMeetings{_end:/?}", "graph.gone", self._gone)
        self.route("*", VERSION + "me/{tail:.*}", "graph.me", self._me)  # what /me has besides

    async def _me(self, call: Call) -> web.Response:
        self.host(call)
        raise Refused(400, "BadRequest", BARE)

    async def _create_or_get(self, call: Call) -> web.Response:
        person = self.host(call)
        body = json_object(call)
        for name in body:
            if name not in CREATE_OR_GET:
                raise Refused(400, "BadRequest", _PARAMETER.format(name))
        external_id = body.get("externalId")
        if not isinstance(external_id, str) or not external_id:
            raise Refused(400, "BadRequest", "externalId is required.")
        check_people(body)
        starts_at, ends_at = self._times(body)
        for meeting in self._alive():
            if (meeting.organizer.oid, meeting.external_id) == (person.oid, external_id):
                return self._answer(call, meeting, 200)
        meeting = self._make(call, person, starts_at, ends_at)
        meeting.external_id = external_id
        return self._answer(call, meeting, 201)

    async def _create(self, call: Call) -> web.Response:
        person = self.host(call)
        body = json_object(call)
        check_post(body)
        with_passcode = part(body, "joinMeetingIdSettings").get("isPasscodeRequired")
        meeting = self._make(call, person, *self._times(body))
        meeting.options |= {name: value for name, value in body.items() if name in AT_CREATION}
        self._apply(call, meeting, body)
        if with_passcode:
            meeting.passcode = secrets.token_urlsafe(6)
        return self._answer(call, meeting, 201)

    async def _gone(self, call: Call) -> web.Response:
        """Answer where meetings were made until 2019 as was seen since: beta still makes one (facts/graph 1.1)."""
        if call.part("version") == "v1.0" or "/app/" in call.request.path:
            raise Refused(400, "BadRequest", BARE)
        organizer = part(part(json_object(call), "participants"), "organizer")
        oid = part(part(organizer, "identity"), "user").get("id")
        person = self.stage.tenant.person(oid) if isinstance(oid, str) else None
        if person is None:
            raise Refused(400, "BadRequest", BARE)
        now = self.stage.clock.now()
        written = self._written(call, self._make(call, person, now, now))
        return web.json_response(written | {"startDateTime": _ZERO, "endDateTime": _ZERO}, status=201)

    async def _get(self, call: Call) -> web.Response:
        return self._answer(call, self._meeting(call, by_attendees=True), 200)

    async def _find(self, call: Call) -> web.Response:
        person = self.host(call)
        found = _FILTER.fullmatch(call.query("$filter"))
        if not found:
            raise Refused(400, "BadRequest", "A filter is required.")
        name, value = found[1].casefold(), found[2].replace("''", "'")
        if name not in _FILTERED:
            raise Refused(400, "BadRequest", "Invalid filter clause.")
        matches = [meeting for meeting in self._alive() if getattr(meeting, _FILTERED[name]) == value]
        if any(meeting.organizer.oid != person.oid for meeting in matches):
            raise Refused(403, "Forbidden", "3003: User does not have access to lookup meeting.")
        return self._collection(call, matches)

    async def _find_video(self, call: Call) -> web.Response:
        if self.delegated(call):
            raise Refused(403, "Forbidden")
        found = _FILTER.fullmatch(call.query("$filter"))
        if not found or found[1].casefold() != "videoteleconferenceid":
            raise Refused(400, "BadRequest", "A filter is required.")
        return self._collection(
            call, [one for one in self._alive() if one.options.get("videoTeleconferenceId") == found[2]]
        )

    async def _update(self, call: Call) -> web.Response:
        meeting = self._meeting(call)
        body = json_object(call)
        check_patch(body, meeting.organizer)
        times = self._times(body)
        if meeting.running:
            body = {name: value for name, value in body.items() if name in WHILE_RUNNING}
        if "startDateTime" in body:
            meeting.starts_at, meeting.ends_at = times
        self._apply(call, meeting, body)
        meeting.changes += 1
        meeting.touched_at = self.stage.clock.now()
        return self._answer(call, meeting, 200)

    async def _delete(self, call: Call) -> web.Response:
        self._meeting(call).deleted = True
        return web.Response(status=204)

    def _make(self, call: Call, person: Person, starts_at: int, ends_at: int) -> Meeting:
        body = json_object(call)
        chat = self._chat_info(call, person, own := own_thread())
        self._within_limit(call, person)
        meeting = self._new(person, str(body["subject"]) if body.get("subject") else None, starts_at, ends_at)
        meeting.chat, meeting.thread_id = chat, own
        meeting.dial_in = person.dial_in and not self.stage.faults.rule("no-licence", call.exchange)
        meeting.attendees = invited(self.stage.tenant, body)
        if person.video:
            meeting.options["videoTeleconferenceId"] = f"11{meeting.number:07}"
        return meeting

    def _of_event(self, call: Call, event: Event) -> Meeting:
        """Make the meeting of an Outlook event; the monthly limit is this API's own and does not count it."""
        meeting = self._new(event.owner, event.subject, event.starts_at, event.ends_at)
        meeting.of_event, meeting.thread_id = True, own_thread()
        meeting.chat = _standalone(meeting.thread_id)
        meeting.dial_in = event.owner.dial_in and not self.stage.faults.rule("no-licence", call.exchange)
        return meeting

    def _new(self, person: Person, subject: str | None, starts_at: int, ends_at: int) -> Meeting:
        now, number = self.stage.clock.now(), len(self.meetings)
        meeting = Meeting(person, "", subject, starts_at, ends_at, now, number, {}, person.dial_in, touched_at=now)
        self.meetings.append(meeting)
        return meeting

    def _within_limit(self, call: Call, person: Person) -> None:
        """Raise Refused 429 for one meeting too many this month.

        Neither a text nor a Retry-After of this limit is documented (facts/graph 3.4), so there is none.
        """
        now = moment(self.stage.clock.now())
        since = datetime(now.year, now.month, 1, tzinfo=UTC)
        mine = [
            one
            for one in self.meetings
            if one.organizer is person and not one.of_event and moment(one.created_at) >= since
        ]
        if len(mine) >= self.stage.tenant.monthly_limit or self.stage.faults.rule("quota", call.exchange):
            raise Refused(429, "TooManyRequests")

    def _chat_info(self, call: Call, person: Person, own: str) -> dict[str, Any]:
        standalone = _standalone(own)
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
            raise Refused(400, "BadRequest", BARE)
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
            meeting.attendees = invited(self.stage.tenant, body)
        if not self.stage.faults.rule("lobby-kept", call.exchange):
            meeting.lobby.update(lobby(body))
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

    def _alive(self) -> list[Meeting]:
        now = self.stage.clock.now()
        return [meeting for meeting in self.meetings if not meeting.deleted and now < meeting.expires_at]

    def _meeting(self, call: Call, *, by_attendees: bool = False) -> Meeting:
        person, key = self.host(call), call.part("meeting")
        for meeting in self._alive():
            named = [part(part(one, "identity"), "user").get("id") for one in meeting.attendees]
            theirs = meeting.organizer.oid == person.oid or (by_attendees and person.oid in named)
            if meeting.id == key and theirs:
                return meeting
        if any(meeting.id == key for meeting in self.meetings):
            raise Refused(404, "NotFound", "The meeting was not found.")
        raise Refused(400, "InvalidArgument", "Invalid meeting id")

    def _answer(self, call: Call, meeting: Meeting, status: int) -> web.Response:
        context = f"{self.url}/{call.part('version')}/$metadata#users('{meeting.organizer.oid}')/onlineMeetings/$entity"
        return web.json_response({"@odata.context": context, **self._written(call, meeting)}, status=status)

    def _collection(self, call: Call, meetings: list[Meeting]) -> web.Response:
        return web.json_response({"value": [self._written(call, meeting) for meeting in meetings]})

    def _written(self, call: Call, meeting: Meeting) -> dict[str, Any]:
        spelling = Spelling(
            version=call.part("version"),
            language=call.request.headers.get("Accept-Language", "en"),
            unknown_enums=prefers(call, "include-unknown-enum-members"),
            old=self.stage.faults.rule("old-spellings", call.exchange),
        )
        return write_meeting(meeting, self.stage.tenant, spelling)


def _standalone(thread_id: str) -> dict[str, Any]:
    return {"threadId": thread_id, "messageId": "0", "replyChainMessageId": None}
