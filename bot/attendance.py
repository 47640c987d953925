"""Who was in a room's calls, from what is told of them in any order, twice or late (ENGINE R21). Pure.

What counts is when something happened and the roster's own numbers, never when it was heard. Every time is ms UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.calls import Attendance, CallEvent, CallEventKind, Change, Session, Stay

SKEW = 5_000
"""ms by which what is told of a roster may seem older than its call."""
LATE = 60_000
"""ms that Graph takes at most to tell something (facts/graph 6)."""

Stays = Mapping[str, Stay]
"""The participants of one session by their ids."""


def applied(before: Attendance, stays: Sequence[Stay], event: CallEvent) -> tuple[Attendance, tuple[Stay, ...]]:
    """Return the attendance after an event, and the stays that it changed. `stays` are all of the room's."""
    if event.kind is CallEventKind.MISSED:
        return replace(before, unsure=True, heard=False), ()
    placing = {CallEventKind.STARTED: _started, CallEventKind.ENDED: _ended, CallEventKind.ROSTER: _of_roster}
    sessions, number = placing[event.kind](before.sessions, event)
    if number is None:
        return before, ()
    known = {stay.participant_id: stay for stay in stays if stay.session == number}
    changed = tuple(
        stay for change in event.changes if (stay := _changed(known.get(change.participant_id), change, number, event))
    )
    known |= {stay.participant_id: stay for stay in changed}
    sessions = tuple(_summed(one, known) if one.number == number else one for one in sessions)
    new_call = not before.sessions or sessions[-1].number != before.sessions[-1].number
    from_its_start = new_call and event.kind is CallEventKind.STARTED
    after = replace(before, sessions=sessions, unsure=before.unsure and not from_its_start)
    if number != sessions[-1].number:
        return after, changed  # an earlier call's: who is inside now is another one's
    return _now_inside(after, known), changed


Placed = tuple[tuple[Session, ...], int | None]
"""The sessions after an event, and the number of the one it belongs to; None for what says nothing new."""


def _started(sessions: tuple[Session, ...], event: CallEvent) -> Placed:
    """A call began: a new one (R21), or one that we have heard of already by what happened in it."""
    last = sessions[-1] if sessions else None
    at = event.at
    if last is None:
        return (Session(1, at, told=True),), 1
    over = last.ended_at is not None
    guessed = not last.told and at <= (last.ended_at or last.started_at + LATE)
    if guessed:
        return (*sessions[:-1], replace(last, started_at=min(at, last.started_at), told=True)), last.number
    if at <= (last.ended_at if last.ended_at is not None else last.started_at):
        return sessions, None
    before = sessions if over else (*sessions[:-1], replace(last, ended_at=at))
    return (*before, Session(last.number + 1, at, told=True)), last.number + 1


def _ended(sessions: tuple[Session, ...], event: CallEvent) -> Placed:
    """A call ended, perhaps before we heard that it began."""
    last = sessions[-1] if sessions else None
    if last is not None and last.ended_at is None and event.at >= last.started_at:
        return (*sessions[:-1], replace(last, ended_at=event.at)), last.number
    if last is not None and event.at <= (last.ended_at or last.started_at):
        return sessions, None
    number = last.number + 1 if last else 1
    return (*sessions, Session(number, event.at, ended_at=event.at)), number


def _of_roster(sessions: tuple[Session, ...], event: CallEvent) -> Placed:
    """Return the session in which the roster changed: the one that went on then, or a new one that nobody told of."""
    at = event.at
    for one in reversed(sessions):
        if one.started_at <= at and (one.ended_at is None or at <= one.ended_at):
            return sessions, one.number
    last = sessions[-1] if sessions else None
    if last is not None and at < last.started_at and (not last.told or at >= last.started_at - SKEW):
        began = last if last.told else replace(last, started_at=at)
        return (*sessions[:-1], began), last.number
    if last is not None and at < last.started_at:
        return sessions, None
    number = last.number + 1 if last else 1
    return (*sessions, Session(number, at)), number


def _changed(stay: Stay | None, change: Change, session: int, event: CallEvent) -> Stay | None:
    """Return what is known of a participant after a change; None when it says nothing new."""
    at = event.at
    if stay is None:
        joined = at if change.inside else None
        left = None if change.inside else at
        return Stay(
            session, change.participant_id, change.sequence, at, change.person, change.name, change.phone, joined, left
        )
    if not _newer(change, at, stay):
        # It came late: all that it can add is since when somebody was there.
        earlier = change.inside and (stay.joined_at is None or at < stay.joined_at)
        return replace(stay, joined_at=at) if earlier else None
    told = replace(
        stay,
        sequence=change.sequence or stay.sequence,
        at=at,
        person=change.person or stay.person,
        name=change.name or stay.name,
    )
    if change.inside:
        return replace(told, joined_at=at if stay.joined_at is None else stay.joined_at, left_at=None)
    return replace(told, left_at=at if stay.left_at is None else stay.left_at)


def _newer(change: Change, at: int, stay: Stay) -> bool:
    if change.sequence and stay.sequence:
        return change.sequence > stay.sequence
    return at > stay.at


def _summed(session: Session, stays: Stays) -> Session:
    there = [stay for stay in stays.values() if stay.joined_at is not None]
    people = len({stay.person or stay.participant_id for stay in there})
    if session.ended_at is None:
        return replace(session, people=people, most=max(session.most, _heads(there)))
    return replace(session, people=people, most=_most(there, session.ended_at))


def _heads(there: Sequence[Stay]) -> int:
    """Count the people inside; one who is there by two devices is one."""
    return len({stay.person or stay.participant_id for stay in there if stay.inside})


def _most(there: Sequence[Stay], ended_at: int) -> int:
    """Return how many people were inside at once at most; who leaves makes room for who comes at that moment."""
    steps: list[tuple[int, int, str]] = []
    for stay in there:
        left = ended_at if stay.left_at is None else stay.left_at
        who = stay.person or stay.participant_id
        steps += [(stay.joined_at or 0, 1, who), (max(left, stay.joined_at or 0), -1, who)]
    inside: dict[str, int] = {}
    most = 0
    for at, step, who in sorted(steps, key=lambda one: (one[0], one[1])):
        del at
        inside[who] = inside.get(who, 0) + step
        most = max(most, sum(1 for count in inside.values() if count > 0))
    return most


def _now_inside(attendance: Attendance, stays: Stays) -> Attendance:
    over = attendance.sessions[-1].ended_at is not None
    there = [] if over else [stay for stay in stays.values() if stay.inside]
    callers = [stay for stay in there if stay.phone]
    in_order = sorted((stay for stay in there if not stay.phone), key=lambda stay: (stay.joined_at or 0, stay.name))
    names = tuple(dict.fromkeys(stay.name for stay in in_order if stay.name)) if attendance.shown == "names" else ()
    return replace(attendance, inside=_heads(there), callers=len(callers), names=names)
