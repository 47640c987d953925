"""From a meeting that Graph made to one that people may see: options before and after its link (ENGINE R4). Pure."""

from __future__ import annotations

from dataclasses import replace

from bot import hosts, meeting_options, numberless, rooms, ways
from bot.decisions import DropTimer, RefreshCards, Reply, SaveRoom, View
from bot.errors import Refused
from bot.model import NO_OPTIONS, SETTING, GraphCall, Meeting, Room, RoomState

FIRST_LOOK = 1_000
"""ms after which an event without a link is read again."""
HAS_A_LINK = frozenset({RoomState.SCHEDULED, RoomState.OPEN, RoomState.LIVE, RoomState.EMPTY})


def made(room: Room, meeting: Meeting, view: View, whisper_id: str) -> Reply:
    """Opening → open, or still opening while what narrows access is set; one that cannot be narrowed is not shown."""
    if room.state is not RoomState.OPENING:
        return rooms.late(room, meeting, view.now)
    if not meeting.join_url:
        return not_filled_in_yet(room, meeting, view.now + FIRST_LOOK, 0)
    spare = () if room.meeting is None else (rooms.delete_timer(room, room.meeting, view.now),)
    reply = _first(room, meeting, view, whisper_id)
    # Nobody else's attempt finds what a plain create made: it makes another one, which is then late and deleted.
    alone = room.graph_call is GraphCall.CREATE
    return replace(reply, effects=(*reply.effects, *spare), regardless=alone)


def _first(room: Room, meeting: Meeting, view: View, whisper_id: str) -> Reply:
    if meeting_options.as_private_as_asked(room.options, meeting):
        return shown(room, meeting, view, whisper_id)
    held = replace(room, meeting=meeting, trying="")
    if meeting_options.narrowing(room.options, meeting) == NO_OPTIONS or not meeting.id:
        return rooms.failed(held, "private", now=view.now, whisper_id=whisper_id)
    return Reply((SaveRoom(held), rooms.patch_timer(held, view.now)), "narrowing")


def not_filled_in_yet(room: Room, event: Meeting, due_at: int, attempts: int) -> Reply:
    """Opening → opening: the event is there, its link is not; Outlook fills it in (facts/graph 4)."""
    if room.state is not RoomState.OPENING:
        return Reply(outcome="overtaken")
    held = replace(room, meeting=event)
    saved = () if held == room else (SaveRoom(held),)
    return Reply((*saved, rooms.event_timer(held, min(due_at, room.give_up_at), attempts)), "no link yet")


def not_filled_in(room: Room, error: Refused, view: View, whisper_id: str) -> Reply:
    """Opening → failed: Outlook will not say what became of the event, which is taken out of the calendar again."""
    return rooms.refused(room, error, now=view.now, whisper_id=whisper_id)


def kept(room: Room, view: View, whisper_id: str) -> Reply | None:
    """Return the decision to open with the meeting that was kept while another host was asked; None without one."""
    if room.state is not RoomState.OPENING or room.meeting is None:
        return None
    reply = made(replace(hosts.as_before(room), meeting=None), room.meeting, view, whisper_id)
    return replace(reply, effects=(*reply.effects, *rooms.undone(room, view.now)), regardless=False)


def doubtful(room: Room, view: View, whisper_id: str) -> Reply | None:
    """Return the decision to stop after a plain create was unclear twice; None for a call that finds what it made.

    The orphan's link was shown to nobody (ENGINE R3).
    """
    if room.graph_call is not GraphCall.CREATE or room.trying != "unclear":
        return None
    return rooms.gave_up(room, now=view.now, whisper_id=whisper_id)


def shown(room: Room, meeting: Meeting, view: View, whisper_id: str) -> Reply:
    """Opening → open. What is still missing is set after the link is there."""
    if room.state is RoomState.OPENING and view.now >= room.give_up_at:
        return _too_late(room, meeting, view, whisper_id)
    opened = rooms.opened(room, meeting, view.now)
    told = numberless.told(room, meeting, view.now, whisper_id) if room.options.numbers else ()
    reply = replace(opened, effects=(*opened.effects, *told))
    missing = meeting_options.lacking(meeting_options.wanted(room), meeting)
    if missing == NO_OPTIONS or not meeting.id:
        return reply
    effects = tuple(
        SaveRoom(replace(effect.room, trying=SETTING)) if isinstance(effect, SaveRoom) else effect
        for effect in reply.effects
    )
    return replace(reply, effects=(*effects, rooms.patch_timer(room, view.now)))


def _too_late(room: Room, meeting: Meeting, view: View, whisper_id: str) -> Reply:
    """Opening → failed: the answer came after a deadline that nobody had heeded yet; the meeting is deleted (R6)."""
    reply = rooms.gave_up(replace(room, meeting=None), now=view.now, whisper_id=whisper_id)
    return replace(reply, effects=(*reply.effects, rooms.delete_timer(room, meeting, view.now)))


def patched(room: Room, meeting: Meeting, view: View, whisper_id: str) -> Reply:
    """Graph has set what it would: an opening room is shown if it is as private as asked, an open one says the rest."""
    if room.state is RoomState.OPENING:
        if meeting_options.as_private_as_asked(room.options, meeting):
            return shown(room, meeting, view, whisper_id)
        return not_private(room, view, whisper_id)
    if room.state not in HAS_A_LINK:
        return Reply(outcome="overtaken")
    after = replace(room, meeting=meeting, trying="")
    return Reply((SaveRoom(after), RefreshCards(room.room_id)), "options set")


def not_patched(room: Room, view: View, whisper_id: str) -> Reply:
    """Graph will not set the options: whoever asked for privacy gets no link, everybody else reads the difference."""
    if room.state is RoomState.OPENING:
        return not_private(room, view, whisper_id)
    if room.state not in HAS_A_LINK or room.trying != SETTING:
        return Reply(outcome="overtaken")
    return Reply((SaveRoom(replace(room, trying="")), RefreshCards(room.room_id)), "options refused")


def token_lost(room: Room, view: View, whisper_id: str) -> Reply:
    """The person's sign-in ended between meeting and options: asked for again, as before the meeting was made (R13)."""
    if room.state is not RoomState.OPENING:
        return not_patched(room, view, whisper_id)
    reply = ways.sign_in_needed(room, view, whisper_id)
    return replace(reply, effects=(*reply.effects, DropTimer(f"patch|{room.room_id}")))


def not_private(room: Room, view: View, whisper_id: str) -> Reply:
    """Opening → failed: not as private as asked; nobody was shown the link, so the meeting is deleted."""
    reply = rooms.failed(room, "private", now=view.now, whisper_id=whisper_id)
    return replace(reply, effects=(*reply.effects, DropTimer(f"patch|{room.room_id}")))


def waiting(room: Room, due_at: int, attempts: int) -> Reply:
    """Graph does not answer: the options are tried again, and a card that waits for them says so."""
    again = rooms.patch_timer(room, due_at, attempts)
    if room.state is not RoomState.OPENING or room.trying in {"unavailable", "unclear"}:
        return Reply((again,), "trying")
    told = (SaveRoom(replace(room, trying="unavailable")), RefreshCards(room.room_id, only_posted=True))
    return Reply((*told, again), "trying")
