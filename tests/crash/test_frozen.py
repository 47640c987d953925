"""A process frozen past its lease wakes up with news that nobody waits for any more (ENGINE 3.4, C13)."""

from __future__ import annotations

from signal import SIGCONT, SIGSTOP
from typing import TYPE_CHECKING

import pytest

from bot.sandbox.cloud import Cloud
from tests.crash.points import hurried
from tests.journeys.harness import Journey

if TYPE_CHECKING:  # conftest is pytest's to import
    from tests.crash.conftest import Bots

pytestmark = pytest.mark.usefixtures("untraced")


@pytest.mark.parametrize("engine", ["postgres"])
async def test_what_a_frozen_process_hears_late_overrules_nobody(cloud: Cloud, bots: Bots) -> None:
    """Graph's refusal that a process slept through does not fail the meeting which another is just being given."""
    frozen, other = bots(hurried), bots(hurried)
    await frozen.start()
    journey = Journey(cloud, frozen.client, frozen.url)
    refusal = cloud.hold("graph.createOrGet")
    await journey.teams.say(cloud.tenant.ana, cloud.tenant.leads, "meet now Retro")
    late = await refusal.reached
    cloud.faults.inject("forbidden", where=lambda exchange: exchange is late)
    frozen.tell(SIGSTOP)
    given = cloud.hold("graph.createOrGet", when="after")
    await other.start()
    await given.reached
    refusal.release()
    frozen.tell(SIGCONT)
    await frozen.said("timer.done .*outcome=stale|lease.lost task=timer")
    given.release()
    await journey.until(lambda: any("Retro: open\n" in text for text in journey.texts(cloud.tenant.leads)))
    assert journey.made() == 1
    assert len(journey.texts(cloud.tenant.leads)) == 1
