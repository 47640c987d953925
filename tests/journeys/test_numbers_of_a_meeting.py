"""Somebody pastes what they know of a meeting, and is told its telephone numbers (facts/graph 1.4)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.sandbox.cloud import Cloud
from bot.sandbox.tenant import Person
from tests.journeys.another_graph import AnotherGraph
from tests.journeys.harness import Journey

pytestmark = pytest.mark.usefixtures("untraced")


@pytest.fixture(params=["sandbox", "another"])
async def graph_url(request: pytest.FixtureRequest, cloud: Cloud) -> AsyncIterator[str]:
    """The address of either Graph; the people of both have video rooms."""
    cloud.tenant.ana.video = True
    if request.param == "sandbox":
        yield cloud.graph_url
        return
    async with AnotherGraph(cloud.authority) as another:
        cloud.entra.audiences.add(another.url)
        yield another.url


async def known(journey: Journey) -> dict[str, str]:
    """Open a meeting of Ana's and return by what her card makes it known: link, meeting id, video room."""
    tenant = journey.cloud.tenant
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await journey.until(lambda: any("Retro: open\n" in text for text in journey.texts(tenant.incidents)))
    card = journey.cloud.bot_posts(tenant.incidents)[0].card
    (text,) = (line for line in journey.texts(tenant.incidents)[0].splitlines() if "Teams meeting ID" in line)
    ids = dict(part.rsplit(" ID " if "ID" in part else " room ", 1) for part in text.split(" · ") if "code" not in part)
    link = str(card).partition("'type': 'Action.OpenUrl'")[2].partition("'url': '")[2].partition("'")[0]
    return {"link": link, "id": ids["Teams meeting"], "video": ids["video"]}


async def told(journey: Journey, person: Person, line: str) -> str:
    """Let somebody ask in their own chat with the bot, and return the answer."""
    chat = journey.cloud.tenant.personal_chat(person)
    before = len(journey.texts(chat))
    await journey.teams.say(person, chat, line, mention=False)
    await journey.until(lambda: len(journey.texts(chat)) > before)
    return journey.texts(chat)[-1]


async def test_a_link_an_id_and_a_video_room_lead_to_the_numbers(journey: Journey) -> None:
    """Whatever the organizer has at hand of a meeting, its numbers come as text; nobody else is told them."""
    tenant = journey.cloud.tenant
    for what in (await known(journey)).values():
        assert "+44 20 7946 0123" in await told(journey, tenant.ana, f"dial-in {what}")
        refused = await told(journey, tenant.ben, f"dial-in {what}")
        assert "no meeting of yours" in refused
        assert "7946" not in refused


async def test_what_names_no_meeting_is_asked_about(journey: Journey) -> None:
    """A slip is answered with the nearest command, and Graph is not asked."""
    assert "Did you mean dial-in?" in await told(journey, journey.cloud.tenant.ana, "dial-in for Retro")


async def test_a_meeting_that_is_not_there_has_no_numbers(journey: Journey) -> None:
    """An id of nobody's meeting leads nowhere, and that is said."""
    assert "no meeting of yours" in await told(journey, journey.cloud.tenant.ana, "dial-in 999 999 999 9")
