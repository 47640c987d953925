"""`try now`: ask Microsoft again at once for a meeting that is not open yet."""

from __future__ import annotations

from bot import rooms
from bot.commands.command import Asked, Command
from bot.decisions import Reply
from bot.model import Room, RoomState


def run(asked: Asked) -> Reply:
    """Make the attempt due now; anybody in the chat may."""
    room = opening(asked)
    if room is None:
        return asked.tell("no-request")
    reply = rooms.try_now(room, now=asked.view.now)
    return asked.tell("trying-now", *reply.effects, subject=room.subject)


def opening(asked: Asked) -> Room | None:
    """Return the request that is meant: the pressed card's, else the chat's newest; None when none is waiting."""
    if asked.view.pressed_room is not None:
        return asked.view.pressed_room if asked.view.pressed_room.state is RoomState.OPENING else None
    return next((room for room in asked.view.rooms if room.state is RoomState.OPENING), None)


COMMAND = Command(
    name="try-now",
    phrases=("try now",),
    usage="try now",
    description="Ask Microsoft again at once for a meeting that is not open yet",
    examples=("try now",),
    run=run,
    listed=False,
    aside=True,
)
