"""A request that Microsoft does not answer: what people see, can do, and what never happens later (ENGINE R6)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp import web

import app
from bot.ports import Store
from bot.sandbox.cloud import Cloud
from bot.sandbox.posts import Post
from bot.sandbox.tenant import Person
from bot.settings import Settings
from tests.journeys.hand_clock import HandClock, Watched, comes
from tests.journeys.harness import Journey

pytestmark = pytest.mark.usefixtures("untraced")

BRIDGE = "+44 20 7946 0999, code 4711#"


@pytest.fixture
def clock() -> HandClock:
    """The time of the cloud and of the bot."""
    return HandClock()


@pytest.fixture
async def waiting(clock: HandClock, tmp_path: Path) -> AsyncIterator[Journey]:
    """The bot and the cloud on a clock that the test moves, with a bridge of the administrator's."""
    async with Cloud(clock=clock) as cloud:
        environment = cloud.environment(0) | {
            "MUSTER_STORE": f"sqlite:///{tmp_path}/muster.db",
            "MUSTER_BACKUP_BRIDGE": BRIDGE,
            "MUSTER_OPEN_TOPICS": "SEV-*",
        }
        replaced = app.Replaced(clock=clock, wrap_store=lambda store: cast("Store", Watched(store, clock)))
        runner = web.AppRunner(app.build(Settings.from_env(environment), replaced), access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        url = f"http://{host}:{port}"
        yield Journey(cloud, cloud.client(f"{url}/api/messages"), url)
        await runner.cleanup()


def card(journey: Journey) -> Post:
    """Return the one post of the bot in the channel."""
    (post,) = journey.cloud.bot_posts(journey.cloud.tenant.incidents)
    return post


def titles(node: Any) -> list[str]:  # noqa: ANN401 - any JSON
    """Return the titles of a card's buttons in order."""
    if isinstance(node, list):
        return [title for item in node for title in titles(item)]
    if not isinstance(node, dict):
        return []
    own = [node["title"]] if str(node.get("type", "")).startswith("Action.") else []
    return own + [title for value in node.values() for title in titles(value)]


async def shows(journey: Journey, clock: HandClock, words: str) -> None:
    """Move the clock second by second until the channel's card says this."""
    chat = journey.cloud.tenant.incidents
    await comes(journey, clock, lambda: any(words in text for text in journey.texts(chat)))


async def pressed(journey: Journey, person: Person, button: str) -> str:
    """Press a button of the channel's card and return the answer's words."""
    delivery = await journey.teams.press(person, card(journey), button)
    assert delivery.problems() == []
    return str(delivery.body["value"])


async def test_when_graph_never_lets_go_the_card_says_so_and_nothing_opens_later(
    waiting: Journey, clock: HandClock
) -> None:
    """At the deadline the card stops promising, and the answer that comes after it is undone unseen."""
    tenant = waiting.cloud.tenant
    gate = waiting.cloud.hold("graph.createOrGet", when="after", times=100)
    asked_at = clock.now()
    await waiting.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await gate.reached
    await shows(waiting, clock, "Retro: opening")
    await clock.move(174 - (clock.now() - asked_at) / 1000)
    assert "not opened" not in waiting.texts(tenant.incidents)[0]
    await shows(waiting, clock, "I stopped trying at")
    assert "Retro: not opened" in waiting.texts(tenant.incidents)[0]
    assert titles(card(waiting).card) == ["Try again"]
    gate.release()
    await waiting.until(lambda: all(meeting.deleted for meeting in waiting.cloud.graph.meetings))
    await clock.move(60)
    assert len(waiting.cloud.journal.find("graph.createOrGet")) == 1
    assert "Retro: not opened" in waiting.texts(tenant.incidents)[0]


async def test_in_an_outage_people_get_a_call_a_bridge_and_a_stop(waiting: Journey, clock: HandClock) -> None:
    """While Microsoft is away the card offers ways to talk; who stops it is answered, twice, and nothing opens."""
    tenant = waiting.cloud.tenant
    outage = waiting.cloud.faults.inject("503")
    await waiting.teams.say(tenant.ana, tenant.incidents, "meet now Retro @Ben @Kim")
    await shows(waiting, clock, "Microsoft's meeting service isn't answering. I'm trying until")
    await waiting.until(lambda: len(waiting.cloud.journal.find("connector.member")) == 2)
    await shows(waiting, clock, f"Meanwhile: {BRIDGE}")
    await comes(waiting, clock, lambda: titles(card(waiting).card)[:1] == ["Call Ben and Kim"])
    assert titles(card(waiting).card) == ["Call Ben and Kim", "Book it in Teams", "Try now", "Stop trying"]
    assert "I stopped trying" in await pressed(waiting, tenant.ben, "Stop trying")
    await shows(waiting, clock, "I stopped trying at")
    assert titles(card(waiting).card) == ["Try again", "Call Ben and Kim"]
    outage.remove()
    await clock.move(60)
    assert waiting.made() == 0


async def test_a_meeting_nobody_saw_does_not_stay(waiting: Journey, clock: HandClock) -> None:
    """A meeting whose making was never answered is deleted once Microsoft is back, though the request was stopped."""
    tenant = waiting.cloud.tenant
    outage = waiting.cloud.faults.inject("503")
    waiting.cloud.faults.inject("504-after", on="graph.createOrGet", times=1)
    await waiting.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await shows(waiting, clock, "isn't answering")
    await pressed(waiting, tenant.ben, "Stop trying")
    await clock.move(120)
    assert [meeting.deleted for meeting in waiting.cloud.graph.meetings] == [False]
    outage.remove()
    await comes(waiting, clock, lambda: all(one.deleted for one in waiting.cloud.graph.meetings), step=5)
    assert [meeting.deleted for meeting in waiting.cloud.graph.meetings] == [True]
    assert waiting.made() == 1
    assert "Retro: not opened" in waiting.texts(tenant.incidents)[0]


async def test_stop_pressed_by_two_people_is_answered_to_both(waiting: Journey, clock: HandClock) -> None:
    """The second press of a button whose work is done says that nothing is waiting."""
    tenant = waiting.cloud.tenant
    waiting.cloud.faults.inject("503")
    await waiting.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await shows(waiting, clock, "isn't answering")
    before = card(waiting)
    first = await waiting.teams.press(tenant.ben, before, "Stop trying")
    second = await waiting.teams.send(
        waiting.teams.scribe.press(
            tenant.chloe,
            before,
            {"type": "Action.Execute", "verb": "stop", "data": {"text": "stop trying", "v": "2"}},
            at=clock.now(),
            inputs={},
        )
    )
    assert "I stopped trying" in first.body["value"]
    assert "No meeting is waiting to be opened here." in second.body["value"]


async def test_try_now_opens_it_as_soon_as_microsoft_is_back(waiting: Journey, clock: HandClock) -> None:
    """Whoever presses Try now need not wait for the next attempt; the same post becomes the meeting."""
    tenant = waiting.cloud.tenant
    outage = waiting.cloud.faults.inject("503", retry_after=150)
    await waiting.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await shows(waiting, clock, "isn't answering")
    outage.remove()
    assert "trying again now" in await pressed(waiting, tenant.chloe, "Try now")
    await shows(waiting, clock, "Retro: open\n")
    assert waiting.made() == 1
    assert len(waiting.cloud.bot_posts(tenant.incidents)) == 1


async def test_a_press_from_a_message_that_is_not_ours_does_nothing(waiting: Journey, clock: HandClock) -> None:
    """A button that claims to come from another message stops nothing."""
    tenant = waiting.cloud.tenant
    waiting.cloud.faults.inject("503")
    await waiting.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await shows(waiting, clock, "isn't answering")
    action = {"type": "Action.Execute", "verb": "stop", "data": {"text": "stop trying", "v": "2"}}
    forged = waiting.teams.scribe.press(tenant.ben, card(waiting), action, at=clock.now(), inputs={})
    forged["replyToId"] = "1700000000000"
    delivery = await waiting.teams.send(forged)
    assert delivery.body["type"] == "application/vnd.microsoft.error"
    assert "not open yet" in waiting.texts(tenant.incidents)[0]


async def test_a_topic_that_is_open_to_the_tenant_is_one_meeting_everywhere(waiting: Journey, clock: HandClock) -> None:
    """Where the administrator says so, a group chat finds the channel's meeting."""
    tenant = waiting.cloud.tenant
    await waiting.teams.say(tenant.ana, tenant.incidents, "meet #SEV-1 DB down")
    await shows(waiting, clock, "#SEV-1 DB down: open\n")
    await waiting.teams.say(tenant.ben, tenant.leads, "meet #sev1")
    await waiting.until(lambda: any("#SEV-1 DB down: open\n" in text for text in waiting.texts(tenant.leads)))
    assert waiting.made() == 1


async def test_the_planned_end_claims_nothing(waiting: Journey, clock: HandClock) -> None:
    """Ten minutes after the booked time the card says that it is up and still leads in, until somebody ends it."""
    tenant = waiting.cloud.tenant
    await waiting.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await shows(waiting, clock, "Retro: open\n")
    await clock.move(69 * 60)
    assert "Retro: open\n" in waiting.texts(tenant.incidents)[0]
    await clock.move(60)
    await shows(waiting, clock, "I can't see whether anyone is still inside.")
    assert titles(card(waiting).card) == ["Join Retro", "End"]
    assert (await waiting.teams.press(tenant.ana, card(waiting), "End")).problems() == []
    await shows(waiting, clock, "Retro: ended")
    (meeting,) = waiting.cloud.graph.meetings
    booked = meeting.ends_at
    await clock.move(10 * 60 + 1)
    await comes(waiting, clock, lambda: meeting.ends_at > booked)
    assert meeting.lobby["scope"] == "organizer"
