"""When a tenant leaves Graph alone: one note instead of a circuit breaker (ENGINE R27). Pure.

Set by Retry-After or by five failures in a row, respected by everything that asks Graph.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.decisions import Effect, SaveNote
from bot.errors import NotNow

GRAPH_PAUSED = "paused|graph"
GRAPH_FAILING = "failing|graph"
FAILURES = 5
FIRST_PAUSE, LONGEST_PAUSE = 5_000, 60_000
"""ms of silence after the fifth failure in a row; doubled by each further one."""
REMEMBERED = 300_000
"""ms after which failures do not count as in a row."""


def failed(tenant: str, notes: Mapping[str, str], error: NotNow, wait: float, now: int) -> tuple[Effect, ...]:
    """Return what to remember of a failure whose next attempt is in `wait` seconds. `notes` are the tenant's."""
    if error.retry_after is not None:
        return (SaveNote(tenant, GRAPH_PAUSED, "asked for", now + int(wait * 1000)),)
    count = int(notes.get(GRAPH_FAILING, "0")) + 1
    counted = SaveNote(tenant, GRAPH_FAILING, str(count), now + REMEMBERED)
    if count < FAILURES:
        return (counted,)
    pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(count - FAILURES, 10))
    return counted, SaveNote(tenant, GRAPH_PAUSED, "failing", now + pause)


def answered(tenant: str, notes: Mapping[str, str], now: int) -> tuple[Effect, ...]:
    """Return what to forget when Graph has answered: the row of failures, if there is one."""
    return (SaveNote(tenant, GRAPH_FAILING, "0", now),) if GRAPH_FAILING in notes else ()
