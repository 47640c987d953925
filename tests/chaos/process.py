"""Replicas as processes that can be killed and frozen, and the door before them that delivers as Teams does."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from bot.sandbox.cloud import Cloud
from bot.sandbox.teams_client import Delivery, TeamsClient
from bot.sandbox.tenant import Chat, Person
from tests.chaos.evidence import ACCEPTED, Down
from tests.chaos.replica import STORED

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("replica.py")
START_SECONDS = 60
NEVER = 2**62
"""ms UTC that no clock reaches."""


def now() -> int:
    """Return ms UTC."""
    return time.time_ns() // 1_000_000


async def pause(seconds: float) -> None:
    """Return when the wall clock has moved so far: the plan's times are real, as those of the processes are."""
    gone = asyncio.get_running_loop().create_future()
    handle = asyncio.get_running_loop().call_later(seconds, gone.set_result, None)
    try:
        await gone
    finally:
        handle.cancel()


class Replica:
    """One bot process on the shared store. It speaks from `source`, and says which posts it wrote down (`stored`)."""

    def __init__(
        self, cloud: Cloud, store: str, arguments: tuple[str, ...], *, number: int = 0, read: bool = False
    ) -> None:
        port = free_port()
        self.source = f"127.0.0.{number + 1}"
        self.client: TeamsClient = cloud.client(f"http://127.0.0.1:{port}/api/messages")
        self.lines: list[str] = []
        self.stored: set[str] = set()
        self.downs: list[Down] = []
        self._killing = asyncio.Lock()
        self._arguments = (*arguments, self.source)
        # Not traced: coverage of what runs here comes from the journeys, and tracing doubles every start.
        plain = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_PROCESS")}
        own = {"MUSTER_STORE": store, "MUSTER_SETUP": "off", "MUSTER_READ_MESSAGES": "on" if read else "off"}
        self._environment = {**plain, **cloud.environment(port), **own}
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the process and return when it listens. Raises AssertionError with what it said."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(SCRIPT),
            *self._arguments,
            env=self._environment,
            stderr=asyncio.subprocess.PIPE,
            cwd=ROOT,
        )
        listening = asyncio.Event()
        self._reading = asyncio.create_task(self._read(self._process, listening))
        waiting = asyncio.create_task(listening.wait())
        await asyncio.wait({waiting, self._reading}, timeout=START_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if not listening.is_set():
            raise AssertionError("a replica did not start:\n" + "".join(self.lines[-30:]))

    async def _read(self, process: asyncio.subprocess.Process, listening: asyncio.Event) -> None:
        if process.stderr is None:
            raise AssertionError("the process has no standard error")
        while line := await process.stderr.readline():
            said = line.decode("utf-8", "replace")
            if said.startswith(STORED):
                self.stored.add(said.removeprefix(STORED).strip())
                continue
            self.lines.append(said)
            if "Running on" in said:
                listening.set()

    def tell(self, number: signal.Signals) -> None:
        """Send a signal; a process that is gone needs none."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def kill(self, seconds: float) -> None:
        """End it at once, as a machine that loses its power does, and start it again after so long."""
        async with self._killing:
            with self._down():
                await self._end(signal.SIGKILL)
                await pause(seconds)
            self.downs = [replace(down, until=min(down.until, now())) for down in self.downs]
            await self.start()

    async def there(self) -> None:
        """Return when it is not being started again: how long that takes is up to the machine."""
        async with self._killing:
            pass

    @asynccontextmanager
    async def frozen(self) -> AsyncIterator[None]:
        """Stop it where it stands, and let it go on afterwards."""
        with self._down():
            self.tell(signal.SIGSTOP)
            try:
                yield
            finally:
                self.tell(signal.SIGCONT)

    @contextmanager
    def _down(self) -> Iterator[None]:
        """Note from when to when it is down; for one that is frozen, being killed and started again ends it."""
        place = len(self.downs)
        self.downs.append(Down(self.source, now(), NEVER))
        try:
            yield
        finally:
            self.downs[place] = replace(self.downs[place], until=min(self.downs[place].until, now()))

    async def stop(self) -> None:
        """Ask it to leave, and see to it that it does."""
        self.tell(signal.SIGCONT)
        await self._end(signal.SIGTERM)

    async def _end(self, number: signal.Signals) -> None:
        self.tell(number)
        if self._process is not None:
            try:
                async with asyncio.timeout(10):
                    await self._process.wait()
            except TimeoutError:
                self.tell(signal.SIGKILL)
                await self._process.wait()
        if self._reading is not None:
            await self._reading

    def taken_up(self, delivery: Delivery) -> int:
        """Return when the bot may have taken a delivery up at the latest (ms UTC): a frozen one does when it wakes."""
        slept = [down.until for down in self.downs if delivery.at < down.until and down.since <= delivery.answered_at]
        return max([delivery.answered_at, *slept])


class Door:
    """Sends to one replica after the other; a delivery that was not acknowledged is tried again, as Teams does."""

    def __init__(self, replicas: list[Replica], *, tries: int, seconds: float) -> None:
        self._replicas = replicas
        self._next = 0
        self._tries = tries
        for replica in replicas:
            replica.client.seconds = seconds

    def _replica(self) -> Replica:
        self._next += 1
        return self._replicas[self._next % len(self._replicas)]

    async def say(self, person: Person, chat: Chat, text: str) -> Delivery:
        """Deliver what somebody says and return the last attempt."""
        return await self._until_taken(await self._replica().client.say(person, chat, text))

    async def again(self, delivery: Delivery, *, new_id: bool) -> Delivery:
        """Deliver a copy."""
        activity = json.loads(json.dumps(delivery.activity))
        if new_id:
            del activity["id"]
        return await self._until_taken(await self._replica().client.send(activity))

    async def _until_taken(self, delivery: Delivery) -> Delivery:
        wait = 0.2
        for _ in range(self._tries):
            if delivery.status in ACCEPTED:
                break
            await pause(wait)
            wait = min(5.0, wait * 1.6)
            replica = self._replica()
            await replica.there()
            delivery = await replica.client.send(delivery.activity)
        return delivery


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
