"""Meetings at another time, and what is asked before one is opened (WO4.1, EXPERIENCE 1.12, 5 (a) and (d))."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest

import app
from bot.ports import Store
from bot.sandbox.cloud import Cloud
from bot.sandbox.posts import Post
from tests.journeys.fast_clock import bot
from tests.journeys.hand_clock import HandClock, Watched, comes
from tests.journeys.harness import Journey, words

pytestmark = pytest.mark.usefixtures("untraced")


@pytest.fixture
def clock() -> HandClock:
    """The time of the cloud and of the bot."""
    return HandClock()


@pytest.fixture
async def cloud(clock: HandClock) -> AsyncIterator[Cloud]:
    """Start Entra, Graph and Teams on the clock that the test moves."""
    async with Cloud(clock=clock) as running:
        yield running


def watched(clock: HandClock) -> app.Replaced:
    """Return the bot's parts that know the clock."""
    return app.Replaced(clock=clock, wrap_store=lambda store: cast("Store", Watched(store, clock)))


async def shows(journey: Journey, clock: HandClock, said: str) -> None:
    """Move the clock second by second until the channel shows this."""
    chat = journey.cloud.tenant.incidents
    await comes(journey, clock, lambda: any(said in text for text in journey.texts(chat)))


def mentions(post: Post) -> list[str]:
    """Return who is mentioned in a card."""
    entities = (post.card or {}).get("msteams", {}).get("entities", [])
    return [entity["mentioned"]["name"] for entity in entities]


async def test_a_planned_meeting_starts_once_also_after_a_restart(
    cloud: Cloud, clock: HandClock, tmp_path: Path
) -> None:
    """The meeting is there at once, its post says when it starts, and at its start one post calls people in."""
    tenant = cloud.tenant
    async with bot(cloud, tmp_path, watched(clock)) as journey:
        await journey.teams.say(tenant.ana, tenant.incidents, "meet in 20m Retro @Ben")
        await shows(journey, clock, ": starts ")
        assert journey.made() == 1
        await journey.teams.say(tenant.ben, tenant.incidents, "meet now Lunch")
        await shows(journey, clock, "Lunch: open\n")
    await clock.move(22 * 60)
    async with bot(cloud, tmp_path, watched(clock)) as journey:
        await shows(journey, clock, " starts now.")
        await clock.move(120)
        assert journey.made() == 2
        planned, _, start = cloud.bot_posts(tenant.incidents)
        await comes(journey, clock, lambda: ": open\n" in words(planned.card))
        assert mentions(start) == ["Ana Lima", "Ben Okafor"]
        assert (planned.card or {})["msteams"] == {"width": "Full"}


async def test_a_planned_meeting_that_is_ended_never_starts(cloud: Cloud, clock: HandClock, tmp_path: Path) -> None:
    """Whoever planned it ends it before it began: its post says so, and nobody is called in at its time."""
    tenant = cloud.tenant
    async with bot(cloud, tmp_path, watched(clock)) as journey:
        await journey.teams.say(tenant.ana, tenant.incidents, "meet in 20m Retro")
        await shows(journey, clock, ": starts ")
        await journey.teams.say(tenant.ana, tenant.incidents, "end")
        await shows(journey, clock, "Retro: ended\nThe old link may still open")
        await clock.move(25 * 60)
        (post,) = cloud.bot_posts(tenant.incidents)
        assert words(post.card).startswith("Retro: ended\n")


async def test_bare_meet_asks_and_one_button_plans_one_meeting(cloud: Cloud, clock: HandClock, tmp_path: Path) -> None:
    """Talk about a meeting opens none; the question's button plans it for the time it names, and only once."""
    tenant = cloud.tenant
    async with bot(cloud, tmp_path, watched(clock)) as journey:
        await journey.teams.say(tenant.ana, tenant.incidents, "meet tomorrow at nine works for me")
        await journey.until(lambda: bool(cloud.whispers(tenant.incidents)))
        assert "Now, or tomorrow?" in journey.whispers(tenant.incidents)[0]
        assert journey.made() == 0
        (question,) = cloud.whispers(tenant.incidents)
        assert (await journey.teams.press(tenant.ana, question, "Tomorrow 9:00")).problems() == []
        await shows(journey, clock, ": starts ")
        await clock.move(90)
        again = await journey.teams.press(tenant.ana, question, "Tomorrow 9:00")
        assert "already" in str(again.body["value"])
        assert journey.made() == 1


async def test_people_ask_in_their_own_writing(cloud: Cloud, clock: HandClock, tmp_path: Path) -> None:
    """Full-width letters, Japanese without blanks, Arabic with the mention at its end: each opens what was meant."""
    tenant = cloud.tenant
    async with bot(cloud, tmp_path, watched(clock)) as journey:
        await journey.teams.say(tenant.ana, tenant.incidents, "会議\uff11\uff15時30分")
        await shows(journey, clock, ": starts ")
        await journey.teams.say(tenant.ben, tenant.incidents, "اجتماع الآن @Muster من فضلك")
        await shows(journey, clock, ": open\n")
        await journey.teams.say(tenant.kim, tenant.incidents, "@Muster")
        await journey.until(lambda: any("Meet now?" in text for text in journey.whispers(tenant.incidents)))
        assert journey.made() == 2
