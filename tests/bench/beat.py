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
        self._last = 0.0
        self._next: asyncio.TimerHandle | None = None

    async def start(self, _: web.Request) -> web.Response:
        """Begin to look."""
        self._longest, self._last = 0.0, time.perf_counter()
        self._next = asyncio.get_running_loop().call_later(EVERY, self._beat)
        return web.Response()

    async def stop(self, _: web.Request) -> web.Response:
        """Stop looking, and answer the longest pause in seconds."""
        if self._next is not None:
            self._next.cancel()
        return web.Response(text=str(self._longest))

    def _beat(self) -> None:
        now = time.perf_counter()
        self._longest, self._last = max(self._longest, now - self._last - EVERY), now
        self._next = asyncio.get_running_loop().call_later(EVERY, self._beat)


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
