"""The command line, `python app.py COMMAND`: one function for each command."""

from __future__ import annotations

import argparse
import asyncio
import errno
import gc
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from aiohttp import web

from bot import discreet
from bot.errors import SettingsError, StoreError, UsageError
from bot.operator import LINES
from bot.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
Build = Callable[[Settings], web.Application]
ABOUT = "Muster: `meet now` in Microsoft Teams becomes a meeting. Without a command it serves."
STATUSES = "`help COMMAND` has its options. Exit status: 0 done, 1 failed, 2 not understood or wrong settings."


class Operator(Protocol):
    """A module of `bot.operator`, which says what each of the two does."""

    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


STOP_WITHIN_SECONDS = 3.0
LOADED_WITHIN_SECONDS = 5.0
"""When what is loaded beside the first requests (words, keys, tokens) is there, and counts as there from the start."""
GARBAGE_AFTER = 10_000
"""New objects after which Python looks for cycles among them; its own 700 is every other turn."""


def run(argv: list[str], build: Build) -> int:
    """Run the command line and return the exit status: 0 done, 1 failed, 2 not understood or wrong settings."""
    if argv[:1] == ["test"]:
        return subprocess.call([sys.executable, "-m", "tests", *argv[1:]], cwd=ROOT)  # noqa: S603 - our own interpreter
    options = _parser(argv).parse_args(argv or ["serve"])
    what = "Muster" if options.command == "serve" else f"`{options.command}`"
    try:
        status = int(options.do(options, build))
        sys.stdout.flush()
    except SettingsError as error:
        print(f"{what} cannot start:", *error.problems, sep="\n  ", file=sys.stderr)
        return 2
    except StoreError as error:
        print(f"{what} cannot start: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # who reads has read enough, as in `audit | head`; Python flushes once more at its exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
    return status


def _parser(argv: list[str], *, whole: bool = False) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python app.py", description=ABOUT, epilog=STATUSES)
    lines = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    serve = lines.add_parser("serve", help="run the bot with the settings in the environment (the default)")
    serve.set_defaults(do=_serve)

    demo = lines.add_parser("demo", aliases=["sandbox"], help="try Muster in a terminal; nothing leaves this computer")
    if argv[:1] in (["demo"], ["sandbox"]):
        from bot.sandbox import demo as face  # noqa: PLC0415 - the sandbox is no part of the production image

        face.add_arguments(demo)
    demo.set_defaults(do=_demo)

    lines.add_parser("test", help="run all checks and tests")

    for name, what in LINES.items():
        line = lines.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")
        if whole or argv[:1] == [name]:
            _operator(name).add_arguments(line)
        line.set_defaults(do=lambda options, _: _operator(options.command).run(options))

    new_command = lines.add_parser("new-command", help="begin a new command: its file, its test, its line")
    new_command.add_argument("name", help="a word such as coffee")
    new_command.set_defaults(do=_new_command)

    docs = lines.add_parser("docs", help="renew what documents have from the code")
    docs.add_argument("--check", action="store_true", help="only say whether they are true")
    docs.set_defaults(do=_docs)

    helps = lines.add_parser("help", help="show this, or the options of a command")
    helps.add_argument("of", nargs="*", metavar="COMMAND")
    helps.set_defaults(do=lambda options, build: _help(parser, options.of, build))
    return parser


def _operator(name: str) -> Operator:
    # Imported by name when it is called: serving stays free of what only administrators need.
    return cast("Operator", import_module(f"bot.operator.{name}"))


def _help(parser: argparse.ArgumentParser, of: list[str], build: Build) -> int:
    if of:
        return run([*of, "--help"], build)
    parser.print_help()
    return 0


def _serve(_options: argparse.Namespace, build: Build) -> int:
    gc.disable()  # until all is there that stays: searching it for garbage is a tenth of the start
    discreet.crash_without_words()
    settings = Settings.from_env()
    discreet.log_to(sys.stderr, settings.log)
    application = build(settings)
    application.on_startup.append(_settle)
    try:
        web.run_app(
            application,
            host=settings.host,
            port=settings.port,
            shutdown_timeout=STOP_WITHIN_SECONDS,
            print=lambda text: logging.getLogger("muster").info("%s", text.splitlines()[0]),
            access_log=None,
            loop=_event_loop(),
        )
    except OSError as error:
        if problem := unheard(error, settings.host, settings.port):
            raise SettingsError([problem]) from error
        raise
    return 0


def unheard(error: OSError, host: str, port: int) -> str:
    """Return what to mend where the listener's address cannot be had, or '' for an error of something else."""
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"HOST is {host!r}, which is no address of this machine. 0.0.0.0 is all of them."
    if error.errno not in {errno.EADDRINUSE, errno.EACCES} or error.filename is not None:
        return ""
    why = os.strerror(error.errno)
    return f"PORT is {port}, which cannot be listened on ({why}). Stop what uses it, or name another."


async def _settle(_: web.Application) -> None:
    """Leave what is there from the start out of the search for cyclic garbage, of which a turn makes little."""
    gc.freeze()
    gc.set_threshold(GARBAGE_AFTER, 20, 20)
    gc.enable()
    asyncio.get_running_loop().call_later(LOADED_WITHIN_SECONDS, gc.freeze)


def _event_loop() -> asyncio.AbstractEventLoop:
    """Return uvloop's loop where the platform has it (facts/speed: 30 MiB less, and faster), else Python's own."""
    try:
        import uvloop  # noqa: PLC0415 - absent on Windows
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


def _demo(options: argparse.Namespace, _build: Build) -> int:
    from bot.sandbox import demo  # noqa: PLC0415 - the sandbox is no part of the production image

    return asyncio.run(demo.run(options))


def _new_command(options: argparse.Namespace, _build: Build) -> int:
    from bot import scaffold  # noqa: PLC0415 - for developers only

    try:
        print("\n".join(scaffold.new_command(options.name)))
    except UsageError as error:
        print(error.meant or error, file=sys.stderr)
        return 2
    return 0


def _docs(options: argparse.Namespace, _build: Build) -> int:
    from bot import docs  # noqa: PLC0415 - for developers only

    stale = docs.renew(ROOT, docs.parts(ROOT, lines()), check=options.check)
    if stale and options.check:
        print(f"Not true any more: {', '.join(stale)}. Repair: python app.py docs")
        return 1
    return 0


def lines() -> dict[str, str]:
    """Return every command line, `turns` or `manifest build`, with what it does."""
    return dict(_told(_parser([], whole=True)))


def _told(parser: argparse.ArgumentParser, before: str = "") -> Iterator[tuple[str, str]]:
    for steps in (action for action in parser._actions if isinstance(action, argparse._SubParsersAction)):  # noqa: SLF001 - argparse tells nobody else what it was given
        for choice in steps._choices_actions:  # noqa: SLF001 - the same
            name = choice.dest.partition(" ")[0]
            inner = list(_told(steps.choices[name], f"{before}{name} "))
            yield from inner or [(before + name, str(choice.help))]
