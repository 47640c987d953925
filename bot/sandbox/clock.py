"""The sandbox's time: whoever starts a cloud may pass a clock of their own."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Anything that tells the time."""

    def now(self) -> int:
        """Return ms since 1970 in UTC."""
        ...


class WallClock:
    """The machine's time."""

    def now(self) -> int:
        """Return ms since 1970 in UTC."""
        return time.time_ns() // 1_000_000


def moment(at: int) -> datetime:
    """Return ms UTC as a datetime."""
    return datetime.fromtimestamp(at / 1000, tz=UTC)


def stamp(at: int) -> str:
    """Return ms UTC as ISO 8601 with milliseconds and `Z`, as Teams writes times."""
    return moment(at).isoformat(timespec="milliseconds").replace("+00:00", "Z")
