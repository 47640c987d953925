"""Who is in a meeting and who was, in words: so many, by name, or not at all, as was decided (EXPERIENCE 1.18)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.model import Room, RoomState
from cards import escape, times
from cards.parts import Line, Look
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
        named = {"names": _some(room, says)}
        return Line(says("{subject}: live: {names}"), values | named, Look.HEADING, longest=_longest(NAMED))
    return Line(says("{subject}: live, {people}"), values | {"people": people(known.inside, says)}, Look.HEADING)


def everybody(room: Room, says: Words) -> tuple[Line, ...]:
    """Return all names for *More*, where the first line has not said them."""
    known = room.attendance
    if known.shown != "names" or known.unsure or len(known.names) <= NAMED:
        return ()
    shown = [_name(name) for name in known.names[:MOST_NAMED]]
    values = {"names": _listed([*shown, *_more(known.inside - len(shown), says)], says)}
    return (Line(says("In the meeting: {names}"), values, longest=_longest(MOST_NAMED)),)


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
        count = times.minutes(one.started_at, ended_at)
        values = {
            "from": times.hours(one.started_at, room.zone),
            "to": times.clock(ended_at, room.zone),
            "length": says.many("{count} minute", "{count} minutes", count).format(count=count),
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


def _some(room: Room, says: Words) -> str:
    known = room.attendance
    shown = [_name(name) for name in known.names[:NAMED]]
    callers = known.callers
    others = max(0, known.inside - callers - len(shown))
    by_phone = [says.many("{count} caller", "{count} callers", callers).format(count=callers)] if callers else []
    return _listed([*shown, *_more(others, says), *by_phone], says)


def _more(count: int, says: Words) -> list[str]:
    return [says.many("{count} more", "{count} more", count).format(count=count)] if count > 0 else []


def _listed(names: list[str], says: Words) -> str:
    if len(names) == 1:
        return names[0]
    return says("{names} and {last}").format(names=", ".join(names[:-1]), last=names[-1])


def _name(name: str) -> str:
    return escape.clean(name, LONGEST_NAME)


def _longest(names: int) -> int:
    return names * (LONGEST_NAME + 2) + 100
