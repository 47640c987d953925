"""A meeting in reserve: a topic opens at once while Graph stalls (EXPERIENCE 1.5)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import app
from bot.sandbox.cloud import Cloud
from bot.sandbox.tenant import Person
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
def service(cloud: Cloud) -> Person:
    """The account whose meetings are kept in reserve."""
    return cloud.tenant.add_person("Meeting Host")


@pytest.fixture
async def journey(cloud: Cloud, clock: FastClock, service: Person, tmp_path: Path) -> AsyncIterator[Journey]:
    """Start a bot that keeps one meeting in reserve, with the reserve complete."""
    replaced = app.Replaced(clock=clock)
    more = {"MUSTER_HOSTS": f"requester,{service.oid}", "MUSTER_SPARES": "1"}
    async with bot(cloud, tmp_path, replaced, **more) as started:
        tenant = cloud.tenant
        await started.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
        await started.until(
            lambda: (
                len(cloud.graph.meetings) == 2
                and any("Retro: open\n" in text for text in started.texts(tenant.incidents))
            )
        )
        yield started


RESERVE = "This meeting was kept in reserve: it has its own chat."


@pytest.mark.parametrize("fault", ["503", "reset"])
async def test_a_topic_opens_from_the_reserve_when_graph_fails(journey: Journey, service: Person, fault: str) -> None:
    """The first trouble is enough: in an incident nobody waits for Microsoft while a meeting is at hand."""
    tenant, graph = journey.cloud.tenant, journey.cloud.graph
    away = journey.cloud.faults.inject(fault)
    await journey.teams.say(tenant.ben, tenant.incidents, "meet #INC-42 DB down")
    await journey.until(lambda: any(RESERVE in text for text in journey.texts(tenant.incidents)))
    spare = next(meeting for meeting in graph.meetings if meeting.external_id.startswith("spare-"))
    assert spare.organizer is service
    away.remove()
    await journey.until(lambda: sum(one.external_id.startswith("spare-") for one in graph.meetings) == 2)
    await journey.until(lambda: any(one["role"] == "coorganizer" for one in spare.attendees))
    assert spare.subject == "#INC-42 DB down"


async def test_a_topic_opens_from_the_reserve_when_graph_is_silent(journey: Journey) -> None:
    """An answer that does not come within a second and a half is not waited for, and is undone when it comes."""
    tenant, graph = journey.cloud.tenant, journey.cloud.graph
    gate = journey.cloud.hold("graph.createOrGet", when="after")
    await journey.teams.say(tenant.ben, tenant.incidents, "meet #INC-42 DB down")
    await gate.reached
    await journey.until(lambda: any(RESERVE in text for text in journey.texts(tenant.incidents)))
    gate.release()
    await journey.until(lambda: any(one.deleted and one.subject == "#INC-42 DB down" for one in graph.meetings))


async def test_only_a_topic_takes_from_the_reserve(journey: Journey) -> None:
    """An ordinary meeting waits for Microsoft: the reserve is for incidents."""
    tenant = journey.cloud.tenant
    away = journey.cloud.faults.inject("503", times=2)
    await journey.teams.say(tenant.ben, tenant.leads, "meet now Lunch")
    await journey.until(lambda: any("Lunch: open\n" in text for text in journey.texts(tenant.leads)))
    assert away.hits == 2
    assert RESERVE not in journey.texts(tenant.leads)[0]
