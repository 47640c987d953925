"""How long the machine stood still: what a deadline of a run may be exceeded by without anybody's fault."""

from __future__ import annotations

import asyncio
import time
from types import TracebackType
from typing import Self

EVERY = 0.02
"""s between two beats."""


class Pulse:
    """`async with Pulse() as pulse:` notes how late the event loop comes to what is due.

    `worst` is the longest delay of one beat, `total` that of all, both in seconds. It beats in the process that plays
    Microsoft, not in the bot's: a bot that holds itself up has no excuse from it.
    """

    def __init__(self) -> None:
        self.worst = 0.0
        self.total = 0.0
        self._due = 0.0
        self._handle: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        self._next()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, error, trace
        if self._handle is not None:
            self._handle.cancel()

    def _next(self) -> None:
        self._due = time.monotonic() + EVERY
        self._handle = asyncio.get_running_loop().call_later(EVERY, self._beat)

    def _beat(self) -> None:
        late = max(0.0, time.monotonic() - self._due)
        self.worst = max(self.worst, late)
        self.total += late
        self._next()
