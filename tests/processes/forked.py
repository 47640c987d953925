"""Bots as real processes that are there at once: forked from one process that has imported everything.

A process of its own costs a second of imports; a fork of one that has them costs a few milliseconds. It has its own
environment, takes real signals, and serves as `python app.py serve` does, with the parts that a test replaces.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import multiprocessing.forkserver
import os
import re
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache, partial
from itertools import cycle
from multiprocessing.connection import Connection

import app
from bot import cli
from bot.sandbox.cloud import Cloud
from bot.sandbox.teams_client import TeamsClient

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.processes.preloaded"])
START_SECONDS = 30
END_SECONDS = 10
LISTENS = "Running on"

Replacing = Callable[[], app.Replaced]
"""Says in the process what takes the place of real parts; found there by its module and name."""


def real() -> app.Replaced:
    """Replace nothing."""
    return app.REAL


class Forked:
    """One bot process on a store, started as often as wanted; `lines` is what the last start wrote to its log."""

    def __init__(self, cloud: Cloud, store: str, replacing: Replacing = real) -> None:
        """Take a MUSTER_STORE, and what to replace."""
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.client: TeamsClient = cloud.client(f"{self.url}/api/messages")
        self.lines: list[str] = []
        self.replacing = replacing
        self._environment = {**os.environ, **cloud.environment(port), "MUSTER_STORE": store, "MUSTER_SETUP": "off"}
        self._process: multiprocessing.context.ForkServerProcess | None = None
        self._reading: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """Return the process's number; None while it does not run."""
        return self._process.pid if self._process is not None else None

    async def start(self) -> None:
        """Start it and return when it listens. Raises AssertionError with its log if it ends before."""
        await self.begin()
        await self.said(LISTENS)

    async def begin(self) -> None:
        """Start it and return at once."""
        self.lines = []
        receiver, sender = CONTEXT.Pipe(duplex=False)
        self._process = CONTEXT.Process(target=serve, args=(self._environment, sender, self.replacing))
        await asyncio.to_thread(_fork, self._process)
        sender.close()
        stream = asyncio.StreamReader()
        file = os.fdopen(os.dup(receiver.fileno()), "rb")
        receiver.close()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stream), file)
        self._reading = asyncio.create_task(self._read(stream))

    async def _read(self, stream: asyncio.StreamReader) -> None:
        while line := await stream.readline():
            self.lines.append(line.decode("utf-8", "replace"))
            self._changed.set()
        self._changed.set()

    async def said(self, pattern: str) -> None:
        """Wait for a line of the log in which a regular expression is found. Raises AssertionError with the log."""
        seen = 0
        try:
            async with asyncio.timeout(START_SECONDS):
                while True:
                    self._changed.clear()
                    ended = self._reading is None or self._reading.done()
                    if any(re.search(pattern, line) for line in self.lines[seen:]):
                        return
                    seen = len(self.lines)
                    if ended:
                        break
                    await self._changed.wait()
        except TimeoutError:
            pass
        raise AssertionError(f"never said {pattern!r}:\n" + "".join(self.lines[-40:]))

    def tell(self, number: signal.Signals) -> None:
        """Send a signal; a process that is gone needs none."""
        if self._process is not None and self._process.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, number)

    async def kill(self) -> int | None:
        """End it at once, as a machine that loses its power does; return its status."""
        self.tell(signal.SIGKILL)
        return await self.ended()

    async def stop(self) -> int | None:
        """Ask it to leave, see to it that it does, and return its status (negative: the signal that ended it)."""
        self.tell(signal.SIGCONT)
        self.tell(signal.SIGTERM)
        try:
            async with asyncio.timeout(END_SECONDS):
                return await self.ended()
        except TimeoutError:
            return await self.kill()

    async def ended(self) -> int | None:
        """Wait until it has ended and return its status; None if it was never started or is known to be gone."""
        process = self._process
        if process is None or self._reading is None:
            return None
        await asyncio.shield(self._reading)
        await asyncio.to_thread(process.join)
        self._process = None
        status = process.exitcode
        process.close()
        return status


def serve(environment: dict[str, str], log: Connection, replacing: Replacing) -> None:
    """Be the bot in this process: the command line's `serve` with a log that goes to `log`."""
    os.environ.clear()
    os.environ.update(environment)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(log.fileno(), stream.fileno())
    log.close()
    sys.exit(cli.run(["serve"], partial(app.build, replaced=replacing())))


@cache
def _ports() -> Iterator[int]:
    """Ports, a thousand for each worker, below 32,768: from there on Linux takes those that connections begin at."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 12
    return cycle(range(20_000 + worker * 1_000, 21_000 + worker * 1_000))


def free_port() -> int:
    """Return a port nobody listens on, none of those that connections begin from: a bot that starts again wants it."""
    for port in _ports():
        with socket.socket() as listener, suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port
    raise AssertionError  # the ports never end


def _fork(process: multiprocessing.context.ForkServerProcess) -> None:
    """Start a process. It is not traced: coverage of what runs in it comes from the journeys."""
    traced = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("COVERAGE_PROCESS")}
    try:
        multiprocessing.forkserver.ensure_running()
    finally:
        os.environ.update(traced)
    process.start()
