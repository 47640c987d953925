"""A program that runs beside the sandbox: the bot, unchanged, or the Playground. It ends when the sandbox does."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import os
import re
import socket
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import aiohttp

ROOT = Path(__file__).resolve().parents[2]
BOT = (sys.executable, str(ROOT / "app.py"), "serve")
READY_WITHIN_SECONDS = 30.0
OK = 200
STOP_WITHIN_SECONDS = 8.0
"""More than the leash takes to be impolite."""

_LOOKS_EVERY_SECONDS = 0.05
_LINES_KEPT = 400
_PORTS_TRIED = 100
_OURS = re.compile(r"(?i)(Microsoft(App|Tenant)|MUSTER_).*|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|HOST|PORT|.*_PROXY")


class Stopped(Exception):
    """A program ended before it was ready; `lines` is what it last said."""

    def __init__(self, why: str, lines: list[str]) -> None:
        super().__init__(why)
        self.lines = lines


class Child:
    """One program, started anew as often as wanted; what it says is kept (the last 400 lines) and nothing is shown."""

    def __init__(self, command: tuple[str, ...], environment: Mapping[str, str], folder: Path) -> None:
        self.lines: collections.deque[str] = collections.deque(maxlen=_LINES_KEPT)
        self._command = command
        self._environment = dict(environment)
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None

    @property
    def alive(self) -> bool:
        """Return whether it runs."""
        return self._process is not None and self._process.returncode is None

    def tell(self, **settings: str) -> None:
        """Change its environment, from its next start on."""
        self._environment |= settings

    async def start(self) -> None:
        """Start it; raises OSError if there is no such program."""
        self.lines.clear()
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(Path(__file__).with_name("leash.py")),
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=self._environment,
            cwd=self._folder,
            start_new_session=True,  # Ctrl-C is for the sandbox alone; it then stops this one politely
        )
        self._reader = asyncio.create_task(self._read(self._process))

    async def ready(self, holds: Callable[[], bool] | str, *, seconds: float = READY_WITHIN_SECONDS) -> float:
        """Wait until an address answers 200, or a condition holds; return the seconds it took. Raises Stopped."""
        started = time.monotonic()
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2), trust_env=False) as session:
            while not await _holds(session, holds):
                if not self.alive:
                    await self._told()
                    raise Stopped("it ended at once", list(self.lines))
                if time.monotonic() - started > seconds:
                    raise Stopped(f"it was not ready within {seconds:g} s", list(self.lines))
                await asyncio.sleep(_LOOKS_EVERY_SECONDS)
        return time.monotonic() - started

    async def ended(self) -> None:
        """Wait until it ends by itself; raises Stopped if it ends with an error."""
        if self._process is not None and await self._process.wait():
            await self._told()
            raise Stopped("it ended by itself", list(self.lines))

    async def stop(self) -> None:
        """End it, politely first. Stopping twice is harmless."""
        process = self._process
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), STOP_WITHIN_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()
        await self._told()
        self._process = None

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        if process.stdout is not None:
            while chunk := await process.stdout.readline():
                self.lines.append(chunk.decode("utf-8", "replace").rstrip())

    async def _told(self) -> None:
        if self._reader is not None:
            # Something the program started may hold its output open for longer.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._reader, 1)


def bot_environment(given: Mapping[str, str], cloud: Mapping[str, str], store: Path) -> dict[str, str]:
    """Return the machine's environment without settings of another bot, with those for this cloud.

    Proxies are left out as well: everything is on this computer.
    """
    kept = {name: value for name, value in given.items() if not _OURS.fullmatch(name)}
    ours = {"MUSTER_STORE": f"sqlite:///{store.as_posix()}", "PYTHONUNBUFFERED": "1"}
    # The packages are those of the program that starts it: a second set-up could only be slow, or differ.
    return {**kept, **cloud, **ours, "MUSTER_SETUP": "off"}


def free_port(wanted: int) -> int:
    """Return this port of 127.0.0.1 or the next free one. Raises OSError if a hundred in a row are taken."""
    last: OSError | None = None
    for port in range(wanted, min(wanted + _PORTS_TRIED, 65536)):
        with socket.socket() as trial:
            if os.name == "posix":
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind(("127.0.0.1", port))
            except OSError as error:
                last = error
                continue
            return int(trial.getsockname()[1])
    raise last or OSError(f"{wanted} is no port")


async def _holds(session: aiohttp.ClientSession, holds: Callable[[], bool] | str) -> bool:
    if callable(holds):
        return holds()
    try:
        async with session.get(holds) as answer:
            return answer.status == OK
    except (aiohttp.ClientError, TimeoutError):
        return False
