"""`status`: the meetings that are running here, for the person who asks alone."""

from __future__ import annotations

from bot.commands import meant
from bot.commands.command import Asked, Command
from bot.decisions import Reply


def run(asked: Asked) -> Reply:
    """Whisper what is running in the chat, with the ways in."""
    return meant.which(asked)


COMMAND = Command(
    name="status",
    phrases=("status",),
    usage="status",
    description="The meetings that are running here",
    examples=("status",),
    run=run,
    tells=True,
)
