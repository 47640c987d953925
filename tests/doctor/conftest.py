"""One cloud in which all is well, and settings for it; faults are put in and taken out again."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from bot.sandbox.cloud import Cloud


@pytest.fixture(autouse=True)
def no_other_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave this machine's certificates, and whether it is a container, out of it."""
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)
    monkeypatch.setattr("bot.settings.CONTAINER_MARKS", ())


@pytest.fixture
async def cloud() -> AsyncIterator[Cloud]:
    """Start Microsoft's side, with a public address that leads to a Muster that is well."""

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    application = web.Application()
    application.router.add_get("/healthz", healthz)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with Cloud() as running:
        await running.watching()
        running.front.targets = [f"http://127.0.0.1:{runner.addresses[0][1]}"]
        yield running
    await runner.cleanup()


@pytest.fixture
def environment(cloud: Cloud, tmp_path: Path) -> dict[str, str]:
    """The settings that an administrator who has done everything has."""
    store = f"sqlite:///{tmp_path}/muster.db"
    return cloud.environment(0) | {"MUSTER_STORE": store, "MUSTER_ADMINS": cloud.tenant.ana.oid}
