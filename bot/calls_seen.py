"""What is told of a room's calls, and what follows for the room and its cards (ENGINE 3.2, R17, R21). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot import attendance, occupancy, preferences
from bot.calls import Attendance, CallEvent, CallEventKind, Change, Stay, WatchState, called_key
from bot.decisions import Effect, RefreshCards, Reply, SaveAttendance, SaveNote, SaveRoom, View
from bot.model import Chat, Room, RoomState, Turn

BUSY_FOR = 60_000
"""ms after it became live in which a card follows every change; then only every `CALM` ms (EXPERIENCE 3)."""
CALM = 30_000
MEETING_REMEMBERED = 86_400_000
"""ms for which it is remembered which room a meeting of Teams' own is."""
SHOWN = ("off", "count", "names")
"""What cards show of people, the least first."""
KEPT_STATES = frozenset({RoomState.SCHEDULED, RoomState.OPEN, RoomState.LIVE, RoomState.EMPTY, RoomState.ENDED})


def seen(view: View, events: Sequence[CallEvent], shown: str) -> Reply:
    """Return what follows from events, told in any order; `shown` is what cards may show at most (MUSTER_ROSTER)."""
    room = view.room
    if room is None or room.state not in KEPT_STATES:
        return Reply(outcome="no room")
    now_known = replace(room.attendance, shown=allowed(shown, view.chat))
    stays = {(stay.session, stay.participant_id): stay for stay in view.stays}
    changed: dict[tuple[int, str], Stay] = {}
    for event in sorted(events, key=lambda one: one.at):
        happened = replace(event, at=min(event.at, view.now))  # Graph's clock may be ahead of ours
        now_known, news = attendance.applied(now_known, tuple(stays.values()), happened)
        fresh = {(stay.session, stay.participant_id): stay for stay in news}
        stays |= fresh
        changed |= fresh
    if now_known == room.attendance and not changed:
        return Reply(outcome="nothing new")
    saved = SaveAttendance(room.room_id, now_known, tuple(changed.values()))
    moved = _moved(room, replace(room, attendance=now_known), tuple(stays.values()), view.now)
    return replace(moved, effects=(*moved.effects, saved))


def allowed(most: str, chat: Chat | None) -> str:
    """Return what a chat's cards show of people: what was set there, never more than the tenant lets (1.18)."""
    return min(most, (preferences.roster(chat) if chat else "") or most, key=SHOWN.index)


def _moved(before: Room, room: Room, stays: tuple[Stay, ...], now: int) -> Reply:
    """Return the transition that the attendance asks for; without one its card may show another number."""
    known = room.attendance
    last = known.sessions[-1] if known.sessions else None
    if last is None:
        return Reply(outcome="no call")
    since_end = room.state is not RoomState.ENDED or last.started_at > (room.ended_at or 0)
    if known.live and room.state is not RoomState.LIVE and since_end:
        reply = occupancy.call_started(room, now=max(last.started_at, room.opened_at or 0))
        return replace(reply, outcome="live") if reply.effects else _counted(before, room, now)
    left_at = last.ended_at if last.ended_at is not None else _left_at(stays, last.number, now)
    if not known.live and room.state is RoomState.OPEN and last.people:
        began = occupancy.call_started(room, now=last.started_at)  # it is over before we heard that it began
        room = next(effect.room for effect in began.effects if isinstance(effect, SaveRoom))
    if not known.live and room.state is RoomState.LIVE:
        return occupancy.call_ended(room, now=left_at)
    return _counted(before, room, now)


def _left_at(stays: tuple[Stay, ...], session: int, now: int) -> int:
    """Return when the last one left."""
    return max((stay.left_at for stay in stays if stay.session == session and stay.left_at is not None), default=now)


def _counted(before: Room, room: Room, now: int) -> Reply:
    """The same state; the card in the meeting's own chat shows who is inside, calmly after the first minute."""
    if room.state is not RoomState.LIVE or _on_card(before.attendance) == _on_card(room.attendance):
        return Reply(outcome="noted")
    apart = 0 if now - (room.live_at or now) < BUSY_FOR else CALM
    refresh: Effect = RefreshCards(room.room_id, thread_id=room.home_thread, apart=apart)
    return Reply((refresh,), "counted")


def _on_card(known: Attendance) -> tuple[object, ...]:
    return () if known.shown == "off" else (known.inside, known.callers, known.unsure)


def told_by_teams(turn: Turn, view: View, shown: str) -> Reply:
    """Return what follows from an event that Teams sends to bots in a meeting (facts/teams 2.4).

    Where Graph tells us too, Graph's word counts: its participants have other ids, and nobody is to count twice.
    """
    room = view.room
    if room is None:
        return Reply(outcome="unknown meeting")
    meeting = turn.data.get("meeting", "")
    about = turn.chat.thread_id
    known = SaveNote(room.tenant, called_key(meeting), room.room_id, view.now + MEETING_REMEMBERED, about)
    noted: tuple[Effect, ...] = (known,) if meeting and turn.data.get("link") else ()
    if view.watched is not None and view.watched.state is WatchState.ACTIVE:
        return Reply(noted, "Graph tells it")
    kind = CallEventKind(turn.data.get("call", CallEventKind.ROSTER))
    inside = turn.data.get("inside") == "true"
    changes = tuple(
        Change(who.id, inside, who.oid or who.id, who.name if shown == "names" else "") for who in turn.mentions
    )
    reply = seen(view, [CallEvent(kind, int(turn.data.get("at") or turn.received_at), changes)], shown)
    return replace(reply, effects=(*noted, *reply.effects))
