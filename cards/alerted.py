"""What monitoring systems have told of a meeting, as its card says it to everybody (EXPERIENCE 1.25)."""

from __future__ import annotations

from bot.model import Room
from cards import times
from cards.parts import Line
from cards.words import Words

_NAMELESS = ("", "Alert")


def lines(room: Room, says: Words) -> tuple[Line, ...]:
    """Return who opened a meeting, or how often an alert came for it and when last; nothing where none came."""
    told = room.alerted
    if not told.times:
        return ()
    source = says("A monitoring system") if told.source in _NAMELESS else told.source
    if told.opened and told.times == 1:
        return (Line(says("{source} opened {subject}."), {"source": source, "subject": room.subject}),)
    text = says.many("{source}: {count} alert, at {time}", "{source}: {count} alerts, the last at {time}", told.times)
    at = times.clock(told.last_at, room.zone, says.language)
    return (Line(text, {"source": source, "count": str(told.times), "time": at}),)
