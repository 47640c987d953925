"""A press whose result is not there while its response waits: the person still gets it, once (ENGINE R14)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import app
from bot.ports import Store
from bot.sandbox.cloud import Cloud
from tests.journeys.fast_clock import FastClock, bot

STOPPED = "No meeting is waiting to be opened here."


class Slow:
    """A store that decides no turn while the test holds it, and says when one waits for that."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.goes = asyncio.Event()
        self.goes.set()
        self.held = asyncio.Event()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the store has
        """Return the store's method."""
        return getattr(self._store, name)

    async def settle_turn(self, *arguments: Any) -> Any:  # noqa: ANN401 - as the store's
        """Decide when the test lets go."""
        if not self.goes.is_set():
            self.held.set()
        await self.goes.wait()
        return await self._store.settle_turn(*arguments)


async def test_a_result_that_comes_too_late_for_the_response_is_whispered(tmp_path: Path) -> None:
    """Who pressed and was told to wait gets the result as a whisper; who was answered at once gets none besides."""
    clock = FastClock(10.0)
    stores: list[Slow] = []

    def slow(store: Store) -> Store:
        stores.append(Slow(store))
        return cast("Store", stores[0])

    async with Cloud(clock=clock) as cloud, bot(cloud, tmp_path, app.Replaced(clock=clock, wrap_store=slow)) as journey:
        tenant = cloud.tenant
        cloud.faults.inject("forbidden", on="graph.createOrGet", times=1)
        await journey.teams.say(tenant.ana, tenant.leads, "meet now Retro")
        await journey.until(lambda: any("not opened" in text for text in journey.texts(tenant.leads)))
        (post,) = cloud.bot_posts(tenant.leads)
        action = {"type": "Action.Execute", "verb": "stop", "data": {"text": "stop trying", "v": "9"}}
        press = journey.teams.scribe.press(tenant.ben, post, action, at=clock.now(), inputs={})
        stores[0].goes.clear()
        late = await journey.teams.send(press)
        assert late.problems() == []
        assert "Working on it" in late.body["value"]
        assert journey.whispers(tenant.leads) == []
        stores[0].goes.set()
        await journey.until(lambda: bool(journey.whispers(tenant.leads)))
        action["data"] = {"text": "stop trying", "v": "10"}
        again = await journey.teams.send(
            journey.teams.scribe.press(tenant.ben, post, action, at=clock.now(), inputs={})
        )
        assert STOPPED in again.body["value"]
        await journey.teams.say(tenant.ben, tenant.incidents, "help")
        await journey.until(lambda: bool(journey.whispers(tenant.incidents)))
        (whisper,) = journey.whispers(tenant.leads)
        assert STOPPED in whisper
