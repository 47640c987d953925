"""Everything a person can ask for: this tuple is the only registry. Its order is the order of help."""

from __future__ import annotations

from bot.commands import ask_to_host, dial_in, help, meet, plan, sign_in, sign_out, stop_trying, try_now  # noqa: A004 - the command is called help
from bot.commands.command import Command

COMMANDS: tuple[Command, ...] = (
    meet.COMMAND,
    plan.COMMAND,
    dial_in.COMMAND,
    try_now.COMMAND,
    stop_trying.COMMAND,
    ask_to_host.COMMAND,
    sign_in.COMMAND,
    sign_out.COMMAND,
    help.COMMAND,
)


def available(commands: tuple[Command, ...], *, delegated: bool) -> tuple[Command, ...]:
    """Return what can be asked for where people can sign in (`delegated`), or where they cannot."""
    return tuple(command for command in commands if delegated or not command.delegated)


def table(commands: tuple[Command, ...] = COMMANDS) -> str:
    """Return the README's table of commands as Markdown."""
    rows = [f"| `{command.usage}` | {command.description} | `{command.examples[-1]}` |" for command in commands]
    return "\n".join(["| Say | It does | Example |", "|---|---|---|", *rows])
