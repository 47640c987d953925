"""An administrator takes a host or a tenant off a list and restarts: what was still to be done there stays undone."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest

import app
from bot.errors import Rejected
from bot.ports import Messenger
from bot.sandbox.cloud import Cloud
from tests.chaos.broken import Around
from tests.journeys.fast_clock import FastClock, bot


class Listening(Around):
    """Hears when a post is not to be sent."""

    def __init__(self, messenger: Messenger) -> None:
        super().__init__(messenger)
        self.unsent = asyncio.Event()

    async def post(self, *args: Any, **named: Any) -> str:  # noqa: ANN401 - as the messenger takes them
        """Post, or hear that it may not be."""
        try:
            return cast("str", await self._part.post(*args, **named))
        except Rejected:
            self.unsent.set()
            raise


@pytest.mark.parametrize(
    "shorter",
    [
        {"MUSTER_CONNECTOR_HOSTS": "smba.trafficmanager.net"},
        {"MUSTER_TENANTS": "e4a34d8f-0000-4000-8000-000000000000"},
    ],
    ids=lambda shorter: next(iter(shorter)),
)
async def test_a_card_that_waits_is_not_posted_where_a_list_got_shorter(
    tmp_path: Path, shorter: dict[str, str]
) -> None:
    """A card that Teams had not taken before the restart goes nowhere after it, and neither does the bot's token."""
    clock = FastClock(30)
    async with Cloud(clock=clock) as cloud:
        tenant, find = cloud.tenant, cloud.journal.find
        cloud.faults.inject("connector-503", on="connector.post")
        async with bot(cloud, tmp_path, app.Replaced(clock=clock)) as before:
            await before.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
            await before.until(lambda: any(call.done for call in find("connector.post")))
        cloud.faults.clear()
        asked = len(find("connector.post"))
        heard: list[Listening] = []

        def listening(messenger: Messenger) -> Messenger:
            heard.append(Listening(messenger))
            return cast("Messenger", heard[0])

        async with bot(cloud, tmp_path, app.Replaced(clock=clock, wrap_messenger=listening), **shorter):
            await asyncio.wait_for(heard[0].unsent.wait(), 60)
        assert len(find("connector.post")) == asked
        assert cloud.bot_posts(tenant.incidents) == []
