"""A clock that a test moves, for the bot, its store and its cloud alike: waits of minutes take no time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from bot.ports import Store
from tests.journeys.harness import Journey

START = 1_790_000_000_000


class HandClock:
    """A clock that a test moves; whoever sleeps is woken in order."""

    def __init__(self) -> None:
        self._now = START
        self.writing = 0
        self._sleepers: list[tuple[int, asyncio.Future[None]]] = []
        self._lain_down = asyncio.Event()

    def now(self) -> int:
        """Return ms UTC."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Return when the clock was moved that far."""
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._now + int(seconds * 1000), waiting))
        self._lain_down.set()
        await waiting

    async def asleep(self, seconds: float) -> None:
        """Return when somebody sleeps whom a move by so much, and none by less, wakes."""
        due = self._now + int(seconds * 1000)
        while not any(due_at == due and not waiting.done() for due_at, waiting in self._sleepers):
            self._lain_down.clear()
            await self._lain_down.wait()

    async def move(self, seconds: float) -> None:
        """Move on in steps shorter than a heartbeat, and let what was woken run."""
        end = self._now + int(seconds * 1000)
        while self._now < end:
            self._now = min(end, self._now + 9_000)
            due = [waiting for due_at, waiting in self._sleepers if due_at <= self._now and not waiting.done()]
            for waiting in due:
                waiting.set_result(None)
            self._sleepers = [sleeper for sleeper in self._sleepers if not sleeper[1].done()]
            for _ in range(20 if due else 0):
                await asyncio.to_thread(int)  # the store works in a thread: give it its turn
            while self.writing:
                await asyncio.to_thread(int)  # leases must be renewed before more time passes


async def comes(journey: Journey, clock: HandClock, holds: Callable[[], bool], *, step: float = 1.0) -> None:
    """Let at most sixty steps of so many seconds pass until something holds. Raises TimeoutError when it never does.

    Before each, what Microsoft was asked is given its turns: a slow machine is not to be overtaken by the clock.
    """
    exchanges = journey.cloud.journal.exchanges
    for _ in range(60):
        for _ in range(200):
            if holds():
                return
            if all(one.done for one in exchanges):
                break
            await asyncio.to_thread(int)
        await clock.move(step)
    await journey.until(holds)


class Watched:
    """A store that tells the clock while it works."""

    def __init__(self, store: Store, clock: HandClock) -> None:
        self._store = store
        self._clock = clock

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        """Return the store's method, counted while it runs."""

        async def call(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever the method takes and returns
            self._clock.writing += 1
            try:
                return await getattr(self._store, name)(*arguments, **named)
            finally:
                self._clock.writing -= 1

        return call
