"""A clock that runs faster than the wall's, for the bot and its cloud alike: waits of minutes last a blink."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from aiohttp import web

import app
from bot.sandbox.cloud import Cloud
from bot.settings import Settings
from tests.journeys.harness import Journey

STEP = 0.01
"""s of the wall's time: however long the machine stood still between two looks, the clock moves by this much of it."""


class FastClock:
    """`bot.ports.Clock`, `speed` times as fast as the wall's clock, and standing where the machine does."""

    def __init__(self, speed: float) -> None:
        self.speed = speed
        self._now = float(time.time_ns() // 1_000_000)
        self._looked = time.monotonic()
        self._stands = False

    def now(self) -> int:
        """Return ms UTC."""
        looked, self._looked = self._looked, time.monotonic()
        if not self._stands:
            self._now += min(self._looked - looked, STEP) * self.speed * 1000
        return int(self._now)

    async def sleep(self, seconds: float) -> None:
        """Return when this clock has moved so far."""
        until = self.now() + seconds * 1000
        while (left := until - self.now()) > 0:
            await self._tick(min(STEP, left / self.speed / 1000))

    @contextmanager
    def standing(self) -> Iterator[None]:
        """Let the clock stand, until what is to happen at once has happened: it may take a slow machine a while."""
        self.now()
        self._stands = True
        try:
            yield
        finally:
            self.now()
            self._stands = False

    async def _tick(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        gone = loop.create_future()
        # Whoever waits may be cancelled in the very turn of the loop in which this is called.
        handle = loop.call_later(seconds, lambda: None if gone.done() else gone.set_result(None))
        try:
            await gone
        finally:
            handle.cancel()


@asynccontextmanager
async def bot(cloud: Cloud, folder: Path, replaced: app.Replaced, **more: str) -> AsyncIterator[Journey]:
    """Start the bot against a cloud that runs already; `more` are settings."""
    environment = cloud.environment(0) | {"MUSTER_STORE": f"sqlite:///{folder}/muster.db"} | more
    runner = web.AppRunner(app.build(Settings.from_env(environment), replaced), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    url = f"http://{host}:{port}"
    try:
        yield Journey(cloud, cloud.client(f"{url}/api/messages"), url)
    finally:
        await runner.cleanup()
