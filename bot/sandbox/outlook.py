"""The calendars behind the sandbox's Graph: events that are online meetings, what a calendar allows (facts/graph 4).

What Microsoft documents of an event that is online: https://learn.microsoft.com/graph/api/resources/event
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import Any

from aiohttp import web

from bot.sandbox.events import (
    PROVIDERS,
    TEAMS,
    Event,
    failed_validation,
    parse_moment,
    write_attendees,
    write_event,
    zone_of,
)
from bot.sandbox.graph_door import WITHOUT_TEAMS, Door, json_object
from bot.sandbox.meeting_options import part
from bot.sandbox.meetings import Meeting
from bot.sandbox.server import Call, Refused
from bot.sandbox.tenant import Person

Meet = Callable[[Call, Event], Meeting]
"""Makes the meeting of an event."""

OPERATIONS = frozenset(
    f"graph.{verb}" for verb in ("calendar", "createEvent", "getEvent", "updateEvent", "deleteEvent")
)
_TWICE = (
    "Your request can't be completed. "
    "The TransactionId specified in the request has already been used to create a different event."
)
_ZONE = re.compile(r'outlook\.timezone\s*=\s*"?([^",;]+)"?', re.IGNORECASE)


class Outlook:
    """People's calendars; `events` holds everything ever made, deleted ones too, in order."""

    def __init__(self, door: Door, meet: Meet) -> None:
        """Register the calendar's routes at Graph's door; `meet` makes the meeting of an event."""
        self.events: list[Event] = []
        self._door = door
        self._meet = meet
        door.outlook |= OPERATIONS
        door.for_people("GET", "/calendar", "graph.calendar", self._calendar)
        for events in ("/events", "/calendar/events"):
            door.for_people("POST", events, "graph.createEvent", self._create)
            door.for_people("GET", events + "/{event}", "graph.getEvent", self._get)
            door.for_people("PATCH", events + "/{event}", "graph.updateEvent", self._update)
            door.for_people("DELETE", events + "/{event}", "graph.deleteEvent", self._delete)

    async def _calendar(self, call: Call) -> web.Response:
        owner = self._door.owner(call)
        allowed = self._allowed(call, owner)
        body = {
            "id": f"AQMkAD{owner.oid}",
            "name": "Calendar",
            "color": "auto",
            "isDefaultCalendar": True,
            "canEdit": True,
            "canShare": True,
            "canViewPrivateItems": True,
            "isRemovable": False,
            "isTallyingResponses": True,
            "allowedOnlineMeetingProviders": allowed,
            "defaultOnlineMeetingProvider": allowed[0] if allowed else "unknown",
            "owner": {"name": owner.name, "address": owner.upn},
        }
        return web.json_response(self._selected(call, body, f"users('{owner.oid}')/calendar/$entity"))

    async def _create(self, call: Call) -> web.Response:
        owner, body = self._door.owner(call), json_object(call)
        made = self._made_before(call, owner, body)
        if made is None:
            now = self._door.stage.clock.now()
            made = Event(f"AAMkAD{secrets.token_hex(24)}", owner, now, dict(body), changed_at=now)
            if "start" not in body or "end" not in body:
                raise failed_validation()
            self._apply(call, made, body)
            self.events.append(made)
        answer = self._answer(call, made, 201)
        answer.headers["Location"] = f"{self._door.url}/{call.part('version')}/users('{owner.oid}')/events('{made.id}')"
        return answer

    async def _get(self, call: Call) -> web.Response:
        event = self._event(call)
        waits = event.meeting is None and bool(event.provider)
        if waits and not self._door.stage.faults.rule("slow-calendar", call.exchange):
            event.meeting = self._meet(call, event)
        return self._answer(call, event, 200)

    async def _update(self, call: Call) -> web.Response:
        event, body = self._event(call), json_object(call)
        if "transactionId" in body and body["transactionId"] != event.transaction_id:
            raise failed_validation()
        self._apply(call, event, body)
        event.changed_at = self._door.stage.clock.now()
        return self._answer(call, event, 200)

    async def _delete(self, call: Call) -> web.Response:
        event = self._event(call)
        event.deleted = True
        if event.meeting is not None:
            event.meeting.deleted = True
        return web.Response(status=204)

    def _made_before(self, call: Call, owner: Person, body: dict[str, Any]) -> Event | None:
        """Return the event of a POST that is repeated; raises Refused 409 for another one under its id."""
        wanted = body.get("transactionId")
        if wanted is None:
            return None
        for event in self.events:
            if event.owner is owner and event.transaction_id == wanted and not event.deleted:
                if event.asked != body or self._door.stage.faults.rule("duplicate-event", call.exchange):
                    raise Refused(409, "ErrorDuplicateTransactionId", _TWICE)
                return event
        return None

    def _apply(self, call: Call, event: Event, body: dict[str, Any]) -> None:
        starts_at = parse_moment(body["start"]) if "start" in body else event.starts_at
        ends_at = parse_moment(body["end"]) if "end" in body else event.ends_at
        if ends_at < starts_at or body.get("onlineMeetingProvider") not in (None, *PROVIDERS):
            raise failed_validation()
        if not isinstance(body.get("subject", ""), str | None):
            raise failed_validation()
        event.attendees = write_attendees(body["attendees"]) if "attendees" in body else event.attendees
        event.starts_at, event.ends_at = starts_at, ends_at
        event.zone = part(body, "start").get("timeZone") or event.zone
        event.subject = body.get("subject", event.subject)
        event.content = part(body, "body").get("content") or event.content
        self._put_online(call, event, body)
        if event.meeting is not None:
            meeting = event.meeting
            meeting.subject, meeting.starts_at, meeting.ends_at = event.subject, starts_at, ends_at

    def _put_online(self, call: Call, event: Event, body: dict[str, Any]) -> None:
        """Make it an online meeting where that is asked for and allowed; what is online stays so, for good.

        An event that its calendar does not allow to be online is made all the same, and is not.
        """
        if event.provider or body.get("isOnlineMeeting") is not True:
            return
        allowed = self._allowed(call, event.owner)
        asked = body.get("onlineMeetingProvider") or "unknown"
        wanted = allowed[0] if asked == "unknown" and allowed else asked
        event.provider = wanted if wanted in allowed else ""

    def _allowed(self, call: Call, owner: Person) -> list[str]:
        """Return the providers of a calendar: Teams, where cloud, licence and administrator allow it."""
        off = self._door.stage.faults.rule("calendar-off", call.exchange)
        here = self._door.stage.tenant.cloud not in WITHOUT_TEAMS
        return [TEAMS] if here and owner.licensed and not off else []

    def _event(self, call: Call) -> Event:
        owner, key = self._door.owner(call), call.part("event")
        for event in self.events:
            if (event.id, event.owner, event.deleted) == (key, owner, False):
                return event
        raise Refused(404, "ErrorItemNotFound", "The specified object was not found in the store.")

    def _answer(self, call: Call, event: Event, status: int) -> web.Response:
        found = _ZONE.search(call.request.headers.get("Prefer", ""))
        zone = found[1].strip() if found else "UTC"
        zone_of(zone)
        body = self._selected(call, write_event(event, zone), f"users('{event.owner.oid}')/events/$entity")
        headers = {"Preference-Applied": f'outlook.timezone="{zone}"'} if found else {}
        return web.json_response(body, status=status, headers=headers)

    def _selected(self, call: Call, body: dict[str, Any], context: str) -> dict[str, Any]:
        """Return what `$select` asks for (Outlook always adds the id), with the context before it."""
        wanted = [name.strip() for name in call.query("$select").split(",") if name.strip()]
        kept = body if not wanted else {name: body[name] for name in body if name in {"id", "@odata.etag", *wanted}}
        return {"@odata.context": f"{self._door.url}/{call.part('version')}/$metadata#{context}", **kept}
