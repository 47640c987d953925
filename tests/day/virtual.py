"""Virtual time: an event loop that leaps to the next due moment when nothing is ready, and a store that fits it.

Whatever runs takes no virtual time, only waiting does; and no thread answers, so that a seed is a day to the last ms.
"""

from __future__ import annotations

import asyncio
import random
import selectors
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from bot.ports import Store
from bot.store.sqlite import _Job, _Writer
from bot.store.statements import Operation, Terms
from bot.store.store import TransactionalStore

T = TypeVar("T")
Watch = Callable[[sqlite3.Connection], None]


class _Leaping(selectors.DefaultSelector):
    """Waits for nothing: what a loop would wait for the next timer is added to `now` (s)."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready, else leap. Raises RuntimeError when nothing will ever be due."""
        found = super().select(0)
        if not found:
            if timeout is None:
                raise RuntimeError("nothing is due any more, and somebody waits")
            self.now += max(0.0, timeout)
        return found


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop for `asyncio.Runner(loop_factory=VirtualLoop)` whose time begins at 0."""

    def __init__(self) -> None:
        self._leaping = _Leaping()
        super().__init__(self._leaping)

    def time(self) -> float:
        """Return the virtual seconds."""
        return self._leaping.now


class VirtualClock:
    """`bot.ports.Clock` on the running loop's time; `zero` is ms UTC when the loop's time is 0."""

    def __init__(self, zero: int) -> None:
        self._zero = zero
        self._loop = asyncio.get_running_loop()

    def now(self) -> int:
        """Return ms UTC."""
        return self._zero + int(self._loop.time() * 1000 + 0.001)  # a timer may ring a rounding error too early

    async def sleep(self, seconds: float) -> None:
        """Return when the loop's time has moved so far."""
        gone = self._loop.create_future()
        handle = self._loop.call_later(max(0.0, seconds), gone.set_result, None)
        try:
            await gone
        finally:
            handle.cancel()


class Dice:
    """`bot.ports.Chance` that a seed repeats."""

    def __init__(self, seed: str) -> None:
        self._dice = random.Random(seed)  # noqa: S311 - it has to be drawn again, not to be secret

    def token(self) -> str:
        """Return 128 bits as 32 hex digits."""
        return f"{self._dice.getrandbits(128):032x}"

    def fraction(self) -> float:
        """Return a number in [0, 1)."""
        return self._dice.random()


class _Here:
    """The SQLite writer without its thread: each operation is committed before anything else runs."""

    def __init__(self, path: Path, watch: Watch) -> None:
        self._writer = _Writer(str(path))
        watch(self._writer._connection)
        self._loop = asyncio.get_running_loop()

    async def run(self, begin: Callable[[], Operation[T]], *, first: bool = False) -> T:  # noqa: ARG002 - nothing waits
        """Run an operation in a transaction of its own."""
        (outcome,) = self._writer.transact([_Job(begin, self._loop.create_future())])
        if outcome.error:
            raise outcome.error
        result: Any = outcome.result
        return result  # type: ignore[no-any-return]  # the writer's outcomes are of any type

    async def close(self) -> None:
        """Close the file."""
        self._writer.close()


def open_here(path: Path, owner: str, *, watch: Watch = lambda _: None) -> Store:
    """Return SQLite's store, with the product's own terms, for the running loop; `watch` is shown its connection."""
    return TransactionalStore(_Here(path, watch), Terms(owner))
