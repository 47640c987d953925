"""The real bot with a store that stops for ever at one place, so that a test can kill the process exactly there.

Started as a child: `python bot_that_stops.py C2|C3`. It prints `at C2` on standard output when it stands there.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from aiohttp import web

import app
from bot.decisions import Reply
from bot.leases import Receipt, Settled, TurnClaim
from bot.model import Turn
from bot.ports import Decide, Store
from bot.settings import Settings


class StopsAt:
    """A store that hands every call on, but for the place it stops at."""

    def __init__(self, store: Store, place: str) -> None:
        self._store = store
        self._place = place

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def receive(self, turn: Turn, now: int) -> Receipt:
        """T1; C2 is after it and before the 202."""
        receipt = await self._store.receive(turn, now)
        if self._place == "C2":
            await stand_here("C2")
        return receipt

    async def settle_turn(self, claim: TurnClaim, decide: Decide, now: int, fresh_id: str) -> Settled:
        """T2; C3 is before it."""
        if self._place == "C3":
            await stand_here("C3")
        return await self._store.settle_turn(claim, decide, now, fresh_id)


async def stand_here(place: str) -> Reply:
    """Say where the process stands, and go no further."""
    print(f"at {place}", flush=True)  # noqa: T201 - the test reads it
    await asyncio.Event().wait()
    raise AssertionError("nobody sets that event")


if __name__ == "__main__":
    settings = Settings.from_env()
    web.run_app(
        app.build(settings, app.Replaced(wrap_store=lambda store: StopsAt(store, sys.argv[1]))),  # type: ignore[arg-type,return-value]  # __getattr__ hands on the rest
        host=settings.host,
        port=settings.port,
        print=lambda text: print(text.splitlines()[0], file=sys.stderr, flush=True),  # noqa: T201 - as above
        access_log=None,
    )
