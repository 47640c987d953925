"""The card tells who is in: from open to live, empty, live again and ended (EXPERIENCE 2, 1.17, 1.18)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import app
from bot.sandbox.cloud import Cloud
from tests.journeys.fast_clock import FastClock
from tests.journeys.harness import Journey
from tests.journeys.watched import opened, shows, watched


@pytest.fixture
async def told(cloud: Cloud, tmp_path: Path) -> AsyncIterator[Journey]:
    """A bot that Graph tells of calls, whose clock runs 30 times as fast."""
    async with watched(cloud, tmp_path, app.Replaced(clock=FastClock(30))) as journey:
        yield journey


async def test_the_card_follows_people(told: Journey) -> None:
    """People come in, leave, come back and leave for good: the one card says so each time, and ends with the digest."""
    tenant, chat = told.cloud.tenant, told.cloud.tenant.incidents
    meeting = await opened(told, chat)
    await told.cloud.calls.join(meeting, tenant.ana)
    await shows(told, chat, "Retro: live, 1 person")
    await told.cloud.calls.join(meeting, tenant.ben, "+44 20 7946 0999")
    await shows(told, chat, "Retro: live, 3 people")
    await told.teams.say(tenant.chloe, chat, "meet now")
    await told.until(lambda: any("live since" in text and "3 people" in text for text in told.whispers(chat)))
    await told.cloud.calls.leave(meeting, tenant.ana, tenant.ben, "+44 20 7946 0999")
    assert "The last person left at" in await shows(told, chat, "Retro: empty")
    await told.cloud.calls.join(meeting, tenant.ben)
    await shows(told, chat, "Retro: live, 1 person")
    await told.cloud.calls.leave(meeting, tenant.ben)
    await shows(told, chat, "Retro: empty")
    ended = await shows(told, chat, "Retro: ended")
    assert "3 people, at most 3 at once" in ended
    assert "1 person, at most 1 at once" in ended
    assert len(told.texts(chat)) == 1
