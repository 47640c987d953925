"""Teams' rate limits for bots (facts/teams 3.6), as sliding windows over the sandbox's clock."""

from __future__ import annotations

from collections import defaultdict, deque

from bot.sandbox.clock import Clock

SEND = ((7, 1), (8, 2), (60, 30), (1800, 3600))
"""Per bot and thread: (operations, seconds)."""
READ = ((14, 1), (16, 2), (120, 30), (3600, 3600))
EVERYTHING = ((50, 1),)
"""Per app and tenant."""


class Limits:
    """Counts operations per key; off until `on` is set."""

    def __init__(self, clock: Clock) -> None:
        self.on = False
        self._clock = clock
        self._seen: dict[str, deque[int]] = defaultdict(deque)

    def wait(self, key: str, windows: tuple[tuple[int, int], ...]) -> float:
        """Count one operation and return 0, or return after how many seconds it may be tried again (not counted)."""
        if not self.on:
            return 0
        now, seen = self._clock.now(), self._seen[key]
        while seen and now - seen[0] >= windows[-1][1] * 1000:
            seen.popleft()
        for allowed, seconds in windows:
            if len(seen) >= allowed and now - seen[-allowed] < seconds * 1000:
                return (seen[-allowed] + seconds * 1000 - now) / 1000
        seen.append(now)
        return 0
