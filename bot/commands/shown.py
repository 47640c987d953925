"""The card that shows a room where it was asked for: a new one, or that of the request that failed (ENGINE 3.2)."""

from __future__ import annotations

from bot import rooms
from bot.commands.command import Asked, derived
from bot.decisions import Effect, PlanMessage, PointCard
from bot.messages import Message, MessageState, Purpose
from bot.model import Room, RoomState

LOST = frozenset({MessageState.GONE, MessageState.REFUSED})
"""States of a card that Teams did not let us edit: what is shown there nobody would see change."""


def card_for(asked: Asked, room: Room) -> PlanMessage | PointCard:
    """Return the card that shows the room: the pressed card of one that failed, else a new one."""
    if pressed := _failed(asked):
        return PointCard(pressed.message_id, room.room_id)
    return rooms.first_card(room, derived(asked.view.fresh_id, "card"), asked.view.now)


def card_here(asked: Asked, room: Room) -> tuple[Effect, ...]:
    """Return the card of a room of another chat for this one, unless it has one."""
    turn, view = asked.turn, asked.view
    if room.home_thread == turn.chat.thread_id or any(room.room_id == other.room_id for other in view.rooms):
        return ()
    if pressed := _failed(asked):
        return (PointCard(pressed.message_id, room.room_id),)
    message_id = derived(view.fresh_id, "card")
    return (rooms.card_in(room, turn.chat.thread_id, turn.conversation_id, message_id=message_id, now=view.now),)


def _failed(asked: Asked) -> Message | None:
    """Return the pressed card of a request that failed; None for any other, and for one that is edited no more."""
    pressed, before = asked.view.pressed, asked.view.pressed_room
    if pressed is None or before is None or pressed.purpose is not Purpose.CARD or pressed.state in LOST:
        return None
    return pressed if before.state is RoomState.FAILED else None
