"""The same journeys, whoever plays Graph: the sandbox, or a second Graph with other spellings and another order."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.sandbox.cloud import Cloud
from tests.journeys.another_graph import AnotherGraph
from tests.journeys.harness import Journey

pytestmark = pytest.mark.usefixtures("untraced")


@pytest.fixture(params=["sandbox", "another"])
async def graph_url(request: pytest.FixtureRequest, cloud: Cloud) -> AsyncIterator[str]:
    """The address of either Graph; Entra issues tokens for both."""
    if request.param == "sandbox":
        yield cloud.graph_url
        return
    async with AnotherGraph(cloud.authority) as another:
        cloud.entra.audiences.add(another.url)
        yield another.url


async def test_in_a_channel_the_meeting_s_chat_is_the_channel(journey: Journey) -> None:
    """In a standard channel the card has link and numbers, and says that the meeting's chat is the channel."""
    tenant = journey.cloud.tenant
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await journey.until(lambda: any("Retro: open\n" in text for text in journey.texts(tenant.incidents)))
    (text,) = journey.texts(tenant.incidents)
    assert "The meeting's chat is this channel." in text
    assert "+44 20 7946 0123" in text
    assert "+44 808 157 0192" in text


async def test_in_a_group_chat_the_meeting_has_its_own_chat(journey: Journey) -> None:
    """In a group chat the meeting has a chat of its own, and whoever asks again is led into the same meeting."""
    tenant = journey.cloud.tenant
    await journey.teams.say(tenant.ana, tenant.leads, "meet now Retro")
    await journey.until(lambda: any("Retro: open\n" in text for text in journey.texts(tenant.leads)))
    assert "This meeting has its own chat" in journey.texts(tenant.leads)[0]
    await journey.teams.say(tenant.ben, tenant.leads, "meet now")
    await journey.until(lambda: bool(journey.whispers(tenant.leads) or len(journey.texts(tenant.leads)) > 1))
    assert len([text for text in journey.texts(tenant.leads) if "Retro: open\n" in text]) == 1


async def test_in_a_one_to_one_one_just_types(journey: Journey) -> None:
    """In a 1:1 the bot answers with the same card."""
    tenant = journey.cloud.tenant
    chat = tenant.personal_chat(tenant.ana)
    await journey.teams.say(tenant.ana, chat, "meet now", mention=False)
    await journey.until(lambda: any("Meeting with Ana Lima: open\n" in text for text in journey.texts(chat)))
