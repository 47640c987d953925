"""The real clock and the real dice."""

from __future__ import annotations

import asyncio
import secrets
import time


class SystemClock:
    """The machine's clock, as `bot.ports.Clock`."""

    def now(self) -> int:
        """Return ms UTC."""
        return time.time_ns() // 1_000_000

    async def sleep(self, seconds: float) -> None:
        """Wait on the event loop."""
        await asyncio.sleep(seconds)


class SystemChance:
    """The machine's randomness, as `bot.ports.Chance`."""

    def token(self) -> str:
        """Return 128 bits from the operating system as 32 hex digits."""
        return secrets.token_hex(16)

    def fraction(self) -> float:
        """Return a number in [0, 1)."""
        return secrets.randbelow(1 << 30) / (1 << 30)
