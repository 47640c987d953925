"""Bots that Graph tells of calls: behind the cloud's public address, which Graph reaches over HTTPS."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import app
from bot.sandbox.cloud import Cloud
from bot.sandbox.meetings import Meeting
from bot.sandbox.tenant import Chat
from tests.journeys.fast_clock import bot
from tests.journeys.harness import Journey


@asynccontextmanager
async def watched(cloud: Cloud, folder: Path, replaced: app.Replaced = app.REAL, **more: str) -> AsyncIterator[Journey]:
    """Run one bot that is told of calls; `more` are settings."""
    settings = await cloud.watching() | more
    async with bot(cloud, folder, replaced, **settings) as journey:
        cloud.front.targets.append(journey.url)
        yield journey


async def opened(journey: Journey, chat: Chat, words: str = "meet now Retro") -> Meeting:
    """Let Ana ask for a meeting, and return it when it is open and Graph tells of its calls."""
    await journey.teams.say(journey.cloud.tenant.ana, chat, words)
    await journey.until(lambda: any("Retro: open\n" in text for text in journey.texts(chat)))
    await journey.until(lambda: bool(journey.cloud.journal.find("graph.subscribe")))
    return journey.cloud.graph.meetings[-1]


async def shows(journey: Journey, chat: Chat, words: str) -> str:
    """Wait until a card in the chat has these words, and return all of it."""
    await journey.until(lambda: any(words in text for text in journey.texts(chat)))
    return next(text for text in journey.texts(chat) if words in text)
