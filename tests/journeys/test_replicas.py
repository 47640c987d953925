"""Two bots on one PostgreSQL behind the sandbox's cloud: they are one Muster."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

import app
from bot.errors import StoreError
from bot.ports import Store
from bot.sandbox.cloud import Cloud
from bot.settings import Settings
from tests.journeys.harness import Journey

pytestmark = pytest.mark.usefixtures("untraced")

Start = Callable[[app.Replaced], Awaitable[Journey]]


@asynccontextmanager
async def replica(cloud: Cloud, url: str, replaced: app.Replaced) -> AsyncIterator[Journey]:
    """Run one bot on the shared store."""
    environment = cloud.environment(0) | {"MUSTER_STORE": url}
    runner = web.AppRunner(app.build(Settings.from_env(environment), replaced), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        bot = f"http://{host}:{port}"
        yield Journey(cloud, cloud.client(f"{bot}/api/messages"), bot)
    finally:
        await runner.cleanup()


@pytest.fixture
async def start(cloud: Cloud, postgres_url: str) -> AsyncIterator[Start]:
    """Start replicas; all of them stop with the test."""
    async with AsyncExitStack() as stack:

        async def started(replaced: app.Replaced) -> Journey:
            return await stack.enter_async_context(replica(cloud, postgres_url, replaced))

        yield started


class Dying:
    """A store whose process dies at one of its calls: from then on nothing comes back from any call, until burial."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.dead = asyncio.Event()
        self.burial = asyncio.Event()
        self._store: Store | None = None

    def around(self, store: Store) -> Any:  # noqa: ANN401 - stands for a Store
        """Take a store's place."""
        self._store = store
        return self

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the store has
        async def call(*arguments: Any) -> Any:  # noqa: ANN401 - any of the store's methods
            if name == self.place:
                self.dead.set()
            if self.dead.is_set() and name != "close":
                await self.burial.wait()
                raise StoreError("dead")
            return await getattr(self._store, name)(*arguments)

        return call


async def test_two_people_at_once_on_two_replicas(start: Start) -> None:
    """Two people ask in the same instant, each on another replica: one meeting, one card, one whisper."""
    one, two = await start(app.REAL), await start(app.REAL)
    tenant = one.cloud.tenant
    await asyncio.gather(
        one.teams.say(tenant.ana, tenant.incidents, "meet now"),
        two.teams.say(tenant.ben, tenant.incidents, "meet now"),
    )
    await one.until(lambda: bool(one.whispers(tenant.incidents)))
    await one.until(lambda: any(": open\n" in text for text in one.texts(tenant.incidents)))
    assert one.made() == 1
    assert len(one.texts(tenant.incidents)) == 1
    assert len(one.whispers(tenant.incidents)) == 1


async def test_one_turn_delivered_to_two_replicas(start: Start) -> None:
    """Teams delivers a message again, to another replica: still one meeting and one card."""
    one, two = await start(app.REAL), await start(app.REAL)
    tenant = one.cloud.tenant
    delivery = await one.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    (again,) = await two.teams.redeliver(delivery)
    assert again.status == 202
    await one.until(lambda: any("Retro: open\n" in text for text in one.texts(tenant.incidents)))
    await two.teams.say(tenant.chloe, tenant.incidents, "help")  # answered in its order: after everything before it
    await two.until(lambda: any("meet now" in text for text in two.whispers(tenant.incidents)))
    assert one.made() == 1
    assert len(one.texts(tenant.incidents)) == 1
    assert len(one.whispers(tenant.incidents)) == 1  # the help


@pytest.mark.parametrize("place", ["settle_turn", "settle_timer"])
async def test_a_replica_dies(start: Start, place: str) -> None:
    """A replica dies with a request in its hands: another one takes it over after its lease; one meeting, one card."""
    dying = Dying(place)
    one = await start(app.Replaced(wrap_store=dying.around, lease_ms=300))
    two = await start(app.REAL)
    tenant = one.cloud.tenant
    try:
        await one.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
        await dying.dead.wait()
        await two.until(lambda: any("Retro: open\n" in text for text in two.texts(tenant.incidents)))
    finally:
        dying.burial.set()
    assert two.made() == 1
    assert len(two.texts(tenant.incidents)) == 1


async def test_a_replica_that_stops_hands_its_work_over(
    start: Start, cloud: Cloud, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A replica is stopped while Graph keeps it waiting: another one goes on at once, long before the lease ends."""
    monkeypatch.setattr(app, "STOP_WITHIN_SECONDS", 0.2)
    two = await start(app.REAL)
    tenant = cloud.tenant
    gate = cloud.hold("graph.createOrGet")
    async with replica(cloud, postgres_url, app.REAL) as one:
        await one.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
        await cloud.until(lambda: cloud.journal.counts()["graph.createOrGet"] >= 1)
    gate.release()
    await two.until(lambda: any("Retro: open\n" in text for text in two.texts(tenant.incidents)))
    assert two.made() == 1
    assert len(two.texts(tenant.incidents)) == 1


async def test_a_file_in_a_container_is_warned_about(
    cloud: Cloud, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A bot in a container that was given no database says what will be forgotten, and what to set."""
    environment = cloud.environment(0) | {"MUSTER_STORE": f"sqlite:///{tmp_path}/muster.db"}
    settings = Settings.from_env({**environment, "KUBERNETES_SERVICE_HOST": "10.0.0.1"})
    runner = web.AppRunner(app.build(settings), access_log=None)
    await runner.setup()
    await runner.cleanup()
    assert "meetings are forgotten at the next deploy" in caplog.text
    assert "Set MUSTER_STORE=postgresql://" in caplog.text
