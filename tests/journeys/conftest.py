"""The whole bot over real sockets against the sandbox's cloud: `app.build`, unchanged, in the test's own loop."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession, web

import app
from bot.sandbox.cloud import Cloud
from bot.settings import Settings
from tests.journeys.harness import Journey
from tests.sandbox import contract


@pytest.fixture(autouse=True)
def no_other_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave this machine's certificates alone: only the cloud is met, and to read them takes 20 ms for each bot."""
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)


@pytest.fixture
async def cloud() -> AsyncIterator[Cloud]:
    """Start Entra, Graph and Teams on loopback; whatever was asked of Graph has to be what Microsoft describes."""
    async with Cloud() as running:
        yield running
    if contract.here():
        assert contract.misasked(running.journal.exchanges) == []
        assert contract.departures(running.journal.exchanges, besides=contract.OF_2019) == []


@pytest.fixture
async def graph_url(cloud: Cloud) -> str:
    """The address of Graph."""
    return cloud.graph_url


@pytest.fixture
async def journey(cloud: Cloud, graph_url: str, tmp_path: Path) -> AsyncIterator[Journey]:
    """Start the bot with the settings an administrator would give it."""
    environment = cloud.environment(0) | {"MUSTER_STORE": f"sqlite:///{tmp_path}/muster.db"}
    environment |= {"MUSTER_GRAPH_URL": graph_url}
    runner = web.AppRunner(app.build(Settings.from_env(environment)), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    url = f"http://{host}:{port}"
    yield Journey(cloud, cloud.client(f"{url}/api/messages"), url)
    await runner.cleanup()


@pytest.fixture
async def browser() -> AsyncIterator[ClientSession]:
    """A plain HTTP client."""
    async with ClientSession() as session:
        yield session
