"""`recent`: the last meetings of this chat, for the person who asks alone."""

from __future__ import annotations

from bot.commands import meant
from bot.commands.command import Asked, Command
from bot.decisions import Reply


def run(asked: Asked) -> Reply:
    """Whisper the last meetings of the chat, newest first."""
    there = asked.view.recent
    return asked.tell("recent", meetings=[meant.line(one) for one in there]) if there else asked.tell("no-meeting")


COMMAND = Command(
    name="recent",
    phrases=("recent",),
    usage="recent",
    description="The last meetings of this chat",
    examples=("recent",),
    run=run,
    tells=True,
)
