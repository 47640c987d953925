"""Who cannot do anything about a missing access policy lets those know who can (EXPERIENCE 1.19, 2 POLICY)."""

from __future__ import annotations

from pathlib import Path

import pytest

import app
from bot.sandbox.cloud import Cloud
from bot.sandbox.posts import Post
from bot.sandbox.tenant import Person
from tests.journeys.fast_clock import FastClock, bot
from tests.journeys.harness import Journey, words


@pytest.fixture
def clock() -> FastClock:
    """A second lasts fifty milliseconds."""
    return FastClock(20.0)


@pytest.fixture
async def cloud(clock: FastClock) -> Cloud:
    """Return a cloud on the fast clock, whose tenant has no access policy."""
    cloud = Cloud(clock=clock)
    cloud.faults.inject("policy")
    return cloud


async def offered(journey: Journey, person: Person, subject: str) -> Post:
    """Let somebody ask in the channel, and return the whisper that offers to tell the administrator."""
    chat = journey.cloud.tenant.incidents
    await journey.teams.say(person, chat, f"meet now {subject}")

    def offers() -> list[Post]:
        seen = journey.cloud.whispers(chat, person.id)
        return [post for post in seen if "Tell the admin" in str(post.card)]

    await journey.until(lambda: bool(offers()))
    return offers()[-1]


async def test_an_administrator_hears_once_of_all_who_are_affected(
    cloud: Cloud, clock: FastClock, tmp_path: Path
) -> None:
    """However many people press it, one message a day says what to type, for whom, and how many need it."""
    replaced = app.Replaced(clock=clock)
    async with (
        cloud,
        bot(cloud, tmp_path, replaced, MUSTER_ADMINS=cloud.tenant.chloe.oid, MUSTER_AUTH="app") as journey,
    ):
        tenant = cloud.tenant
        posts = [await offered(journey, person, person.first_name) for person in (tenant.ana, tenant.ben)]
        told = await journey.teams.press(tenant.ben, posts[1], "Tell the admin")
        assert "I'm writing to your administrator" in told.body["value"]
        own = tenant.personal_chat(tenant.chloe)
        await journey.until(lambda: bool(journey.texts(own)))
        (text,) = [text.replace("\\", "") for text in journey.texts(own)]
        assert "2 people asked within a day." in text
        assert f'Grant-CsApplicationAccessPolicy -PolicyName Muster -Identity "{tenant.ben.oid}"' in text
        await journey.teams.press(tenant.ana, posts[0], "Tell the admin")
        await journey.teams.say(tenant.ben, tenant.leads, "help")
        await journey.until(lambda: bool(journey.whispers(tenant.leads)))
        assert len(journey.texts(own)) == 1


async def test_who_is_asked_to_sign_in_may_do_something_else(cloud: Cloud, clock: FastClock, tmp_path: Path) -> None:
    """A sign-in is not the only way on: somebody else can host, and the administrator can be told."""
    async with cloud, bot(cloud, tmp_path, app.Replaced(clock=clock)) as journey:
        tenant = cloud.tenant
        post = await offered(journey, tenant.ana, "Retro")
        assert "Retro without signing in:" in words(post.card)
        told = await journey.teams.press(tenant.ana, post, "Tell the admin")
        assert "I don't know who your administrator is." in told.body["value"]
        await journey.teams.press(tenant.ana, post, "Ask someone here to host")
        chat = tenant.incidents
        await journey.until(lambda: any("Ana Lima would like to meet here." in text for text in journey.texts(chat)))


async def test_an_administrator_without_the_bot_is_told_nowhere_else(
    cloud: Cloud, clock: FastClock, tmp_path: Path
) -> None:
    """What is an administrator's to read stands in no channel, also when they have no chat with the bot."""
    replaced = app.Replaced(clock=clock)
    nobody = "99999999-0000-4000-8000-000000000009"
    async with cloud, bot(cloud, tmp_path, replaced, MUSTER_ADMINS=nobody, MUSTER_AUTH="app") as journey:
        tenant = cloud.tenant
        post = await offered(journey, tenant.ana, "Retro")
        await journey.teams.press(tenant.ana, post, "Tell the admin")
        (tried,) = await cloud.journal.wait("connector.create")
        assert tried.status == 403
        await journey.teams.say(tenant.ben, tenant.leads, "help")
        await journey.until(lambda: bool(journey.whispers(tenant.leads)))
        assert not any("PolicyName" in text for text in journey.texts(tenant.incidents))
