"""This machine: its clock, its randomness, and what it trusts."""

from __future__ import annotations

import asyncio
import secrets
import ssl
import time

import certifi


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


def trust(ca_files: tuple[str, ...]) -> ssl.SSLContext:
    """Return what every connection of Muster's trusts: this machine's store and these PEM files.

    Where the machine has no store of its own (python.org's macOS builds) certifi's is used.
    """
    context = ssl.create_default_context()
    if not context.get_ca_certs() and not ca_files:
        context.load_verify_locations(certifi.where())
    for path in ca_files:
        context.load_verify_locations(path)
    return context
