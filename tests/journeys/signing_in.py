"""A bot whose people sign in, and what they see of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

import app
from bot.sandbox.cloud import Cloud
from bot.sandbox.posts import Post
from bot.sandbox.signing_in import SigningIn, sign_in_card
from bot.sandbox.tenant import Chat, Person
from bot.settings import Settings
from tests.journeys.harness import Journey


@asynccontextmanager
async def running(cloud: Cloud, settings: dict[str, str], replaced: app.Replaced = app.REAL) -> AsyncIterator[Journey]:
    """Start a bot with these settings; they name its store."""
    environment = cloud.environment(0) | settings
    runner = web.AppRunner(app.build(Settings.from_env(environment), replaced), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield Journey(cloud, cloud.client(f"{url}/api/messages"), url)
    finally:
        await runner.cleanup()


def account(journey: Journey) -> SigningIn:
    """Return how people sign in."""
    return journey.cloud.signing_in(journey.teams)


async def asked(journey: Journey, person: Person, chat: Chat, *, times: int = 1) -> Post:
    """Wait until somebody was asked to sign in so often, and return the newest card."""

    def cards() -> list[Post]:
        seen = journey.cloud.bot_posts(chat) if chat.kind == "personal" else journey.cloud.whispers(chat, person.id)
        return [post for post in seen if sign_in_card(post)]

    await journey.until(lambda: len(cards()) == times)
    return cards()[-1]


async def is_open(journey: Journey, chat: Chat, subject: str = "Retro") -> None:
    """Wait until the meeting is open; it is the only one, on the only card."""

    def shown() -> list[str]:
        return [text.replace("\\", "") for text in journey.texts(chat)]  # without the marks that keep "#" plain

    await journey.until(lambda: any(f"{subject}: open\n" in text for text in shown()))
    assert journey.made() == 1
    assert len([text for text in shown() if text.startswith(subject)]) == 1


def ways(journey: Journey) -> list[str]:
    """Return by whose permission Graph was asked to make a meeting, in order."""
    made = journey.cloud.journal.find("graph.createOrGet")
    return ["user" if "/me/" in call.path else "app" for call in made]
