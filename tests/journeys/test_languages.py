"""Posts speak the chat's language, whispers the person's (EXPERIENCE 1.10, ENGINE R16)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from aiohttp import web

import app
from bot.sandbox.cloud import Cloud
from bot.settings import Settings
from cards.words import spoken, words
from tests.journeys.harness import Journey

pytestmark = pytest.mark.usefixtures("untraced")

Started = Callable[..., AbstractAsyncContextManager[Journey]]


@pytest.fixture
def started(cloud: Cloud, tmp_path: Path) -> Started:
    """Return what starts the bot with some settings more."""

    @asynccontextmanager
    async def start(**more: str) -> AsyncIterator[Journey]:
        environment = cloud.environment(0) | {"MUSTER_STORE": f"sqlite:///{tmp_path}/muster.db"} | more
        runner = web.AppRunner(app.build(Settings.from_env(environment)), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield Journey(cloud, cloud.client(f"{url}/api/messages"), url)
        await runner.cleanup()

    return start


def told(journey: Journey, times: int) -> bool:
    """Say whether so much was whispered in the channel."""
    return len(journey.whispers(journey.cloud.tenant.incidents)) == times


async def test_a_post_speaks_the_chats_language_and_a_whisper_the_persons(cloud: Cloud, started: Started) -> None:
    """In an Arabic channel everybody reads an Arabic card; who asks again in French is told so in French alone."""
    tenant = cloud.tenant
    arabic, french, english = words("ar"), words("fr"), words("en")
    async with started(MUSTER_LANGUAGE="ar", MUSTER_LANGUAGES="fr") as journey:
        await journey.teams.say(tenant.ana, tenant.incidents, "meet now")
        await journey.until(lambda: len(journey.texts(tenant.incidents)) == 1)
        (post,) = [post for post in cloud.posts(tenant.incidents) if post.sender.startswith("28:")]
        assert post.card is not None
        assert (post.card["lang"], post.card["rtl"]) == ("ar", True)
        text = journey.texts(tenant.incidents)[0]
        subject = arabic("Meeting with {name}").format(name="Ana Lima")
        assert text.startswith(f"\u2068{subject}\u2069{arabic('{subject}: open').removeprefix('{subject}')}\n")
        assert "(UTC+1)" in text
        for place, (person, says) in enumerate([(tenant.chloe, french), (tenant.kim, english), (tenant.ben, english)]):
            await journey.teams.say(person, tenant.incidents, "help")
            await journey.until(partial(told, journey, place + 1))
            assert says("a meeting here, right away") in journey.whispers(tenant.incidents)[place]


@pytest.mark.parametrize("language", [tag for tag in spoken() if tag != "en"])
async def test_in_a_one_to_one_the_person_is_spoken_to(language: str, cloud: Cloud, started: Started) -> None:
    """In a chat with Muster alone the card is in the person's language, whatever the others speak."""
    tenant, says = cloud.tenant, words(language)
    tenant.ana.locale = language
    own = tenant.personal_chat(tenant.ana)
    async with started(MUSTER_LANGUAGES="all") as journey:
        await journey.teams.say(tenant.ana, own, "meet now Retro")
        await journey.until(lambda: len(journey.texts(own)) == 1)
        assert says("No phone dial-in for this meeting.") not in journey.texts(own)[0]
        assert says("This meeting has its own chat.") in journey.texts(own)[0]


async def test_a_language_that_is_off_is_not_spoken(cloud: Cloud, started: Started) -> None:
    """Whose language nobody has read through is answered in English until an administrator switches it on."""
    tenant = cloud.tenant
    own = tenant.personal_chat(tenant.chloe)
    async with started() as journey:
        await journey.teams.say(tenant.chloe, own, "meet now Retro")
        await journey.until(lambda: len(journey.texts(own)) == 1)
        assert "This meeting has its own chat." in journey.texts(own)[0]
