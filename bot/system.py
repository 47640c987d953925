"""This machine: its clock, its randomness, and what it trusts."""

from __future__ import annotations

import asyncio
import secrets
import ssl
import time

import certifi

TOKEN_BYTES = 16
DRAWN = 128


class SystemClock:
    """The machine's clock, as `bot.ports.Clock`."""

    def now(self) -> int:
        """Return ms UTC."""
        return time.time_ns() // 1_000_000

    async def sleep(self, seconds: float) -> None:
        """Wait on the event loop."""
        await asyncio.sleep(seconds)


class SystemChance:
    """The machine's randomness, as `bot.ports.Chance`; drawn for many tokens at once, each given once."""

    def __init__(self) -> None:
        self._drawn: list[str] = []

    def token(self) -> str:
        """Return 128 bits from the operating system as 32 hex digits."""
        if not self._drawn:
            drawn = secrets.token_hex(TOKEN_BYTES * DRAWN)
            self._drawn = [drawn[at : at + 2 * TOKEN_BYTES] for at in range(0, len(drawn), 2 * TOKEN_BYTES)]
        return self._drawn.pop()

    def fraction(self) -> float:
        """Return a number in [0, 1)."""
        return secrets.randbelow(1 << 30) / (1 << 30)


def trust(ca_files: tuple[str, ...]) -> ssl.SSLContext:
    """Return what every connection of Muster's trusts: this machine's store and these PEM files.

    Where the machine has no store of its own (python.org's macOS builds) certifi's is used.
    """
    context = ssl.create_default_context()
    trusted = context.cert_store_stats()["x509_ca"]
    if not trusted and not ca_files:
        context.load_verify_locations(certifi.where())
    machines = ssl.get_default_verify_paths().cafile if trusted else None
    for path in ca_files:
        if path != machines:  # read already, and large
            context.load_verify_locations(path)
    return context
