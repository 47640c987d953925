"""What goes wrong on the way into Teams, each once and alone, and how people come out of it (ENGINE R15 to R19)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

import app
from bot.sandbox.cloud import Cloud
from bot.sandbox.posts import Post
from tests.journeys.fast_clock import FastClock, bot
from tests.journeys.harness import Journey

pytestmark = pytest.mark.usefixtures("untraced")


@pytest.fixture
def clock() -> FastClock:
    """A clock on which a second takes a twentieth of one."""
    return FastClock(20.0)


@pytest.fixture
async def hurried(clock: FastClock, tmp_path: Path) -> AsyncIterator[Journey]:
    """The bot and Teams' rate limits on a clock that runs fast."""
    async with Cloud(clock=clock) as cloud:
        cloud.connector.limits.on = True
        async with bot(cloud, tmp_path, app.Replaced(clock=clock)) as journey:
            yield journey


def ours(journey: Journey) -> list[Post]:
    """Return what the bot posted in the channel."""
    return journey.cloud.bot_posts(journey.cloud.tenant.incidents)


async def opened(journey: Journey, text: str = "Retro: open\n") -> None:
    """Wait until a card of the channel says so."""
    await journey.until(lambda: any(text in words for words in journey.texts(journey.cloud.tenant.incidents)))


@pytest.mark.parametrize(
    ("fault", "limits", "posts"),
    [
        ("connector-429", {"retry_after": 2.128}, 1),
        ("connector-429", {}, 1),
        ("connector-412", {}, 1),
        ("connector-503", {}, 1),
        ("connector-500", {}, 1),
        ("connector-502", {}, 1),
        ("connector-reset", {}, 1),
        ("connector-502-after", {}, 2),
        ("connector-reset-after", {}, 2),
    ],
)
async def test_a_fault_on_the_way_into_teams_ends_in_one_meeting(
    hurried: Journey, fault: str, limits: dict[str, Any], posts: int
) -> None:
    """Each fault ends in one meeting and one card; only where Teams lost the answer there are two (R15)."""
    tenant = hurried.cloud.tenant
    hurried.cloud.faults.inject(fault, on="connector.post", times=1, **limits)
    await hurried.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    calls = hurried.cloud.journal.find
    await hurried.until(lambda: len([call for call in calls("connector.post") if call.done]) == 2)
    await opened(hurried)
    assert hurried.made() == 1
    assert len(ours(hurried)) == posts
    if fault == "connector-429" and limits:
        first, second = calls("connector.post")
        assert second.at - first.at >= 2_128


async def test_a_revoked_token_is_replaced_within_the_same_send(hurried: Journey) -> None:
    """Teams refuses all cached tokens: Muster asks for a new one and the card is posted once."""
    tenant = hurried.cloud.tenant
    await hurried.teams.say(tenant.ben, tenant.leads, "help")
    await hurried.until(lambda: bool(hurried.whispers(tenant.leads)))
    hurried.cloud.entra.revoke()
    await hurried.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await opened(hurried)
    assert (hurried.made(), len(ours(hurried))) == (1, 1)


@pytest.mark.parametrize("why", ["connector-403", "connector-404", "removed"])
async def test_a_chat_that_is_gone_is_left_alone(hurried: Journey, why: str) -> None:
    """Where Teams says that Muster is not there it posts once and never again, until it is spoken to."""
    tenant = hurried.cloud.tenant
    tenant.incidents.installed = why != "removed"
    if tenant.incidents.installed:
        hurried.cloud.faults.inject(why, on="connector.post", times=1)
    await hurried.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await hurried.until(lambda: bool(hurried.cloud.journal.find("connector.post")))
    await hurried.teams.say(tenant.ben, tenant.leads, "help")
    await hurried.until(lambda: bool(hurried.whispers(tenant.leads)))
    assert len(hurried.cloud.journal.find("connector.post")) == 1
    tenant.incidents.installed = True
    await hurried.teams.say(tenant.ben, tenant.incidents, "meet now")
    await hurried.until(lambda: bool(hurried.whispers(tenant.incidents)))
    assert "There's already a meeting here" in hurried.whispers(tenant.incidents)[0]


async def test_forty_requests_in_one_chat_stay_within_teams_limits(hurried: Journey) -> None:
    """Forty people write in one chat: Teams' limits are never met, and each is answered."""
    tenant = hurried.cloud.tenant
    people = [tenant.add_person(f"Person {n}") for n in range(40)]
    tenant.incidents.members.extend(person.oid for person in people)
    told = await asyncio.gather(*(hurried.teams.say(person, tenant.incidents, "help") for person in people))
    assert {delivery.status for delivery in told} == {202}
    await hurried.until(lambda: len({post.visible_to for post in hurried.cloud.whispers(tenant.incidents)}) == 40)
    sends = hurried.cloud.journal.find("connector.whisper")
    await hurried.until(lambda: all(call.done for call in sends))
    assert {call.status for call in sends} == {201}
    assert len(sends) == 40


async def test_a_noisy_chat_does_not_delay_a_quiet_one(hurried: Journey) -> None:
    """While a chat is held up by its own noise, the card of another chat is posted at once."""
    tenant = hurried.cloud.tenant
    gate = hurried.cloud.hold("connector.*", times=100, where=lambda call: tenant.leads.thread_id in unquote(call.path))
    for person in (tenant.ana, tenant.ben, tenant.chloe):
        await hurried.teams.say(person, tenant.leads, "help")
    await gate.reached
    await hurried.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await opened(hurried)
    assert len(gate.held) == 1  # one at a time in the noisy chat
    gate.release()
    await hurried.until(lambda: len(hurried.whispers(tenant.leads)) == 3)


async def test_a_stray_copy_is_taken_away_when_it_is_pressed(hurried: Journey, clock: FastClock) -> None:
    """Teams lost the answer to the first post, so there are two cards: pressing either leaves one, and answers."""
    tenant = hurried.cloud.tenant
    hurried.cloud.faults.inject("connector-502-after", on="connector.post", times=1)
    with clock.standing():  # so that the first post is no "opening" card, which has nothing to press
        await hurried.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
        await hurried.until(lambda: len(ours(hurried)) == 1)
    await hurried.until(lambda: len(ours(hurried)) == 2)
    await hurried.teams.say(tenant.ben, tenant.incidents, "help")
    await hurried.until(lambda: bool(hurried.whispers(tenant.incidents)))
    stray, live = ours(hurried)
    pressed = await hurried.teams.press(tenant.ben, stray, "Details as text")
    assert "+44 20 7946 0123" in str(pressed.body)
    await hurried.until(lambda: stray.deleted)
    assert ours(hurried) == [live]


async def test_a_lost_post_that_is_pressed_in_time_is_adopted(hurried: Journey, clock: FastClock) -> None:
    """Who presses the card before it is posted again keeps it from being posted again."""
    tenant = hurried.cloud.tenant
    gate = hurried.cloud.hold("connector.post", when="after")
    with clock.standing():  # so that the post is no "opening" card, and is pressed before it is posted again
        await hurried.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
        await gate.reached
        (post,) = ours(hurried)
        pressed = await hurried.teams.press(tenant.ben, post, "Details as text")
        assert "+44 20 7946 0123" in str(pressed.body)
        gate.drop()
    await hurried.until(lambda: post.edits == 1)
    assert len(hurried.cloud.journal.find("connector.post")) == 1


async def test_a_stray_that_cannot_be_deleted_points_to_the_live_card(hurried: Journey, clock: FastClock) -> None:
    """Where Teams refuses the deletion, the copy says where the live card is."""
    tenant = hurried.cloud.tenant
    hurried.cloud.faults.inject("connector-502-after", on="connector.post", times=1)
    hurried.cloud.faults.inject("connector-403", on="connector.delete")
    with clock.standing():  # so that the first post is no "opening" card, which has nothing to press
        await hurried.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
        await hurried.until(lambda: len(ours(hurried)) == 1)
    await hurried.until(lambda: len(ours(hurried)) == 2)
    await hurried.teams.say(tenant.ben, tenant.incidents, "help")
    await hurried.until(lambda: bool(hurried.whispers(tenant.incidents)))
    stray, _ = ours(hurried)
    await hurried.teams.press(tenant.ben, stray, "Details as text")
    await hurried.until(lambda: stray.text == "The live card is below.")


async def test_who_cannot_be_whispered_to_is_told_in_their_own_chat(hurried: Journey) -> None:
    """A tenant without targeted messages: the first is tried, later ones go to the person's own chat directly."""
    tenant = hurried.cloud.tenant
    hurried.cloud.connector.targeted = False
    own = tenant.personal_chat(tenant.ben)
    await hurried.teams.say(tenant.ben, tenant.incidents, "help")
    await hurried.until(lambda: len(hurried.texts(own)) == 1)
    await hurried.teams.say(tenant.ben, tenant.incidents, "help meet")
    await hurried.until(lambda: len(hurried.texts(own)) == 2)
    counts = hurried.cloud.journal.counts()
    assert (counts["connector.whisper"], counts["connector.create"]) == (1, 1)
    assert hurried.texts(tenant.incidents) == []


async def test_a_button_that_went_to_the_own_chat_works_there(hurried: Journey) -> None:
    """A whisper that went to the person's own chat is pressed there, and does what it says."""
    tenant = hurried.cloud.tenant
    hurried.cloud.connector.targeted = False
    own = tenant.personal_chat(tenant.ben)
    await hurried.teams.say(tenant.ben, tenant.incidents, "halp")
    await hurried.until(lambda: len(hurried.texts(own)) == 1)
    await hurried.teams.say(tenant.ben, own, "help", mention=False)  # the outcome of the first is stored by then
    await hurried.until(lambda: len(hurried.texts(own)) == 2)
    pressed = await hurried.teams.press(tenant.ben, hurried.cloud.bot_posts(own)[0], "Help")
    assert "meet now" in str(pressed.body)


async def test_the_ladder_ends_in_a_neutral_line_never_in_silence(hurried: Journey) -> None:
    """Who can neither be whispered to nor has a chat with Muster is told in one line that blames nobody."""
    tenant = hurried.cloud.tenant
    hurried.cloud.connector.targeted = False
    tenant.kim.app_installed = False
    await hurried.teams.say(tenant.kim, tenant.incidents, "help")
    await hurried.until(lambda: len(hurried.texts(tenant.incidents)) == 1)
    assert hurried.texts(tenant.incidents)[0].startswith("@Kim Park, I couldn't do that here. Details: reference ")


async def test_what_is_too_big_for_teams_is_given_up(hurried: Journey) -> None:
    """A definite refusal is not repeated."""
    tenant = hurried.cloud.tenant
    hurried.cloud.faults.inject("connector-413", on="connector.post")
    await hurried.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await hurried.until(lambda: bool(hurried.cloud.journal.find("connector.post")))
    await hurried.teams.say(tenant.ben, tenant.incidents, "help")
    await hurried.until(lambda: bool(hurried.whispers(tenant.incidents)))
    assert len(hurried.cloud.journal.find("connector.post")) == 1


async def test_a_sixth_meeting_in_a_minute_has_to_wait(hurried: Journey) -> None:
    """Who opens many meetings in a minute is asked to wait, with the seconds."""
    tenant = hurried.cloud.tenant
    chats = [tenant.add_channel(f"channel {n}") for n in range(6)]
    for chat in chats:
        await hurried.teams.say(tenant.ana, chat, "meet now")
    await hurried.until(lambda: bool(hurried.whispers(chats[-1])))
    assert hurried.whispers(chats[-1])[0].startswith("That's many meetings in one minute. Try again in ")
    await hurried.until(lambda: hurried.made() == 5)


async def test_a_pause_that_graph_asks_for_is_kept_by_every_chat(hurried: Journey) -> None:
    """Graph asks one chat to wait: no other chat of the tenant asks Graph before that, and all get their meetings."""
    tenant = hurried.cloud.tenant
    hurried.cloud.faults.inject("429", times=1, retry_after=6.5)
    await hurried.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await opened(hurried, "Retro: not open yet")
    await hurried.teams.say(tenant.ben, tenant.leads, "meet now")
    await hurried.until(lambda: hurried.made() == 2)
    first, *others = hurried.cloud.journal.find("graph.createOrGet")
    assert min(call.at for call in others) - first.at >= 6_500
