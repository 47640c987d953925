"""Muster's entry and composition root: the one place that puts the parts together; nothing imports it.

`python app.py` serves; `python app.py help` lists the rest. Until the packages are known to be there this file uses the
standard library only, and it parses on Python 3.6 so that it can say what is missing.
"""

import sys
from typing import TYPE_CHECKING, List, Optional

if TYPE_CHECKING:
    from aiohttp import web

    from bot.commands.command import Command
    from bot.settings import Settings


def build(
    settings: "Settings",
    *,
    commands: "Optional[tuple[Command, ...]]" = None,
    parts: "Optional[object]" = None
) -> "web.Application":
    """Return the bot as an aiohttp application; nothing is opened before it starts.

    `commands` replaces the list of commands and `parts` the adapters (a subclass of `bot.composition.Parts`).
    """
    from bot.composition import Parts, application

    return application(settings, commands, parts if isinstance(parts, Parts) else Parts())


def main(argv: "Optional[List[str]]" = None) -> int:
    """Run one of Muster's commands; return the exit status."""
    from bot import install

    words = sys.argv[1:] if argv is None else argv
    install.ensure_for(words)
    from bot.cli import run

    return run(words, build)


if __name__ == "__main__":
    sys.exit(main())
