"""`GET /healthz` and `GET /readyz`: whether the process lives, and whether it should be given work (ENGINE R25)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from bot.errors import StoreError, told
from bot.observe import Event, Observer
from bot.ports import Clock, Store

WAITED_FOR_SECONDS = 20.0


class Probes:
    """Answers the two questions a platform asks.

    `parts` are what is loaded ahead of need, by name. They are waited for once, for at most 20 s of `clock`, and then
    never again: an outage of Entra must not restart the fleet. One that fails is told to `observe`.
    """

    def __init__(
        self, store: Store, clock: Clock, observe: Observer, parts: Mapping[str, Callable[[], Awaitable[None]]]
    ) -> None:
        self._store = store
        self._clock = clock
        self._observe = observe
        self._parts = parts
        self._known = dict.fromkeys(parts, "not loaded yet")
        self._waited = False
        self._warming: asyncio.Task[None] | None = None
        self._asking: asyncio.Task[str] | None = None

    def start(self) -> None:
        """Begin to warm up."""
        self._warming = asyncio.create_task(self._wait(), name="warm")

    async def stop(self) -> None:
        """Stop warming up, and asking."""
        running = [task for task in (self._warming, self._asking) if task is not None]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _wait(self) -> None:
        warming = asyncio.create_task(self._warm(), name="parts")
        limit = asyncio.ensure_future(self._clock.sleep(WAITED_FOR_SECONDS))
        try:
            await asyncio.wait({warming, limit}, return_when=asyncio.FIRST_COMPLETED)
            self._waited = True
            await warming
        finally:
            limit.cancel()
            warming.cancel()

    async def _warm(self) -> None:
        await asyncio.gather(*(self._load(name, load) for name, load in self._parts.items()))

    async def _load(self, name: str, load: Callable[[], Awaitable[None]]) -> None:
        try:
            await load()
        except Exception as error:  # noqa: BLE001 - whatever it is: the other parts are loaded, this one when needed
            self._known[name] = told(error)
            self._observe(Event("warm.failed", {"part": name, "error": told(error)}, logging.WARNING))
        else:
            self._known[name] = "loaded"

    async def _missing(self) -> str:
        """Return what keeps this process from work; "" when it is ready.

        Anybody may ask, so all who ask at once share one question to the store.
        """
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask(), name="ready")
        away = await asyncio.shield(self._asking)
        return away or ("" if self._waited else "warming up")

    async def _ask(self) -> str:
        try:
            await self._store.ready()
        except StoreError as error:
            return told(error)
        return ""

    async def healthz(self, _request: web.Request) -> web.Response:
        """Answer 200 as long as the event loop turns."""
        return web.Response(text="ok\n")

    async def readyz(self, _request: web.Request) -> web.Response:
        """Answer 200 when the store answers and warming up was waited for, else 503; details stay inside."""
        missing = await self._missing()
        return web.Response(status=503 if missing else 200, text="not ready\n" if missing else "ready\n")

    async def details(self, _request: web.Request) -> web.Response:
        """Answer as `readyz` does, with what is missing and how loading ahead went: for the administrator's port."""
        missing = await self._missing()
        lines = [f"not ready: {missing}" if missing else "ready"]
        lines += [f"{name}: {known}" for name, known in self._known.items()]
        return web.Response(status=503 if missing else 200, text="\n".join(lines) + "\n")
