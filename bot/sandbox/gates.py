"""Holding an answer, so that a test can kill or freeze the bot exactly there (ENGINE 3.4)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from fnmatch import fnmatchcase

from bot.sandbox.journal import Exchange


class Dropped(Exception):
    """The connection is to be closed without an answer."""


class Gate:
    """One held place. `reached` can be awaited any number of times; its value is the first held Exchange."""

    def __init__(self, operations: str, times: int, where: Callable[[Exchange], bool] | None) -> None:
        self.operations = operations
        self.left = times
        self.where = where
        self.held: list[Exchange] = []
        loop = asyncio.get_running_loop()
        self.reached: asyncio.Future[Exchange] = loop.create_future()
        self._way: asyncio.Future[bool] = loop.create_future()

    def release(self) -> None:
        """Let everything that is held, and what still comes, go on."""
        self._open(goes_on=True)

    def drop(self) -> None:
        """Close the connections of all that is held: no effect (`before`), or an effect nobody hears of (`after`)."""
        self._open(goes_on=False)

    def takes(self, exchange: Exchange) -> bool:
        """Return whether this call is to be held here."""
        if self._way.done() or not self.left or not fnmatchcase(exchange.operation, self.operations):
            return False
        return self.where is None or self.where(exchange)

    def take(self, exchange: Exchange) -> None:
        """Count a call as held."""
        self.left -= 1
        self.held.append(exchange)
        if not self.reached.done():
            self.reached.set_result(exchange)

    async def opened(self) -> None:
        """Wait until the gate opens; raises Dropped where it opens by `drop()`."""
        if not await asyncio.shield(self._way):
            raise Dropped

    def _open(self, *, goes_on: bool) -> None:
        if not self._way.done():
            self._way.set_result(goes_on)


class Gates:
    """All places where calls are held; `changed` is called for each call that comes to stand at one."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._gates: dict[str, list[Gate]] = {"before": [], "after": []}

    def hold(
        self, operations: str, *, when: str = "before", times: int = 1, where: Callable[[Exchange], bool] | None = None
    ) -> Gate:
        """Hold the next `times` matching calls, `before` or `after` their effect; KeyError for another `when`."""
        gate = Gate(operations, times, where)
        self._gates[when].append(gate)
        return gate

    async def pass_through(self, when: str, exchange: Exchange) -> None:
        """Go on at once, or be held by the first gate that takes this call; raises Dropped."""
        for gate in self._gates[when]:
            if gate.takes(exchange):
                gate.take(exchange)
                self._changed()
                await gate.opened()
                return

    def drop_all(self) -> None:
        """Open every gate by dropping what it holds."""
        for gate in (*self._gates["before"], *self._gates["after"]):
            gate.drop()
