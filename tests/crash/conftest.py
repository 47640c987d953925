"""Bots as processes that can be killed and frozen, and the cloud that outlives them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bot.sandbox.cloud import Cloud
from tests.database.server import schema
from tests.journeys.harness import Journey
from tests.processes.forked import Forked, Replacing, real

Bots = Callable[..., Forked]


@pytest.fixture
async def cloud() -> AsyncIterator[Cloud]:
    """Start Entra, Graph and Teams on loopback."""
    async with Cloud() as running:
        yield running


@pytest.fixture
def engine() -> str:
    """Name the engine that the store is on; the matrix of the crash points names both."""
    return "sqlite"


@pytest.fixture
async def store(request: pytest.FixtureRequest, engine: str, tmp_path: Path) -> str:
    """The MUSTER_STORE of an empty store."""
    if engine == "postgres":
        return await schema(request.getfixturevalue("postgres_server"))
    return f"sqlite:///{tmp_path}/muster.db"


@pytest.fixture
async def bots(cloud: Cloud, store: str) -> AsyncIterator[Bots]:
    """What makes bot processes on the store, not started yet; none of them outlives the test."""
    made: list[Forked] = []

    def make(replacing: Replacing = real) -> Forked:
        made.append(Forked(cloud, store, replacing))
        return made[-1]

    yield make
    await asyncio.gather(*(bot.kill() for bot in made))


@pytest.fixture
def child(bots: Bots) -> Forked:
    """One process of the bot as it is."""
    return bots()


@pytest.fixture
def journey(cloud: Cloud, child: Forked) -> Journey:
    """What people do to that process and see of it."""
    return Journey(cloud, child.client, child.url)
