from __future__ import annotations

import asyncio

import pytest

from tests.journeys.harness import Journey

pytestmark = pytest.mark.usefixtures("untraced")


async def settled(journey: Journey) -> None:
    """Wait until a later request of the same chat is answered: everything before it is done (order within a chat)."""
    tenant = journey.cloud.tenant
    await journey.teams.say(tenant.chloe, tenant.incidents, "help")
    await journey.until(lambda: any("meet now" in text for text in journey.whispers(tenant.incidents)))


async def test_the_same_turn_delivered_twice_is_one_meeting(journey: Journey) -> None:
    """Teams delivers a message again: still one meeting and one card."""
    tenant = journey.cloud.tenant
    delivery = await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await journey.until(lambda: any("Retro: open\n" in text for text in journey.texts(tenant.incidents)))
    (again,) = await journey.teams.redeliver(delivery)
    assert again.status == 202
    await settled(journey)
    assert journey.made() == 1
    assert len(journey.texts(tenant.incidents)) == 1


async def test_eight_copies_at_once_are_one_meeting(journey: Journey) -> None:
    """Eight copies of a message in the same instant: one meeting, one card, no whisper."""
    tenant = journey.cloud.tenant
    gate = journey.cloud.hold("graph.createOrGet")
    delivery = await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    copies = await journey.teams.redeliver(delivery, times=8)
    assert {copy.status for copy in copies} == {202}
    gate.release()
    await journey.until(lambda: any("Retro: open\n" in text for text in journey.texts(tenant.incidents)))
    await settled(journey)
    assert journey.made() == 1
    assert len(journey.texts(tenant.incidents)) == 1
    assert len(journey.whispers(tenant.incidents)) == 1  # the help that was waited for


async def test_a_copy_with_a_new_id_within_a_minute_is_one_meeting(journey: Journey) -> None:
    """Teams' second retry layer sends new ids; the repeated words are recognised and dropped without a whisper."""
    tenant = journey.cloud.tenant
    delivery = await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await journey.until(lambda: any("Retro: open\n" in text for text in journey.texts(tenant.incidents)))
    (again,) = await journey.teams.redeliver(delivery, new_id=True)
    assert again.status == 202
    await settled(journey)
    assert journey.made() == 1
    assert len(journey.whispers(tenant.incidents)) == 1  # the help that was waited for


async def test_two_people_at_the_same_instant_share_one_meeting(journey: Journey) -> None:
    """Two people ask in the same instant: one meeting, one card, one whisper."""
    tenant = journey.cloud.tenant
    await asyncio.gather(
        journey.teams.say(tenant.ana, tenant.incidents, "meet now"),
        journey.teams.say(tenant.ben, tenant.incidents, "meet now"),
    )
    await journey.until(lambda: bool(journey.whispers(tenant.incidents)))
    await journey.until(lambda: any(": open\n" in text for text in journey.texts(tenant.incidents)))
    assert journey.made() == 1
    assert len(journey.texts(tenant.incidents)) == 1
    assert len(journey.whispers(tenant.incidents)) == 1


async def test_a_repeated_press_gets_the_first_answer(journey: Journey) -> None:
    """A button that is pressed twice by Teams' own retry is answered twice with the same words."""
    tenant = journey.cloud.tenant
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await journey.until(lambda: any("Retro: open\n" in text for text in journey.texts(tenant.incidents)))
    (post,) = [post for post in journey.cloud.posts(tenant.incidents) if post.sender.startswith("28:")]
    pressed = await journey.teams.press(tenant.ben, post, "Details as text")
    (again,) = await journey.teams.redeliver(pressed)
    assert (again.status, again.body) == (pressed.status, pressed.body)


async def test_while_graph_is_held_the_post_is_acknowledged_and_the_card_opens(journey: Journey) -> None:
    """A slow Graph delays neither the acknowledgement nor the opening card, which then becomes the meeting."""
    tenant = journey.cloud.tenant
    gate = journey.cloud.hold("graph.createOrGet", when="after")
    delivery = await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    assert delivery.status == 202
    await journey.until(lambda: any("Retro: opening" in text for text in journey.texts(tenant.incidents)))
    gate.release()
    await journey.until(lambda: any("Retro: open\n" in text for text in journey.texts(tenant.incidents)))
    assert len(journey.texts(tenant.incidents)) == 1
    assert journey.cloud.journal.counts()["connector.post"] == 1
