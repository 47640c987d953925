"""What waits for the one writer, in the order in which it is written (ENGINE R24)."""

from __future__ import annotations

import queue
from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeVar

J = TypeVar("J")
MOST_FIRST = 256
MOST_OTHERS = 16
"""Jobs in one commit. Somebody waits for each of the first: what they wait behind is kept short."""


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[J]):
    job: J
    first: bool


class Jobs(Generic[J]):
    """Filled by any thread, emptied by one: a batch of those that go first, then one of the others, and so on."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[_Waiting[J] | None] = queue.SimpleQueue()
        self._first: deque[J] = deque()
        self._others: deque[J] = deque()
        self._were_first = False
        self._closing = False

    def put(self, job: J, *, first: bool) -> None:
        """Add a job."""
        self._queue.put(_Waiting(job, first))

    def close(self) -> None:
        """Say that no more will be added."""
        self._queue.put(None)

    def batch(self) -> list[J]:
        """Wait for jobs and return those of the next commit; none when all is done and no more will come."""
        self._look()
        self._were_first = bool(self._first) and not (self._were_first and self._others)
        waiting, most = (self._first, MOST_FIRST) if self._were_first else (self._others, MOST_OTHERS)
        return [waiting.popleft() for _ in range(min(len(waiting), most))]

    def _look(self) -> None:
        while not self._closing:
            try:
                found = self._queue.get(block=not (self._first or self._others))
            except queue.Empty:
                return
            if found is None:
                self._closing = True
            else:
                (self._first if found.first else self._others).append(found.job)
