"""Everything a person can ask for: this tuple is the only registry. Its order is the order of help."""

from __future__ import annotations

from bot.commands import (
    ask_to_host,
    dial_in,
    doctor,
    end,
    help,  # noqa: A004 - the command is called help
    host,
    meet,
    plan,
    recent,
    rename,
    reopen,
    ring,
    settings,
    sign_in,
    sign_out,
    status,
    stop_trying,
    tell_admin,
    try_now,
)
from bot.commands.command import Command

COMMANDS: tuple[Command, ...] = (
    meet.COMMAND,
    plan.COMMAND,
    ring.COMMAND,
    end.COMMAND,
    reopen.COMMAND,
    host.COMMAND,
    rename.COMMAND,
    dial_in.COMMAND,
    status.COMMAND,
    recent.COMMAND,
    try_now.COMMAND,
    stop_trying.COMMAND,
    ask_to_host.COMMAND,
    tell_admin.COMMAND,
    doctor.COMMAND,
    sign_in.COMMAND,
    sign_out.COMMAND,
    settings.COMMAND,
    help.COMMAND,
)


def available(commands: tuple[Command, ...], *, delegated: bool) -> tuple[Command, ...]:
    """Return what can be asked for where people can sign in (`delegated`), or where they cannot."""
    return tuple(command for command in commands if delegated or not command.delegated)


def menu(commands: tuple[Command, ...]) -> tuple[Command, ...]:
    """Return what Teams' command menu shows, which has room for twelve (facts/teams 6.2)."""
    return tuple(command for command in commands if command.listed)


def table(commands: tuple[Command, ...] = COMMANDS) -> str:
    """Return the README's table of commands as Markdown."""
    rows = [f"| `{command.usage}` | {command.description} | `{command.examples[-1]}` |" for command in commands]
    return "\n".join(["| Say | It does | Example |", "|---|---|---|", *rows])
