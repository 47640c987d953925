"""The longest pause of a bot's event loop, told over HTTP: `GET /beat/start`, later `GET /beat/stop`."""

from __future__ import annotations

import asyncio
import time

import uvloop
from aiohttp import web

EVERY = 0.001


class Beat:
    """Looks at the clock every millisecond while somebody wants to know; at other times it costs nothing."""

    def __init__(self) -> None:
        self._longest = 0.0
        self._beating: asyncio.Task[None] | None = None

    async def start(self, _: web.Request) -> web.Response:
        """Begin to look."""
        self._longest = 0.0
        self._beating = asyncio.create_task(self._beat())
        return web.Response()

    async def stop(self, _: web.Request) -> web.Response:
        """Stop looking, and answer the longest pause in seconds."""
        if self._beating is not None:
            self._beating.cancel()
        return web.Response(text=str(self._longest))

    async def _beat(self) -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(EVERY)
            now = time.perf_counter()
            self._longest = max(self._longest, now - last - EVERY)
            last = now


def attach(application: web.Application) -> web.Application:
    """Let an application tell its longest pause; return it."""
    beat = Beat()
    application.router.add_get("/beat/start", beat.start)
    application.router.add_get("/beat/stop", beat.stop)
    return application


def serve(application: web.Application, port: int) -> None:
    """Run a baseline until it is told to stop, on uvloop as Muster is."""
    web.run_app(
        attach(application), host="127.0.0.1", port=port, print=None, access_log=None, loop=uvloop.new_event_loop()
    )
