"""The bot as a child process that can be killed, and the cloud that outlives it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from bot.sandbox.cloud import Cloud
from tests.journeys.harness import Journey

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 30


class Child:
    """The bot in a process of its own, on one store; start it, kill it, start it again."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.process: asyncio.subprocess.Process | None = None
        self.lines: list[str] = []
        self._reader: asyncio.Task[None] | None = None

    async def start(self, *arguments: str) -> None:
        """Start it and return when it listens. With arguments: a script of the tests in place of app.py."""
        script = arguments or (str(ROOT / "app.py"), "serve")
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            *script,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=ROOT,
        )
        await self._line("Running on")
        self._reader = asyncio.create_task(self._read())

    async def _line(self, part: str) -> None:
        assert self.process is not None
        assert self.process.stderr is not None
        async with asyncio.timeout(START_SECONDS):
            while line := (await self.process.stderr.readline()).decode():
                self.lines.append(line)
                if part in line:
                    return
        raise AssertionError("the bot did not start:\n" + "".join(self.lines))

    async def _read(self) -> None:
        assert self.process is not None
        assert self.process.stderr is not None
        while line := await self.process.stderr.readline():
            self.lines.append(line.decode())

    async def stands_at(self, place: str) -> None:
        """Wait until the child says that it has come to a place."""
        assert self.process is not None
        assert self.process.stdout is not None
        async with asyncio.timeout(START_SECONDS):
            assert (await self.process.stdout.readline()).decode().strip() == f"at {place}"

    async def stop(self, how: signal.Signals) -> int:
        """Send a signal, wait for the end, return the exit status."""
        assert self.process is not None
        with suppress(ProcessLookupError):
            self.process.send_signal(how)
        status = await self.process.wait()
        if self._reader is not None:
            await self._reader
        return status


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
async def cloud() -> AsyncIterator[Cloud]:
    """Start Entra, Graph and Teams on loopback."""
    async with Cloud() as running:
        yield running


@pytest.fixture
async def child(cloud: Cloud, tmp_path: Path) -> AsyncIterator[Child]:
    """The bot's process, not started yet, on a store of its own."""
    port = free_port()
    environment = {
        # Coverage of these lines comes from the journeys; tracing would slow every start down.
        **{name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_PROCESS")},
        **cloud.environment(port),
        "MUSTER_STORE": f"sqlite:///{tmp_path}/muster.db",
        "MUSTER_SETUP": "off",
    }
    bot = Child(environment)
    yield bot
    if bot.process is not None and bot.process.returncode is None:
        await bot.stop(signal.SIGKILL)


@pytest.fixture
def journey(cloud: Cloud, child: Child) -> Journey:
    """What people do to that process and see of it."""
    url = f"http://127.0.0.1:{child.environment['PORT']}"
    return Journey(cloud, cloud.client(f"{url}/api/messages"), url)
