"""Teams lost the answer to a post: who may read the chat finds the post, who may not posts twice (ENGINE R15)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import app
from bot.sandbox.cloud import Cloud
from bot.sandbox.posts import Post
from bot.sandbox.tenant import Chat
from tests.journeys.fast_clock import FastClock, bot
from tests.journeys.harness import Journey

pytestmark = pytest.mark.usefixtures("untraced")

GRANTS = {"ChannelMessage.Read.Group", "ChatMessage.Read.Chat"}


@pytest.fixture
async def reader(tmp_path: Path) -> AsyncIterator[Journey]:
    """A bot whose administrator lets it look for posts, on a clock that runs fast; no team has consented yet."""
    clock = FastClock(8)
    async with (
        Cloud(clock=clock) as cloud,
        bot(cloud, tmp_path, app.Replaced(clock=clock), MUSTER_READ_MESSAGES="on") as journey,
    ):
        yield journey


def ours(journey: Journey, chat: Chat) -> list[Post]:
    """Return what the bot posted for everybody in a chat."""
    return journey.cloud.bot_posts(chat)


async def settled(journey: Journey, chat: Chat, reads: int) -> None:
    """Wait until the chat was read so often and every card that stands there is open."""
    listed = journey.cloud.journal.find
    await journey.until(lambda: len([call for call in listed("graph.messages") if call.done]) == reads)
    await journey.until(lambda: any("Retro: open\n" in words for words in journey.texts(chat)))


@pytest.mark.parametrize("place", ["incidents", "leads"])
@pytest.mark.parametrize("fault", ["connector-reset-after", "connector-502-after"])
async def test_a_post_that_teams_lost_the_answer_to_is_found(reader: Journey, place: str, fault: str) -> None:
    """With the grant there is one card, in a channel and in a group chat, and it is kept true."""
    tenant = reader.cloud.tenant
    tenant.consents = set(GRANTS)
    chat: Chat = getattr(tenant, place)
    reader.cloud.faults.inject(fault, on="connector.post", times=1)
    await reader.teams.say(tenant.ana, chat, "meet now Retro")
    await settled(reader, chat, reads=1)
    await reader.until(lambda: ours(reader, chat)[0].edits == 1)  # what it showed was not known, so it is shown anew
    assert len(reader.cloud.journal.find("connector.post")) == 1
    pressed = await reader.teams.press(tenant.ben, ours(reader, chat)[0], "Details as text")
    assert "+44 20 7946 0123" in str(pressed.body)


async def test_a_card_without_buttons_is_found_too(reader: Journey) -> None:
    """While Graph is slow the card has nothing to press, and is known again all the same."""
    tenant = reader.cloud.tenant
    tenant.consents = set(GRANTS)
    gate = reader.cloud.hold("graph.createOrGet")
    reader.cloud.faults.inject("connector-reset-after", on="connector.post", times=1)
    await reader.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await reader.until(lambda: bool([call for call in reader.cloud.journal.find("graph.messages") if call.done]))
    gate.release()
    await settled(reader, tenant.incidents, reads=1)
    assert len(reader.cloud.journal.find("connector.post")) == 1


async def test_without_consent_there_are_two_and_pressing_leaves_one(reader: Journey) -> None:
    """A team that did not consent is as if there were no grant: two cards beat none, and one goes when pressed."""
    tenant = reader.cloud.tenant
    reader.cloud.faults.inject("connector-reset-after", on="connector.post", times=1)
    await reader.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await settled(reader, tenant.incidents, reads=1)
    await reader.until(lambda: len(ours(reader, tenant.incidents)) == 2)
    assert [call.status for call in reader.cloud.journal.find("graph.messages")] == [403]
    await reader.teams.say(tenant.ben, tenant.incidents, "help")
    await reader.until(lambda: bool(reader.whispers(tenant.incidents)))  # the id of the second is stored by then
    stray, live = ours(reader, tenant.incidents)
    await reader.teams.press(tenant.ben, stray, "Details as text")
    await reader.until(lambda: stray.deleted)
    assert ours(reader, tenant.incidents) == [live]


async def test_a_post_that_never_was_is_posted(reader: Journey) -> None:
    """Teams broke before the effect: the chat is read, nothing is found, and the card is posted once."""
    tenant = reader.cloud.tenant
    tenant.consents = set(GRANTS)
    reader.cloud.faults.inject("connector-500", on="connector.post", times=1)
    await reader.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await settled(reader, tenant.incidents, reads=1)
    assert len(ours(reader, tenant.incidents)) == 1


async def test_graph_that_cannot_say_just_now_is_asked_again(reader: Journey) -> None:
    """One 503 from Graph while looking does not make a second card."""
    tenant = reader.cloud.tenant
    tenant.consents = set(GRANTS)
    reader.cloud.faults.inject("connector-reset-after", on="connector.post", times=1)
    reader.cloud.faults.inject("503", on="graph.messages", times=1)
    await reader.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await settled(reader, tenant.incidents, reads=2)
    assert len(reader.cloud.journal.find("connector.post")) == 1


async def test_graph_that_never_answers_does_not_keep_the_card_away(reader: Journey) -> None:
    """Where reading keeps failing the card is posted without it."""
    tenant = reader.cloud.tenant
    tenant.consents = set(GRANTS)
    reader.cloud.faults.inject("connector-500", on="connector.post", times=1)
    reader.cloud.faults.inject("503", on="graph.messages")
    await reader.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await reader.until(lambda: len(ours(reader, tenant.incidents)) == 1)
    assert len(reader.cloud.journal.find("graph.messages")) == 3
