"""`help`: what can be said here, made from the list of commands."""

from __future__ import annotations

from bot.commands.command import Asked, Command
from bot.commands.grammar import find
from bot.decisions import Reply
from bot.errors import UsageError


def run(asked: Asked) -> Reply:
    """Whisper what people say most and the names of the rest (EXPERIENCE 2, HELP), or one command in detail."""
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
    taught = [list(line) for command in asked.commands for line in command.teaches]
    named = [each.title for each in asked.commands if not (each.teaches or each.aside or each is COMMAND)]
    return asked.tell("help", bot=asked.bot_name, commands=taught, also=named)


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
