"""Meetings in the calendar: asked first, awaited, found again, and taken out when nobody wants them (facts/graph 4)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import app
from bot.sandbox.cloud import Cloud
from tests.journeys.another_graph import AnotherGraph
from tests.journeys.fast_clock import FastClock, bot
from tests.journeys.harness import Journey


@pytest.fixture
def clock() -> FastClock:
    """A second lasts a hundred milliseconds."""
    return FastClock(10.0)


@pytest.fixture
async def cloud(clock: FastClock) -> AsyncIterator[Cloud]:
    """Start Entra, Graph and Teams on the fast clock."""
    async with Cloud(clock=clock) as running:
        yield running


@pytest.fixture
async def journey(cloud: Cloud, clock: FastClock, graph_url: str, tmp_path: Path) -> AsyncIterator[Journey]:
    """Start the bot on the fast clock, towards this Graph."""
    async with bot(cloud, tmp_path, app.Replaced(clock=clock), MUSTER_GRAPH_URL=graph_url) as started:
        yield started


@pytest.fixture
async def another(cloud: Cloud) -> AsyncIterator[AnotherGraph]:
    """A Graph with calendars, whose Outlook fills in the link only when somebody looks again."""
    async with AnotherGraph(cloud.authority) as graph:
        cloud.entra.audiences.add(graph.url)
        yield graph


@pytest.fixture
async def graph_url(another: AnotherGraph) -> str:
    """The address of that Graph."""
    return another.url


async def shows(journey: Journey, text: str) -> None:
    """Wait until a card in the channel says this."""
    await journey.until(lambda: any(text in card for card in journey.texts(journey.cloud.tenant.incidents)))


async def test_a_meeting_on_the_calendar_has_its_link_and_its_lobby(journey: Journey, another: AnotherGraph) -> None:
    """An event's link is awaited, and its meeting is found again so that the lobby is set before anybody sees it."""
    tenant = journey.cloud.tenant
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Budget on calendar lobby organizer")
    await shows(journey, "Budget: open\n")
    (event,) = another.events
    assert (event["subject"], event["onlineMeetingProvider"]) == ("Budget", "teamsForBusiness")
    assert another.meetings[0]["lobbyBypassSettings"] == {"scope": "organizer"}
    (text,) = journey.texts(tenant.incidents)
    assert "it can't go offline again" in text
    assert "+44 20 7946 0123" in text


async def test_a_calendar_without_teams_offers_an_ordinary_meeting(journey: Journey, another: AnotherGraph) -> None:
    """Whose calendar allows no Teams meetings is told before anything is made, and may have an ordinary one."""
    tenant = journey.cloud.tenant
    another.providers = ["skypeForConsumer"]
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Budget calendar for 30m")
    await journey.until(lambda: bool(journey.whispers(tenant.incidents)))
    (whisper,) = journey.cloud.whispers(tenant.incidents)
    assert "Your calendar does not allow Teams meetings" in journey.whispers(tenant.incidents)[0]
    assert another.events == []
    pressed = await journey.teams.press(tenant.ana, whisper, "Meet now")
    assert pressed.problems() == []
    await shows(journey, "Budget: open\n")
    assert another.events == []
    assert len(another.meetings) == 1


async def test_an_event_that_never_got_a_link_leaves_the_calendar(journey: Journey, another: AnotherGraph) -> None:
    """Who stops waiting for Outlook finds no empty event in the calendar later."""
    tenant = journey.cloud.tenant
    another.fills_in = False
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Budget calendar")
    await shows(journey, "Budget: opening")
    await journey.teams.say(tenant.ana, tenant.incidents, "stop trying")
    await shows(journey, "Budget: not opened")
    await journey.until(lambda: not another.events)


async def test_an_event_that_outlook_left_offline_is_put_online(journey: Journey, another: AnotherGraph) -> None:
    """An event that Outlook made without its meeting gets one, and the card opens as if nothing had been."""
    another.makes_online = False
    await journey.teams.say(journey.cloud.tenant.ana, journey.cloud.tenant.incidents, "meet now Budget calendar")
    await shows(journey, "Budget: open\n")
    assert ("PATCH", {"isOnlineMeeting": True, "onlineMeetingProvider": "teamsForBusiness"}) in [
        (method, body) for method, _, body in another.asked
    ]
    assert len(another.events) == 1


class TestInTheSandbox:
    """The same against the sandbox's own Outlook."""

    @pytest.fixture
    async def graph_url(self, cloud: Cloud) -> str:
        """The address of the sandbox's Graph."""
        return cloud.graph_url

    async def test_its_meeting_is_made_by_the_calendar(self, journey: Journey) -> None:
        """A calendar that is slow to fill in the link holds up the card, and nothing else."""
        tenant, graph = journey.cloud.tenant, journey.cloud.graph
        journey.cloud.faults.inject("slow-calendar", times=1)
        await journey.teams.say(tenant.ana, tenant.incidents, "meet now Budget on calendar lobby organizer")
        await shows(journey, "Budget: open\n")
        (event,) = graph.calendar.events
        (meeting,) = graph.meetings
        assert event.meeting is meeting
        assert meeting.lobby["scope"] == "organizer"
        assert "it can't go offline again" in journey.texts(tenant.incidents)[0]

    async def test_its_event_may_be_left_offline(self, journey: Journey) -> None:
        """Where a calendar forbade Teams at that very moment, its event is put online afterwards."""
        tenant = journey.cloud.tenant
        journey.cloud.faults.inject("calendar-off", on="graph.createEvent", times=1)
        await journey.teams.say(tenant.ana, tenant.incidents, "meet now Budget calendar")
        await shows(journey, "Budget: open\n")
        assert [event.provider for event in journey.cloud.graph.calendar.events] == ["teamsForBusiness"]

    async def test_its_calendar_may_forbid_teams(self, journey: Journey) -> None:
        """Where an administrator has switched Teams off in calendars, no event is made."""
        tenant = journey.cloud.tenant
        journey.cloud.faults.inject("calendar-off")
        await journey.teams.say(tenant.ana, tenant.incidents, "meet now Budget calendar")
        await journey.until(lambda: bool(journey.whispers(tenant.incidents)))
        assert "Your calendar does not allow Teams meetings" in journey.whispers(tenant.incidents)[0]
        assert journey.cloud.graph.calendar.events == []
