"""`help`: what can be said here, made from the list of commands."""

from __future__ import annotations

from bot.commands.command import Asked, Command
from bot.commands.grammar import find
from bot.decisions import Reply
from bot.errors import UsageError


def run(asked: Asked) -> Reply:
    """Whisper all commands, or one of them in detail."""
    if asked.rest:
        try:
            command, _ = find(asked.rest, asked.commands)
        except UsageError as error:
            return asked.tell("unknown", typed=error.typed)
        return asked.tell(
            "help-command",
            bot=asked.bot_name,
            usage=command.usage,
            description=command.description,
            examples=list(command.examples),
        )
    lines = [[command.usage, command.description] for command in asked.commands]
    return asked.tell("help", bot=asked.bot_name, commands=lines)


COMMAND = Command(
    name="help",
    phrases=("help", "?"),
    usage="help [command]",
    description="What I can do, and how to ask for it",
    examples=("help", "help meet now"),
    run=run,
    takes_words=True,
    tells=True,
)
