"""What Graph tells of a meeting's call, decrypted, as a value (facts/graph 6). Pure; nothing is raised.

https://learn.microsoft.com/graph/changenotifications-for-onlinemeeting has `eventType` and `participants@delta`,
https://learn.microsoft.com/graph/api/resources/callevent `callEventType` and `participants`: both are read.
"""

from __future__ import annotations

from typing import Any

from bot.calls import CallEvent, CallEventKind, Change
from bot.graph.values import Fields, fields, moment, part, text

LONGEST_NAME = 200
LONGEST_ID = 200
MOST_CHANGES = 10_000
KINDS = {
    "callstarted": CallEventKind.STARTED,
    "callended": CallEventKind.ENDED,
    "rosterupdated": CallEventKind.ROSTER,
}
PEOPLE = ("user", "guest", "acsuser", "azurecommunicationservicesuser", "encrypted", "onpremises")
"""By what Graph says who a participant is; `application` alone is a bot, and nobody (facts/graph 5)."""


def read(body: object, *, names: bool) -> CallEvent | None:
    """Return the event of a decrypted item; None for one of a kind that is not known. Names are kept only if wanted."""
    event = fields(body)
    kind = KINDS.get(text(event, "eventtype", "calleventtype").casefold())
    at = moment(event.get("eventdatetime"))
    if kind is None or at is None:
        return None
    listed = event.get("participants@delta") or event.get("participants")
    changes = [_change(fields(item), names=names) for item in (listed if isinstance(listed, list) else [])]
    return CallEvent(kind, at, tuple(change for change in changes[:MOST_CHANGES] if change is not None))


def _change(participant: Fields, *, names: bool) -> Change | None:
    """Return what became of a participant; None for a bot, and for one without an id."""
    identity = part(participant, "info", "identity")
    phone = bool(part(identity, "phone"))
    who: Fields = next((found for name in PEOPLE if (found := part(identity, name))), {})
    key = text(participant, "id")
    if not key or len(key) > LONGEST_ID or not (phone or who or not identity):
        return None
    inside = "removedstate" not in participant and participant.get("isinlobby") is not True
    return Change(
        key,
        inside,
        person=text(who, "id")[:LONGEST_ID],
        name=text(who, "displayname")[:LONGEST_NAME] if names else "",
        phone=phone,
        sequence=_sequence(participant.get("rostersequencenumber")),
    )


def _sequence(value: Any) -> int:  # noqa: ANN401 - any JSON
    usable = isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63
    return value if usable else 0
