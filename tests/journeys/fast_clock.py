"""A clock that runs faster than the wall's, for the bot and its cloud alike: waits of minutes last a blink."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

import app
from bot.sandbox.cloud import Cloud
from bot.settings import Settings
from tests.journeys.harness import Journey


class FastClock:
    """`bot.ports.Clock`, `speed` times as fast as the wall's clock."""

    def __init__(self, speed: float) -> None:
        self.speed = speed
        self._zero = time.time_ns() // 1_000_000
        self._began = time.monotonic()

    def now(self) -> int:
        """Return ms UTC."""
        return self._zero + int((time.monotonic() - self._began) * self.speed * 1000)

    async def sleep(self, seconds: float) -> None:
        """Return when this clock has moved so far."""
        loop = asyncio.get_running_loop()
        gone = loop.create_future()
        handle = loop.call_later(max(0.0, seconds) / self.speed, gone.set_result, None)
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
