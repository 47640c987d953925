"""Statements of a transaction that can wait for each other, to be asked for side by side."""

from __future__ import annotations

from collections.abc import Callable

from bot.store.statements import Operation, Rows, Statement, side_by_side

Seen = Callable[[Rows], object]
"""Who wants to see the rows of a statement."""


class Writes:
    """Gathers statements by what they write or read; two about the same never run side by side."""

    def __init__(self) -> None:
        self._waiting: dict[str, tuple[Statement, Seen | None]] = {}

    def add(self, about: str, statement: Statement, seen: Seen | None = None) -> Operation[None]:
        """Run a statement with the next ones; what is about the same runs now, before it."""
        if about in self._waiting:
            yield from self.run()
        self._waiting[about] = (statement, seen)

    def run(self) -> Operation[None]:
        """Run what waits."""
        waiting, self._waiting = list(self._waiting.values()), {}
        found = yield from side_by_side([statement for statement, _ in waiting])
        for (_, seen), rows in zip(waiting, found, strict=True):
            if seen:
                seen(rows)

    def drop(self) -> None:
        """Forget what waits: the decision that wanted it was overtaken."""
        self._waiting.clear()
