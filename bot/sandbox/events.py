"""Outlook's events: the objects behind the answers, and how they are read and written as JSON (facts/graph 4)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.sandbox.clock import moment
from bot.sandbox.meetings import Meeting, write_time
from bot.sandbox.server import Refused
from bot.sandbox.tenant import TOLL_FREE_NUMBERS, TOLL_NUMBERS, Person

TEAMS = "teamsForBusiness"
PROVIDERS = frozenset({"unknown", "skypeForBusiness", "skypeForConsumer", TEAMS})

_WINDOWS = {
    "Eastern Standard Time": "America/New_York",
    "GMT Standard Time": "Europe/London",
    "Korea Standard Time": "Asia/Seoul",
    "Pacific Standard Time": "America/Los_Angeles",
    "Romance Standard Time": "Europe/Paris",
    "W. Europe Standard Time": "Europe/Berlin",
}
"""The Windows names of the sample people's zones, and the two that Microsoft's pages use."""
_NEVER = "0001-01-01T00:00:00Z"


@dataclass(slots=True)
class Event:
    """One event in somebody's calendar: times in ms UTC, `zone` as it was written, `asked` the body that made it.

    `provider` is empty while it is not online; `meeting` is None until Outlook has filled it in.
    """

    id: str
    owner: Person
    created_at: int
    asked: dict[str, Any]
    subject: str | None = None
    starts_at: int = 0
    ends_at: int = 0
    zone: str = "UTC"
    attendees: list[dict[str, Any]] = field(default_factory=list)
    content: str = ""
    provider: str = ""
    meeting: Meeting | None = None
    changed_at: int = 0
    deleted: bool = False

    @property
    def transaction_id(self) -> str | None:
        """Return the client's own id of the POST that made it."""
        found: str | None = self.asked.get("transactionId")
        return found


def zone_of(name: object) -> ZoneInfo:
    """Return the zone of an IANA name, or of a Windows name that the sandbox knows; raises Refused 400."""
    try:
        return ZoneInfo(_WINDOWS.get(str(name), str(name)))
    except (LookupError, ValueError, OSError):
        text = f"The following TimeZone value is not supported: {name}."
        raise Refused(400, "TimeZoneNotSupportedException", text) from None


def parse_moment(value: Any) -> int:  # noqa: ANN401 - any JSON
    """Return a dateTimeTimeZone as ms UTC; raises Refused 400."""
    try:
        # Graph writes seven decimals, Python reads six.
        local = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value["dateTime"]))
    except (KeyError, TypeError, ValueError):
        raise failed_validation() from None
    zone = zone_of(value.get("timeZone") or "UTC")
    return round((local if local.tzinfo else local.replace(tzinfo=zone)).timestamp() * 1000)


def failed_validation() -> Refused:
    """Return Outlook's answer to values that cannot be."""
    return Refused(400, "ErrorPropertyValidationFailure", "At least one property failed validation.")


def write_event(event: Event, zone: str) -> dict[str, Any]:
    """Return an event as Graph answers it, its times in a zone."""
    body: dict[str, Any] = {
        "@odata.etag": f'W/"{event.changed_at}"',
        "id": event.id,
        **_ALWAYS,
        "createdDateTime": write_time(event.created_at),
        "lastModifiedDateTime": write_time(event.changed_at),
        "changeKey": str(event.changed_at),
        "originalStartTimeZone": event.zone,
        "originalEndTimeZone": event.zone,
        "iCalUId": f"040000008200E00074C5B7101A82E008{event.id[-16:].encode().hex().upper()}",
        "subject": event.subject,
        "webLink": f"https://outlook.example/calendar/item/{event.id}",
        "isOnlineMeeting": bool(event.provider),
        "onlineMeetingProvider": event.provider or "unknown",
        "body": {"contentType": "html", "content": _content(event)},
        "start": _moment(event.starts_at, zone),
        "end": _moment(event.ends_at, zone),
        "location": {"displayName": "Microsoft Teams Meeting" if event.meeting else ""},
        "attendees": event.attendees,
        "organizer": {"emailAddress": {"name": event.owner.name, "address": event.owner.upn}},
        "onlineMeeting": _online(event.meeting),
    }
    return body | ({"transactionId": event.transaction_id} if event.transaction_id else {})


_ALWAYS: dict[str, Any] = {
    "categories": [],
    "reminderMinutesBeforeStart": 15,
    "isReminderOn": True,
    "hasAttachments": False,
    "bodyPreview": "",
    "importance": "normal",
    "sensitivity": "normal",
    "isAllDay": False,
    "isCancelled": False,
    "isOrganizer": True,
    "isDraft": False,
    "responseRequested": True,
    "responseStatus": {"response": "organizer", "time": _NEVER},
    "seriesMasterId": None,
    "showAs": "busy",
    "type": "singleInstance",
    "onlineMeetingUrl": None,  # the relic of Skype
    "allowNewTimeProposals": True,
    "recurrence": None,
}


def write_attendees(asked: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any JSON
    """Return the attendees of a body as Outlook answers them, nobody having responded; raises Refused 400."""
    attendees = asked or []
    if not isinstance(attendees, list) or not all(isinstance(one, dict) and "emailAddress" in one for one in attendees):
        raise failed_validation()
    status = {"response": "none", "time": _NEVER}
    return [
        {"type": one.get("type") or "required", "status": status, "emailAddress": one["emailAddress"]}
        for one in attendees
    ]


def _content(event: Event) -> str:
    if event.meeting is None:
        return event.content
    return f'{event.content}<div><a href="{event.meeting.join_url}">Join the meeting now</a></div>'


def _moment(at: int, zone: str) -> dict[str, str]:
    local = moment(at).astimezone(UTC if zone == "UTC" else zone_of(zone))
    return {"dateTime": local.strftime("%Y-%m-%dT%H:%M:%S.%f") + "0", "timeZone": zone}


def _online(meeting: Meeting | None) -> dict[str, Any] | None:
    """Return the onlineMeetingInfo: here it is `joinUrl` and a singular `tollNumber` (facts/graph 4)."""
    if meeting is None:
        return None
    if not meeting.dial_in:
        return {"joinUrl": meeting.join_url}
    toll, *others = (number.replace(" ", "") for number in TOLL_NUMBERS)
    return {
        "joinUrl": meeting.join_url,
        "conferenceId": meeting.conference_id,
        "quickDial": f"{toll},,{meeting.conference_id}#",
        "phones": [{"number": number, "type": "business", "region": None, "language": None} for number in others],
        "tollFreeNumbers": [number.replace(" ", "") for number in TOLL_FREE_NUMBERS],
        "tollNumber": toll,
    }
