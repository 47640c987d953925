"""Bots that Graph tells of calls: behind the cloud's public address, which Graph reaches over HTTPS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import app
from bot.calls import WatchKey
from bot.graph import encryption
from bot.leases import Settled, TimerClaim
from bot.ports import Decide, Watch
from bot.sandbox.cloud import Cloud
from bot.sandbox.meetings import Meeting
from bot.sandbox.tenant import Chat
from tests.chaos.broken import Around
from tests.journeys.fast_clock import FastClock, bot
from tests.journeys.harness import Journey

SEALING = "the same for all bots of these tests, or their keys would not open"
KEYS: list[WatchKey] = []


class MovedClock(FastClock):
    """A clock that runs, and can be moved on by hand; whoever sleeps wakes when it is time."""

    def __init__(self, speed: float = 30) -> None:
        super().__init__(speed)
        self._moved_by = 0
        self._moved = asyncio.Event()

    def now(self) -> int:
        """Return ms UTC."""
        return super().now() + self._moved_by

    def advance(self, *, minutes: float) -> None:
        """Move on."""
        self._moved_by += round(minutes * 60_000)
        self._moved.set()
        self._moved = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        """Return when this clock has come so far."""
        until = self.now() + seconds * 1000
        while (left := until - self.now()) > 0:
            moved = asyncio.ensure_future(self._moved.wait())
            slept = asyncio.ensure_future(super().sleep(left / 1000))
            try:
                await asyncio.wait({moved, slept}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                moved.cancel()
                slept.cancel()


class Spared(Around):
    """Makes no key where another bot of this run has made one already: a key takes a tenth of a second."""

    def __init__(self, part: Watch) -> None:
        super().__init__(part)
        self._used = 0

    async def make_key(self, now: int) -> WatchKey:
        """Return this bot's next key."""
        if self._used == len(KEYS):
            KEYS.append(await self._part.make_key(now))
        self._used += 1
        return replace(KEYS[self._used - 1], serves_until=now + encryption.SERVES)


@asynccontextmanager
async def watched(cloud: Cloud, folder: Path, replaced: app.Replaced = app.REAL, **more: str) -> AsyncIterator[Journey]:
    """Run one bot that is told of calls; `more` are settings."""
    cloud.sealing_key = SEALING
    await cloud.watching()
    async with bot(cloud, folder, replaced._replace(wrap_watch=Spared), **more) as journey:
        cloud.front.targets.append(journey.url)
        yield journey


class Noted(Around):
    """A store that says how each timer was settled, in `outcomes`."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(None)
        self.outcomes: list[str] = []
        self._cloud = cloud

    def around(self, store: Any) -> Any:  # noqa: ANN401 - stands for a Store
        """Take a store's place."""
        self._part = store
        return self

    async def settle_timer(self, claim: TimerClaim, decide: Decide, now: int, fresh_id: str) -> Settled:
        """Settle and note."""
        settled: Settled = await self._part.settle_timer(claim, decide, now, fresh_id)
        self.outcomes.append(settled.reply.outcome if settled.reply else "stale")
        self._cloud.journal.changed()
        return settled


async def opened(journey: Journey, chat: Chat, words: str = "meet now Retro") -> Meeting:
    """Let Ana ask for a meeting, and return it when it is open and Graph tells of its calls."""
    await journey.teams.say(journey.cloud.tenant.ana, chat, words)
    await journey.until(lambda: any("Retro: open\n" in text for text in journey.texts(chat)))
    await journey.until(lambda: bool(journey.cloud.subscriptions.of(journey.cloud.graph.meetings[-1])))
    return journey.cloud.graph.meetings[-1]


async def shows(journey: Journey, chat: Chat, words: str) -> str:
    """Wait until a card in the chat has these words, and return all of it."""
    await journey.until(lambda: any(words in text for text in journey.texts(chat)))
    return next(text for text in journey.texts(chat) if words in text)
