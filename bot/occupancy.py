"""Who is inside, and what follows for the room (ENGINE 3.2, R7, R8): pure, fed by call events and by commands."""

from __future__ import annotations

from dataclasses import replace

from bot.decisions import DropTimer, Effect, Record, RefreshCards, Reply, SaveRoom, SetTimer
from bot.model import UNFINISHED, Person, Room, RoomState, Timer, TimerKind
from bot.rooms import GRACE_AFTER_END

EMPTY_FOR = 900_000
"""ms after which a room that everybody left is ended (ENGINE R7)."""
REOPENS_WITHIN = 86_400_000
"""ms for which an ended room can be reopened (ENGINE R8)."""


def roster(room: Room, people: int, *, now: int) -> Reply:
    """So many people are inside now: open or empty → live, live → empty, anything else stays."""
    if people > 0:
        return call_started(room, now=now)
    return call_ended(room, now=now)


def call_started(room: Room, *, now: int) -> Reply:
    """Open, empty → live. An ended room stays ended; its card says that people are in it again."""
    if room.state is RoomState.ENDED and (room.live_at or 0) <= (room.ended_at or 0):
        return Reply(_saved(replace(room, live_at=now)), "in it again")
    if room.state not in {RoomState.OPEN, RoomState.EMPTY}:
        return Reply(outcome="no change")
    after = replace(room, state=RoomState.LIVE, live_at=room.live_at or now, empty_at=None)
    return Reply((*_saved(after), DropTimer(_empty_key(room))), "live")


def call_ended(room: Room, *, now: int) -> Reply:
    """Live → empty, and 15 minutes until it ends unless somebody comes back."""
    if room.state is not RoomState.LIVE:
        return Reply(outcome="no change")
    after = replace(room, state=RoomState.EMPTY, empty_at=now)
    timer = Timer(_empty_key(room), TimerKind.EMPTY, room.tenant, room.room_id, now + EMPTY_FOR)
    return Reply((*_saved(after), SetTimer(timer)), "empty")


def stayed_empty(room: Room, *, now: int) -> Reply:
    """Empty → ended when nobody came back in time."""
    if room.state is not RoomState.EMPTY:
        return Reply(outcome="no change")
    after = replace(room, state=RoomState.ENDED, ended_at=now, ended_by="empty")
    return Reply((*_saved(after), DropTimer(_end_key(room))), "ended")


def ended(room: Room, actor: Person, *, now: int, reference: str) -> Reply:
    """Planned, open, live, empty → ended by somebody who may; what Graph is told about it is another timer's."""
    if room.state not in (UNFINISHED | {RoomState.SCHEDULED}) - {RoomState.OPENING}:
        return Reply(outcome="no change")
    after = replace(room, state=RoomState.ENDED, ended_at=now, ended_by=actor.oid or actor.id)
    timers = (DropTimer(_end_key(room)), DropTimer(_empty_key(room)))
    return Reply((*_saved(after), *timers, _record(room, actor, "end", reference)), "ended")


def reopened(room: Room, actor: Person, *, now: int, reference: str) -> Reply:
    """Ended → open (live, planned) within 24 hours, with the same numbers."""
    if room.state is not RoomState.ENDED or room.meeting is None:
        return Reply(outcome="no change")
    if now - (room.ended_at or 0) >= REOPENS_WITHIN:
        return Reply(outcome="too late")
    state = RoomState.LIVE if room.attendance.live else RoomState.OPEN  # whoever stayed inside is in it
    after = replace(room, state=state, opened_at=room.opened_at or now, ended_at=None, ended_by="", empty_at=None)
    kind, due_at = TimerKind.END, max(room.ends_at, now) + GRACE_AFTER_END
    if room.opened_at is None and now < room.starts_at:  # it was called off: it starts when it was to start
        after = replace(after, state=RoomState.SCHEDULED, opened_at=None)
        kind, due_at = TimerKind.START, room.starts_at
    follows = Timer(f"{kind}|{room.room_id}", kind, room.tenant, room.room_id, due_at)
    return Reply((*_saved(after), SetTimer(follows), _record(room, actor, "reopen", reference)), "open")


def _saved(after: Room) -> tuple[Effect, ...]:
    return (SaveRoom(after), RefreshCards(after.room_id))


def _record(room: Room, actor: Person, action: str, reference: str) -> Record:
    return Record(room.tenant, actor.oid, action, room.home_thread, room.room_id, reference=reference)


def _end_key(room: Room) -> str:
    return f"end|{room.room_id}"


def _empty_key(room: Room) -> str:
    return f"empty|{room.room_id}"
