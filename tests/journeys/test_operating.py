"""What an administrator asks a running bot."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import cast

import pytest
from aiohttp import ClientSession, web

import app
from bot.errors import SettingsError
from bot.ports import Store
from bot.probes import Probes
from bot.sandbox.cloud import Cloud
from bot.settings import Settings
from bot.system import SystemClock
from tests.journeys.harness import Journey


@asynccontextmanager
async def running(cloud: Cloud, folder: Path, **settings: str) -> AsyncIterator[Journey]:
    """Run the bot with settings besides the usual ones."""
    environment = cloud.environment(0) | {"MUSTER_STORE": f"sqlite:///{folder}/muster.db"} | settings
    runner = web.AppRunner(app.build(Settings.from_env(environment)), access_log=None)
    try:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        url = f"http://{host}:{port}"
        yield Journey(cloud, cloud.client(f"{url}/api/messages"), url)
    finally:
        await runner.cleanup()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port: int = chosen.getsockname()[1]
        return port


async def test_the_administrator_s_port_says_what_is_loaded(
    cloud: Cloud, browser: ClientSession, tmp_path: Path
) -> None:
    """Only the port on loopback names the parts; the public one says ready or not."""
    port = free_port()
    async with running(cloud, tmp_path, MUSTER_ADMIN_PORT=str(port)) as journey:
        tenant = cloud.tenant
        await journey.teams.say(tenant.ana, tenant.incidents, "meet now")
        await journey.until(lambda: bool(journey.texts(tenant.incidents)))
        details = await (await browser.get(f"http://127.0.0.1:{port}/readyz")).text()
        assert {line.partition(":")[0] for line in details.splitlines()[1:]} == {
            "signing keys",
            "connector token",
            "Graph token",
            "cards",
        }
        assert "signing keys: loaded" in details
        assert await (await browser.get(f"{journey.url}/readyz")).text() in {"ready\n", "not ready\n"}


async def test_a_page_in_a_browser_cannot_read_the_administrator_s_port(browser: ClientSession) -> None:
    """Whoever has a name of theirs lead to loopback is refused; who asks by loopback's own names is answered."""
    port = free_port()
    probes = Probes(cast("Store", Ready()), SystemClock(), lambda _: None, {})
    async with AsyncExitStack() as stack:
        await app._administration(stack, ("127.0.0.1", port), probes, None)
        asked = {}
        for host in ("evil.example", f"evil.example:{port}", "localhost.evil.example", "10.0.0.7", "[", "a b"):
            for path in ("metrics", "readyz"):
                answer = await browser.get(f"http://127.0.0.1:{port}/{path}", headers={"Host": host})
                asked[host, path] = answer.status
        assert set(asked.values()) <= {400, 403}
        for host in ("localhost", f"LOCALHOST:{port}", f"127.0.0.1:{port}", "[::1]:9464"):
            answer = await browser.get(f"http://127.0.0.1:{port}/metrics", headers={"Host": host})
            assert answer.status == 200


async def test_a_port_that_was_opened_to_others_is_asked_by_any_name(browser: ClientSession) -> None:
    """Where an administrator has it listen beyond loopback, a collector asks by the machine's name."""
    port = free_port()
    probes = Probes(cast("Store", Ready()), SystemClock(), lambda _: None, {})
    async with AsyncExitStack() as stack:
        await app._administration(stack, ("0.0.0.0", port), probes, None)
        answer = await browser.get(f"http://127.0.0.1:{port}/metrics", headers={"Host": f"muster:{port}"})
        assert answer.status == 200


class Ready:
    """A store that is there."""

    async def ready(self) -> None:
        """Be there."""


async def test_an_administrator_s_port_that_is_taken() -> None:
    """A port that somebody else has is named with the setting to change."""
    probes = Probes(cast("Store", None), SystemClock(), lambda _: None, {})
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        async with AsyncExitStack() as stack:
            with pytest.raises(SettingsError, match=f"MUSTER_ADMIN_PORT is {port}, which cannot be listened on"):
                await app._administration(stack, ("127.0.0.1", port), probes, None)


async def test_a_bot_of_many_tenants_signs_in_where_such_bots_do(cloud: Cloud, tmp_path: Path) -> None:
    """A MultiTenant registration's connector token comes from the tenant of all bots, Graph's from its own."""
    async with running(cloud, tmp_path, MicrosoftAppType="MultiTenant") as journey:
        tenant = cloud.tenant
        await journey.teams.say(tenant.ana, tenant.incidents, "meet now")
        await journey.until(lambda: bool(journey.texts(tenant.incidents)))
    paths = {exchange.path.split("/")[1] for exchange in cloud.journal.find("entra.token")}
    assert paths == {"botframework.com", cloud.tenant_id}
