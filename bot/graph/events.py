"""Outlook events that are online meetings, as pure functions (facts/graph 4).

https://learn.microsoft.com/graph/outlook-calendar-online-meetings
"""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import quote

from bot.graph.options import LONGEST_SUBJECT
from bot.graph.values import fields, instant, texts, truth, whole, written
from bot.model import FrozenRequest, MeetingRequest

PROVIDER = "teamsForBusiness"
_SELECT = "$select=id,subject,start,end,attendees,isOnlineMeeting,onlineMeeting"
_NAMESPACE = uuid.UUID("5d2c9a37-3a0f-4b7e-9f0e-6a1d7c1f8b42")
"""Ours alone: under it an external id is always the same transaction."""


def body(request: MeetingRequest) -> dict[str, Any]:
    """Return a new event. `transactionId` makes Outlook take a repeated request for the same one (facts/graph 3.5).

    Who has no address cannot be invited; Outlook sends the others their invitation.
    """
    attendees = [
        {"emailAddress": {"address": one.person.upn, "name": one.person.name or one.person.upn}, "type": "required"}
        for one in request.options.invited
        if "@" in one.person.upn
    ]
    event: dict[str, Any] = {
        "subject": request.subject[:LONGEST_SUBJECT],
        "start": _in_utc(request.starts_at),
        "end": _in_utc(request.ends_at),
        "isOnlineMeeting": True,
        "onlineMeetingProvider": PROVIDER,
        "transactionId": str(uuid.uuid5(_NAMESPACE, whole(request.external_id))),
    }
    return event | {"attendees": attendees} if attendees else event


def put_online(owner: str, event_id: str) -> FrozenRequest:
    """Return the PATCH that makes an event an online meeting; nothing makes it offline again."""
    online = {"isOnlineMeeting": True, "onlineMeetingProvider": PROVIDER}
    return FrozenRequest("v1.0", _event_path(owner, event_id), written(online))


def read(owner: str, event_id: str) -> FrozenRequest:
    """Return the GET of an event; its times come in UTC, since no other zone is preferred."""
    return FrozenRequest("v1.0", f"{_event_path(owner, event_id)}?{_SELECT}", "")


def remove(owner: str, event_id: str) -> FrozenRequest:
    """Return the DELETE of an event (https://learn.microsoft.com/graph/api/event-delete)."""
    return FrozenRequest("v1.0", _event_path(owner, event_id), "")


def providers(owner: str) -> FrozenRequest:
    """Return the GET of what online meetings a calendar's owner may have."""
    select = "$select=allowedOnlineMeetingProviders,defaultOnlineMeetingProvider"
    return FrozenRequest("v1.0", f"{owner}/calendar?{select}", "")


def allows_teams(calendar: object) -> bool:
    """Say whether an answer to `providers` names Teams."""
    return PROVIDER.casefold() in {name.casefold() for name in texts(fields(calendar), "allowedonlinemeetingproviders")}


def is_offline(event: object) -> bool:
    """Say whether an event's answer tells that it is no online meeting (`isOnlineMeeting`)."""
    return truth(fields(event), "isonlinemeeting") is False


def is_event(request: FrozenRequest) -> bool:
    """Say whether a frozen request makes an event."""
    return request.path.endswith("/events")


def _event_path(owner: str, event_id: str) -> str:
    return f"{owner}/events/{quote(event_id, safe='')}"


def _in_utc(at: int) -> dict[str, str]:
    return {"dateTime": instant(at).removesuffix("Z"), "timeZone": "UTC"}
