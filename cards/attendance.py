"""Who is in a meeting and who was, in words: so many, by name, or not at all, as was decided (EXPERIENCE 1.18)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bot.model import Room, RoomState
from cards import escape, times
from cards.parts import Line, Look, Value, naming
from cards.words import Words

NAMED = 3
"""So many people are named in the first line; the others are counted there, and named under *More*."""
MOST_NAMED = 30
LONGEST_NAME = 40


def heading(room: Room, says: Words) -> Line:
    """Return the first line of a live meeting: with its people while they are known, else without."""
    known = room.attendance
    values = {"subject": room.subject}
    if room.state is not RoomState.LIVE or not known.visible:
        return Line(says("{subject}: live"), values, Look.HEADING)
    if known.shown == "names" and known.names:
        text, named = naming(says("{subject}: live: {names}"), _some(room, says), says)
        return Line(text, values | named, Look.HEADING)
    return Line(says("{subject}: live, {people}"), values | {"people": people(known.inside, says)}, Look.HEADING)


def everybody(room: Room, says: Words) -> tuple[Line, ...]:
    """Return all names for *More*, where the first line has not said them."""
    known = room.attendance
    if known.shown != "names" or known.unsure or len(known.names) <= NAMED:
        return ()
    shown = _names(known.names[:MOST_NAMED])
    return (Line(*naming(says("In the meeting: {names}"), [*shown, *_more(known.inside - len(shown), says)], says)),)


def people(count: int, says: Words) -> str:
    """Return so many people in words."""
    return says.many("{count} person", "{count} people", count).format(count=count)


def running(data: Mapping[str, Any], says: Words) -> str:
    """Return the template of the whisper about a meeting that can be joined; `live` and `people` as they are in data.

    Its values are `{subject}`, `{time}` and `{starter}`.
    """
    if not data.get("live"):
        return says("There's already a meeting here: **{subject}**, opened at {time} by {starter}.")
    if not data.get("people"):
        return says("There's already a meeting here: **{subject}**, live since {time}.")
    return says("There's already a meeting here: **{subject}**, live since {time}, {people}.")


def nobody(room: Room) -> bool:
    """Say whether it is known that nobody ever was in the meeting."""
    return room.attendance.heard and not room.attendance.sessions and room.live_at is None


def met(room: Room, says: Words) -> tuple[Line, ...]:
    """Return a line for each call of an ended meeting; none where nothing is known of them (ENGINE R21)."""
    known = room.attendance
    over = room.ended_at or room.ends_at
    sessions = [one for one in known.sessions if one.people and one.started_at <= over]
    if not sessions or known.shown == "off":
        return ()
    lines = []
    for one in sessions:
        ended_at = min(over, over if one.ended_at is None else one.ended_at)
        values = {
            "from": times.hours(one.started_at, room.zone, says.language),
            "to": times.clock(ended_at, room.zone, says.language),
            "length": times.length(times.minutes(one.started_at, ended_at), says.language),
            "people": people(one.people, says),
            "most": str(one.most),
            "starter": room.starter.name or says("Somebody"),
        }
        lines.append((values, one.most < one.people))
    if len(lines) == 1:
        (values, crowded), at_most = lines[0], says("{from} to {to} · {length} · {people} · started by {starter}")
        if crowded:
            at_most = says("{from} to {to} · {length} · {people}, at most {most} at once · started by {starter}")
        return (Line(at_most, values),)
    each = [Line(says("{from} to {to} · {length} · {people}, at most {most} at once"), values) for values, _ in lines]
    return (*each, Line(says("Started by {starter}"), {"starter": lines[0][0]["starter"]}))


def _some(room: Room, says: Words) -> list[Value]:
    known = room.attendance
    shown = _names(known.names[:NAMED])
    callers = known.callers
    others = max(0, known.inside - callers - len(shown))
    by_phone = says.many("{count} caller", "{count} callers", callers).format(count=callers)
    return [*shown, *_more(others, says), *([Line(by_phone)] if callers else [])]


def _more(count: int, says: Words) -> list[Line]:
    return [Line(says.many("{count} more", "{count} more", count).format(count=count))] if count > 0 else []


def _names(names: Iterable[str]) -> list[str]:
    return [escape.clean(name, LONGEST_NAME) for name in names]
