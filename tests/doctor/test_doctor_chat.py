"""`@Muster doctor`: an administrator hears in a whisper what is missing, and nobody else hears anything of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import web

import app
from bot.sandbox.cloud import Cloud
from bot.settings import Settings
from tests.journeys.harness import Journey


@pytest.fixture
async def journey(cloud: Cloud, environment: dict[str, str]) -> object:
    """Run the bot behind its public address."""
    runner = web.AppRunner(app.build(Settings.from_env(environment)), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    url = f"http://{host}:{port}"
    cloud.front.targets = [url]
    yield Journey(cloud, cloud.client(f"{url}/api/messages"), url)
    await runner.cleanup()
