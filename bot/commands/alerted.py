"""What an alert does: it opens its topic's meeting, or is noted on the card of one that is there (EXPERIENCE 1.25)."""

from __future__ import annotations

from dataclasses import replace

from bot.alerted import NO_ALERT, Alerted
from bot.calls_seen import CALM
from bot.commands.command import Asked
from bot.decisions import RefreshCards, Reply, SaveRoom
from bot.model import Room, RoomState, TurnKind

ALERT = "an alert"
"""The verb of what no person said but a monitoring system did: of two words, which no press has."""
SOURCE = "source"
"""Where such a turn's data says whose it is."""


def is_alert(asked: Asked) -> bool:
    """Say whether a monitoring system asked: nobody waits for a whisper, and the chat's list is rung."""
    return asked.turn.kind is TurnKind.SAID and asked.turn.verb == ALERT


def opens(asked: Asked, room: Room) -> Room:
    """Return a new room with the alert that opens it, if it is one."""
    if not is_alert(asked):
        return room
    return replace(room, alerted=Alerted(1, asked.view.now, asked.turn.data.get(SOURCE, ""), opened=True))


def came_again(asked: Asked, room: Room) -> Reply:
    """An alert for a meeting that is there: kept, its card says that it came; nobody is rung and nobody told again."""
    before, source = room.alerted, asked.turn.data.get(SOURCE, "")
    known = source if before in (NO_ALERT, replace(before, source=source)) else ""
    after = replace(before, times=before.times + 1, last_at=asked.view.now, source=known)
    shown = RefreshCards(
        room.room_id, only_posted=room.state is RoomState.OPENING, thread_id=room.home_thread, apart=CALM
    )
    return Reply((SaveRoom(replace(room, alerted=after)), shown), "alerted again")
