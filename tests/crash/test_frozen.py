"""ENGINE 3.4, C13: a process frozen past its lease wakes up when another has gone on without it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable

import pytest

from bot.sandbox.cloud import Cloud
from tests.chaos.process import Replica
from tests.journeys.harness import Journey

LEASE_MS, UNCLEAR_MS = 1_000, 400


@pytest.fixture
async def replicas(cloud: Cloud, postgres_url: str) -> AsyncIterator[tuple[Replica, Replica]]:
    """Two processes on one store, with short leases."""
    arguments = ("-", str(LEASE_MS), str(UNCLEAR_MS))
    first, second = (Replica(cloud, postgres_url, arguments) for _ in range(2))
    await first.start()
    await second.start()
    yield first, second
    await asyncio.gather(first.stop(), second.stop())


async def awake(journey: Journey) -> None:
    """Wait until the process that was asked through this journey has done something new."""
    tenant = journey.cloud.tenant
    await journey.teams.say(tenant.chloe, tenant.leads, "help")
    await journey.until(lambda: bool(journey.whispers(tenant.leads)))


def is_open(journey: Journey) -> Callable[[], bool]:
    """Return what says whether a card shows the open meeting."""
    return lambda: any("Retro: open\n" in text for text in journey.texts(journey.cloud.tenant.incidents))


async def test_a_frozen_process_does_not_publish_a_second_time(cloud: Cloud, replicas: tuple[Replica, Replica]) -> None:
    """Frozen while Graph answers, overtaken, and awake again: one meeting, one card, posted once."""
    frozen, _ = replicas
    journey = Journey(cloud, frozen.client, "")
    gate = cloud.hold("graph.createOrGet", when="after")
    await journey.teams.say(cloud.tenant.ana, cloud.tenant.incidents, "meet now Retro")
    await gate.reached
    frozen.tell(signal.SIGSTOP)
    await journey.until(is_open(journey))
    gate.release()
    frozen.tell(signal.SIGCONT)
    await awake(journey)
    assert journey.made() == 1
    assert cloud.journal.counts()["connector.post"] == 1
    assert len(journey.texts(cloud.tenant.incidents)) == 1


async def test_what_a_frozen_process_hears_late_overrules_nobody(
    cloud: Cloud, replicas: tuple[Replica, Replica]
) -> None:
    """Graph's refusal that a process slept through does not fail the meeting which another is just being given."""
    frozen, _ = replicas
    journey = Journey(cloud, frozen.client, "")
    refusal = cloud.hold("graph.createOrGet")
    await journey.teams.say(cloud.tenant.ana, cloud.tenant.leads, "meet now Retro")
    late = await refusal.reached
    cloud.faults.inject("forbidden", where=lambda exchange: exchange is late)
    frozen.tell(signal.SIGSTOP)
    given = cloud.hold("graph.createOrGet", when="after")
    await given.reached
    refusal.release()
    frozen.tell(signal.SIGCONT)
    await journey.teams.say(cloud.tenant.chloe, cloud.tenant.incidents, "help")
    await journey.until(lambda: bool(journey.whispers(cloud.tenant.incidents)))
    given.release()
    await journey.until(lambda: any("Retro: open\n" in text for text in journey.texts(cloud.tenant.leads)))
    assert journey.made() == 1
    assert len(journey.texts(cloud.tenant.leads)) == 1
