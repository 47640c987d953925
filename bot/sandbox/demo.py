"""`python app.py demo`: the cloud, the bot as a child process, and a chat with it; nothing leaves this computer."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import platform
import signal
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from bot.sandbox import playground, terminal, usage, watch
from bot.sandbox.child import BOT, ROOT, Child, Stopped, bot_environment, free_port
from bot.sandbox.cloud import Cloud
from bot.sandbox.console import Lines, Look, Stream, Terminal
from bot.sandbox.display import Display
from bot.sandbox.tenant import Tenant
from cards.words import SOURCE, spoken, words

INTRODUCTION = """Muster demo. Nothing leaves this computer: Teams, Entra and Graph are small
servers on 127.0.0.1; the people, numbers and links are made up.
"""
BYE = "Bye. Nothing was kept."
FIRST = "@Muster meet now Retro"
REPORT = "MUSTER_SETUP_REPORT"
CARD_WITHIN_SECONDS = 20.0
_STARTS = 3
_LOG_LINES = 12
_INTERRUPTED = 130


class CannotStart(Exception):
    """A check failed; the text is its line and its repair."""


@dataclass(slots=True)
class Stage:
    """What runs: the cloud, the bot beside it, and where text goes."""

    options: argparse.Namespace
    out: Stream
    look: Look
    command: tuple[str, ...] = BOT
    folder: Path = field(init=False)
    cloud: Cloud = field(init=False)

    def check(self, name: str, result: str, *, good: bool = True) -> None:
        """Show one check."""
        self.out.show(f"  {'ok' if good else 'no'}  {name:<12} {result}".rstrip())


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `python app.py demo`."""
    parser.add_argument("--say", action="append", metavar="TEXT", default=[], help="say this, show the card, and exit")
    parser.add_argument("--as", dest="person", metavar="NAME", default="Ana", help="who says it (default: Ana)")
    parser.add_argument("--explain", action="store_true", help="show each HTTP call, secrets masked")
    parser.add_argument("--interactive", action="store_true", help="without a terminal: read lines from standard input")
    parser.add_argument("--plain", action="store_true", help="no boxes, for screen readers")
    parser.add_argument("--playground", action="store_true", help="Microsoft's Agents Playground in front (needs npm)")
    parser.add_argument("--port", type=int, default=3978, metavar="N", help="the bot's port (default: 3978; 0: any)")


async def run(options: argparse.Namespace, *, command: tuple[str, ...] = BOT) -> int:
    """Run the demo and return its exit status: 0 done, 1 no card came, 2 cannot start, 130 interrupted.

    `command` is the bot's; its environment is the cloud's.
    """
    stage = Stage(options, Stream(sys.stdout), Look.of(sys.stdout, os.environ, plain=options.plain), command)
    terminal_there = bool(sys.stdin) and sys.stdin.isatty() and sys.stdout.isatty()
    talks = (terminal_there or options.interactive) and not options.say
    _stop_politely()
    try:
        status = await _play(stage, talks=talks)
    except CannotStart as error:
        stage.out.show(str(error))
        return 2
    except asyncio.CancelledError:
        status = 0 if talks or options.playground else _INTERRUPTED
        talks = True
    if talks or options.playground:
        stage.out.show(BYE)
    return status


async def _play(stage: Stage, *, talks: bool) -> int:
    stage.out.show(INTRODUCTION)
    stage.check(f"Python {platform.python_version()}", "")
    if os.environ.get(REPORT):
        stage.check("packages", os.environ[REPORT])
    async with contextlib.AsyncExitStack() as stack:
        stage.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="muster-demo-")))
        relayed = playground.tenant() if stage.options.playground else Tenant()
        stage.cloud = await stack.enter_async_context(Cloud(tenant=relayed))
        await stage.cloud.watching()
        ports = [
            url.rpartition(":")[2] for url in (stage.cloud.entra_url, stage.cloud.graph_url, stage.cloud.teams_url)
        ]
        stage.check("sandbox", "Entra :{}   Graph :{}   Teams :{}".format(*ports))
        bot, port = await _start_bot(stage)
        stack.push_async_callback(bot.stop)
        endpoint = f"http://127.0.0.1:{port}/api/messages"
        stage.out.show("")
        if stage.options.playground:
            return await playground.run(stage.cloud, endpoint, stage.out, stage.folder)
        return await (_chat if talks else _once)(stage, bot, endpoint)


async def _start_bot(stage: Stage) -> tuple[Child, int]:
    wanted = port = stage.options.port
    for left in range(_STARTS - 1, -1, -1):
        port = _free(port)
        environment = bot_environment(os.environ, stage.cloud.environment(port), stage.folder / "muster.db")
        bot = Child(stage.command, environment, stage.folder)
        bot.tell(MUSTER_LANGUAGES="all")  # whoever looks at it can judge each
        bot.tell(MUSTER_ADMINS=stage.cloud.tenant.ana.oid)  # who tries it may ask doctor
        stage.cloud.front.targets = [f"http://127.0.0.1:{port}"]
        await bot.start()
        try:
            seconds = await bot.ready(f"http://127.0.0.1:{port}/readyz")
        except Stopped as stopped:
            await bot.stop()
            if left and wanted and _free(port) != port:
                continue  # somebody took the port meanwhile
            raise CannotStart(_failed("Muster", stopped)) from stopped
        except BaseException:  # Ctrl-C too must not leave a bot behind
            await bot.stop()
            raise
        taken = f" ({wanted} is taken)" if wanted not in (0, port) else ""
        stage.check("Muster", f":{port}{taken}, the real bot, ready in {seconds:.1f} s")
        return bot, port
    raise CannotStart(f"  no  Muster       no free port. Repair: python app.py demo --port {wanted + _STARTS}")


def _free(port: int) -> int:
    try:
        return free_port(port)
    except (OSError, OverflowError) as error:
        raise CannotStart(f"  no  Muster       {error}. Repair: python app.py demo --port 0") from error


def _failed(name: str, stopped: Stopped) -> str:
    said = [f"      | {line}" for line in stopped.lines[-_LOG_LINES:]]
    repair = "Repair: mend what its last lines name, then run the demo again"
    return "\n".join([f"  no  {name:<12} {stopped}. {repair}{':' if said else '.'}", *said])


async def _once(stage: Stage, bot: Child, endpoint: str) -> int:
    """Say what `--say` says (or the first request), show what comes of it, and return 0, or 1 if no card came."""
    talk = _talk(stage, stage.out, endpoint, bot)
    talk.patience = CARD_WITHIN_SECONDS
    if not talk.become(stage.options.person):
        return 2
    stage.out.show(talk.header())
    for text in stage.options.say or [FIRST]:
        stage.out.show(f"\n{talk.prompt}{text}\n")
        with contextlib.suppress(terminal.Quit):
            await talk.line(text)
    if talk.problems or not talk.answered:
        log = [f"      | {line}" for line in list(bot.lines)[-_LOG_LINES:]]
        stage.out.show("\n".join([f"No answer came within {CARD_WITHIN_SECONDS:g} s. Muster said last:", *log]))
        return 1
    return 0


async def _chat(stage: Stage, bot: Child, endpoint: str) -> int:
    """Talk until the person leaves; the bot restarts when its files change."""
    there = sys.stdin.isatty() and sys.stdout.isatty()
    console = Terminal(sys.stdout, usage.WORDS) if there else Lines(sys.stdin, sys.stdout)
    with console.kept_below():
        talk = _talk(stage, console, endpoint, bot)
        talk.hints = True
        if not talk.become(stage.options.person):
            return 2
        console.show(talk.header())
        console.show(f"\n{talk.prompt}{FIRST}{'typed for you':>{draw_room(talk.prompt + FIRST)}}\n")
        await talk.line(FIRST)
        console.show(f"\n{usage.TRY}\n")

        async def restart(files: list[Path]) -> None:
            await restarted(bot, endpoint, files, console)

        watching = asyncio.create_task(watch.watch(ROOT, restart))
        try:
            await terminal.chat(talk, console)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
    return 0


async def restarted(bot: Child, endpoint: str, files: list[Path], console: Stream) -> None:
    """Restart the bot because of changed files, and say so; one that does not start says why."""
    named = files[0].name + (f" and {len(files) - 1} more" if len(files) > 1 else "")
    try:
        seconds = await _again(bot, endpoint)
    except Stopped as stopped:
        await bot.stop()
        said = [f"      | {line}" for line in stopped.lines[-_LOG_LINES:]]
        console.show("\n".join([f"  {named} changed, and Muster does not start: {stopped}. Save again.", *said]))
        return
    console.show(f"  {named} changed: Muster restarted, ready in {seconds:.1f} s.")


async def in_language(bot: Child, endpoint: str, tag: str) -> str:
    """Restart the bot with its posts in a language; return what became of it."""
    if words(tag).language == SOURCE != tag.partition("-")[0]:
        return f"Muster's own posts stay as they are: it speaks {', '.join(spoken())}."
    bot.tell(MUSTER_LANGUAGE=tag)
    try:
        seconds = await _again(bot, endpoint)
    except Stopped as stopped:
        await bot.stop()
        return f"Muster does not start with MUSTER_LANGUAGE={tag}: {stopped}."
    return f"New posts are too: Muster restarted with MUSTER_LANGUAGE={tag}, ready in {seconds:.1f} s."


async def _again(bot: Child, endpoint: str) -> float:
    """Restart the bot and return how many seconds it took; raises Stopped."""
    await bot.stop()
    await bot.start()
    return await bot.ready(endpoint.replace("/api/messages", "/readyz"))


def draw_room(text: str) -> int:
    """Return how many columns are left behind a text, for words at the right edge."""
    return max(1, 76 - len(text))


def _talk(stage: Stage, console: Stream, endpoint: str, bot: Child) -> terminal.Talk:
    display = Display(stage.cloud, console, stage.look)
    talk = terminal.Talk(stage.cloud, stage.cloud.client(endpoint), console, display)
    talk.explains = stage.options.explain
    talk.log = lambda: list(bot.lines)
    talk.speak = lambda tag: in_language(bot, endpoint, tag)
    return talk


def _stop_politely() -> None:
    """Let a polite end (SIGTERM, a closed terminal) clean up as Ctrl-C does."""
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    for name in ("SIGTERM", "SIGHUP"):
        # Windows has no such signals for a loop.
        with contextlib.suppress(NotImplementedError, AttributeError):
            if task is not None:
                loop.add_signal_handler(getattr(signal, name), task.cancel)
