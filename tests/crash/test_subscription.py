"""A subscription that Graph made and nobody wrote down (ENGINE 3.4, C9): found again, and not made twice."""

from __future__ import annotations

from signal import SIGCONT, SIGKILL, SIGSTOP, Signals
from typing import TYPE_CHECKING

import pytest

from bot.sandbox.cloud import Cloud
from tests.chaos.process import pause
from tests.crash.points import LEASE_MS, hurried
from tests.journeys.harness import Journey

if TYPE_CHECKING:  # conftest is pytest's to import
    from tests.crash.conftest import Bots

pytestmark = pytest.mark.usefixtures("untraced")

PATIENCE = 30
WAYS = [(engine, number) for number in (SIGKILL, SIGSTOP) for engine in ("sqlite", "postgres")]


@pytest.mark.parametrize(
    ("engine", "number"),
    [
        pytest.param(*way, marks=() if way == WAYS[0] else pytest.mark.long, id=f"C9-{way[0]}-{way[1].name}")
        for way in WAYS
    ],
)
async def test_a_subscription_nobody_wrote_down_is_adopted(
    cloud: Cloud, bots: Bots, engine: str, number: Signals
) -> None:
    """Struck when Graph has subscribed and the answer is on its way: there is one subscription, and the card lives."""
    await cloud.watching()
    first, second = bots(hurried), bots(hurried)
    journey, chat = Journey(cloud, first.client, first.url), cloud.tenant.incidents
    cloud.front.targets = [first.url]
    await first.start()
    gate = cloud.hold("graph.subscribe", when="after")
    await first.client.say(cloud.tenant.ana, chat, "meet now Retro")
    await gate.reached
    first.tell(number)
    left = second if number is SIGKILL or engine == "postgres" else first
    cloud.front.targets = [left.url]
    if left is second:
        await second.start()
        await cloud.until(lambda: bool(cloud.journal.find("graph.subscriptions")), seconds=PATIENCE)
        await second.said("timer.done .*outcome=adopted")
    else:
        await pause(2 * LEASE_MS / 1000)
    gate.release() if number is SIGSTOP else gate.drop()
    first.tell(SIGCONT)
    if number is SIGSTOP:
        await first.said("timer.done .*outcome=(stale|adopted|subscribed)|lease.lost task=timer")
    await cloud.calls.join(cloud.graph.meetings[-1], cloud.tenant.ben)
    await cloud.until(lambda: any("Retro: live, 1 person" in text for text in journey.texts(chat)), seconds=PATIENCE)
    assert cloud.journal.counts()["graph.subscribe"] == 1
    assert len(cloud.subscriptions.active) == 1
