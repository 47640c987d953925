"""`GET /healthz` and `GET /readyz`: whether the process lives, and whether it should be given work (ENGINE R25)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.errors import StoreError
from bot.ports import Clock, Store

WAITED_FOR_SECONDS = 20.0


class Probes:
    """Answers the two questions a platform asks.

    `warm` loads keys, tokens and words. It is waited for once, for at most 20 s of `clock`, and then never again: an
    outage of Entra must not restart the fleet.
    """

    def __init__(self, store: Store, clock: Clock, warm: Callable[[], Awaitable[None]]) -> None:
        self._store = store
        self._clock = clock
        self._warm = warm
        self._waited = False
        self._warming: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to warm up."""
        self._warming = asyncio.create_task(self._wait(), name="warm")

    async def stop(self) -> None:
        """Stop warming up."""
        if self._warming is not None:
            self._warming.cancel()
            await asyncio.gather(self._warming, return_exceptions=True)

    async def _wait(self) -> None:
        warming = asyncio.ensure_future(self._warm())
        limit = asyncio.ensure_future(self._clock.sleep(WAITED_FOR_SECONDS))
        try:
            await asyncio.wait({warming, limit}, return_when=asyncio.FIRST_COMPLETED)
            self._waited = True
            await warming
        finally:
            limit.cancel()
            warming.cancel()

    async def healthz(self, _request: web.Request) -> web.Response:
        """Answer 200 as long as the event loop turns."""
        return web.Response(text="ok\n")

    async def readyz(self, _request: web.Request) -> web.Response:
        """Answer 200 when the store answers and warming up was waited for, else 503; details stay inside."""
        try:
            await self._store.ready()
        except StoreError:
            return web.Response(status=503, text="store\n")
        if not self._waited:
            return web.Response(status=503, text="warming up\n")
        return web.Response(text="ready\n")
