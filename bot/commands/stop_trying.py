"""`stop trying`: the meeting that is not open yet is not needed any more."""

from __future__ import annotations

from bot import rooms
from bot.commands.command import Asked, Command
from bot.commands.try_now import opening
from bot.decisions import Reply


def run(asked: Asked) -> Reply:
    """Stop the request; anybody in the chat may, as anybody may start (ENGINE R23)."""
    room = opening(asked)
    if room is None:
        return asked.tell("no-request")
    reply = rooms.stopped(room, asked.turn.person, now=asked.view.now, reference=asked.turn.reference)
    return asked.tell("stopped", *reply.effects, subject=room.subject)


COMMAND = Command(
    name="stop-trying",
    phrases=("stop trying",),
    usage="stop trying",
    description="Give up a meeting that is not open yet",
    examples=("stop trying",),
    run=run,
    listed=False,
    aside=True,
)
