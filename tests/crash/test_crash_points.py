"""ENGINE 3.4: the process is killed at each crash point, started again, and ends as the table says."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from tests.crash.conftest import Child
from tests.journeys.harness import Journey

STOPS = str(Path(__file__).with_name("bot_that_stops.py"))


def is_open(journey: Journey) -> bool:
    """Say whether a card shows the open meeting."""
    return any("Retro: open\n" in text for text in journey.texts(journey.cloud.tenant.incidents))


@pytest.mark.parametrize("place", ["C2", "C3"])
async def test_a_durable_turn_survives_its_process(journey: Journey, child: Child, place: str) -> None:
    """Killed after the request was written (C2: not acknowledged yet, C3: in the handler): one meeting, one card."""
    tenant = journey.cloud.tenant
    await child.start(STOPS, place)
    asked = asyncio.create_task(journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro"))
    await child.stands_at(place)
    await child.stop(signal.SIGKILL)
    first = await asked
    await child.start()
    (again,) = await journey.teams.redeliver(first)
    assert again.status == 202
    await journey.until(lambda: is_open(journey))
    assert journey.made() == 1
    assert len(journey.texts(tenant.incidents)) == 1


@pytest.mark.parametrize(("place", "when"), [("C4", "before"), ("C5", "after")])
async def test_a_request_to_graph_is_repeated_with_the_same_bytes(
    journey: Journey, child: Child, place: str, when: str
) -> None:
    """Killed while Graph's answer is held (C4: nothing made yet, C5: the meeting made): one meeting, one card."""
    tenant = journey.cloud.tenant
    await child.start()
    gate = journey.cloud.hold("graph.createOrGet", when=when)
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await gate.reached
    await child.stop(signal.SIGKILL)
    gate.drop()
    await child.start()
    await journey.until(lambda: is_open(journey))
    assert journey.made() == 1, place
    assert len(journey.texts(tenant.incidents)) == 1
    requests = [call.request for call in journey.cloud.journal.find("graph.createOrGet")]
    assert all(request == requests[0] for request in requests)


@pytest.mark.parametrize(("place", "when", "cards"), [("C6", "before", 1), ("C7", "after", 2)])
async def test_an_unclear_post_is_repeated_after_a_pause(
    journey: Journey, child: Child, place: str, when: str, cards: int
) -> None:
    """Killed while the connector's answer is held: the card is posted again, twice rather than never (C7)."""
    tenant = journey.cloud.tenant
    await child.start()
    gate = journey.cloud.hold("connector.post", when=when)
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await gate.reached
    await child.stop(signal.SIGKILL)
    gate.drop()
    await child.start()
    await journey.cloud.until(lambda: journey.cloud.journal.counts()["connector.post"] == 2, seconds=20)
    await journey.until(lambda: len(journey.texts(tenant.incidents)) == cards)
    assert journey.made() == 1, place
    links = {call.response["joinWebUrl"] for call in journey.cloud.journal.find("graph.createOrGet")}
    assert len(links) == 1


async def test_nothing_is_repeated_after_everything_is_done(journey: Journey, child: Child) -> None:
    """Killed when the card is posted (C8): the restart posts nothing and makes nothing."""
    tenant = journey.cloud.tenant
    await child.start()
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await journey.until(lambda: is_open(journey))
    await journey.teams.say(tenant.ana, tenant.incidents, "help")
    await journey.until(lambda: bool(journey.whispers(tenant.incidents)))
    await child.stop(signal.SIGKILL)
    await child.start()
    await journey.teams.say(tenant.ben, tenant.incidents, "meet now")
    await journey.until(lambda: any("already a meeting" in text for text in journey.whispers(tenant.incidents)))
    assert journey.made() == 1
    assert len(journey.texts(tenant.incidents)) == 1


async def test_on_sigterm_it_finishes_what_it_began(journey: Journey, child: Child) -> None:
    """Told to stop while Graph answers, Muster finishes the meeting and leaves cleanly."""
    tenant = journey.cloud.tenant
    await child.start()
    gate = journey.cloud.hold("graph.createOrGet", when="after")
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await gate.reached
    stopping = asyncio.create_task(child.stop(signal.SIGTERM))
    gate.release()
    assert await stopping == 0
    await child.start()
    await journey.until(lambda: is_open(journey))
    assert journey.made() == 1
    assert len(journey.texts(tenant.incidents)) == 1


async def test_on_sigterm_it_hands_back_what_it_cannot_finish(journey: Journey, child: Child) -> None:
    """Told to stop while Graph never answers, Muster leaves within seconds and the next process goes on at once."""
    tenant = journey.cloud.tenant
    await child.start()
    gate = journey.cloud.hold("graph.createOrGet")
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await gate.reached
    assert await child.stop(signal.SIGTERM) == 0
    gate.drop()
    await child.start()
    await journey.until(lambda: is_open(journey))
    assert journey.made() == 1


async def test_a_second_process_on_one_sqlite_file_is_refused(child: Child) -> None:
    """Two processes cannot share one SQLite file: the second one says what to do and exits 2."""
    await child.start()
    second = Child(child.environment | {"PORT": "0"})
    with pytest.raises(AssertionError, match="MUSTER_STORE"):
        await second.start()
    assert second.process is not None
    assert await second.process.wait() == 2
