"""Everything a person can ask for: this tuple is the only registry. Its order is the order of help."""

from __future__ import annotations

from bot.commands import dial_in, help, meet, stop_trying, try_now  # noqa: A004 - the command is called help
from bot.commands.command import Command

COMMANDS: tuple[Command, ...] = (
    meet.COMMAND,
    dial_in.COMMAND,
    try_now.COMMAND,
    stop_trying.COMMAND,
    help.COMMAND,
)


def table(commands: tuple[Command, ...] = COMMANDS) -> str:
    """Return the README's table of commands as Markdown."""
    rows = [f"| `{command.usage}` | {command.description} | `{command.examples[-1]}` |" for command in commands]
    return "\n".join(["| Say | It does | Example |", "|---|---|---|", *rows])
