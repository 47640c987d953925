"""A process that is asked to leave: it finishes or hands back, and one SQLite file is one process's."""

from __future__ import annotations

from signal import SIGTERM
from typing import TYPE_CHECKING

from tests.journeys.harness import Journey
from tests.processes.forked import Forked

if TYPE_CHECKING:  # conftest is pytest's to import
    from tests.crash.conftest import Bots

import pytest

pytestmark = pytest.mark.usefixtures("untraced")


def is_open(journey: Journey) -> bool:
    """Say whether a card shows the open meeting."""
    return any("Retro: open\n" in text for text in journey.texts(journey.cloud.tenant.incidents))


async def test_on_sigterm_it_finishes_what_it_began(journey: Journey, child: Forked) -> None:
    """Told to stop while Graph answers, Muster finishes the meeting and leaves cleanly."""
    tenant = journey.cloud.tenant
    await child.start()
    gate = journey.cloud.hold("graph.createOrGet", when="after")
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await gate.reached
    child.tell(SIGTERM)
    gate.release()
    assert await child.ended() == 0
    await child.start()
    await journey.until(lambda: is_open(journey))
    assert journey.made() == 1
    assert len(journey.texts(tenant.incidents)) == 1


async def test_on_sigterm_it_hands_back_what_it_cannot_finish(journey: Journey, child: Forked) -> None:
    """Told to stop while Graph never answers, Muster leaves within seconds and the next process goes on at once."""
    tenant = journey.cloud.tenant
    await child.start()
    gate = journey.cloud.hold("graph.createOrGet")
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await gate.reached
    child.tell(SIGTERM)
    assert await child.ended() == 0
    gate.drop()
    await child.start()
    await journey.until(lambda: is_open(journey))
    assert journey.made() == 1


async def test_a_second_process_on_one_sqlite_file_is_refused(bots: Bots, child: Forked) -> None:
    """Two processes cannot share one SQLite file: the second one says what to do and exits 2."""
    await child.start()
    second = bots()
    await second.begin()
    await second.said("MUSTER_STORE")
    assert await second.ended() == 2
