"""ENGINE 3.4: a process is killed or frozen at each crash point, on each store, and it ends as the table says."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from itertools import cycle
from signal import SIGCONT, SIGKILL, SIGSTOP, Signals
from typing import TYPE_CHECKING

import asyncpg
import pytest

from bot.sandbox.cloud import Cloud
from bot.sandbox.gates import Gate
from bot.store.sqlite import store_path
from bot.store.statements import migrations
from tests.chaos.process import pause
from tests.crash.points import (
    CALL,
    LEASE_MS,
    MIGRATION,
    OWED,
    POINTS,
    SIGN_IN,
    SUBSCRIPTION,
    Point,
    hurried,
    struck,
)
from tests.journeys.harness import Journey
from tests.journeys.signing_in import asked, is_open
from tests.processes.forked import Forked
from tests.store.first_version import put_first_version

if TYPE_CHECKING:  # conftest is pytest's to import
    from tests.crash.conftest import Bots

pytestmark = pytest.mark.usefixtures("untraced")

PATIENCE = 30
STEPS = "SELECT version FROM schema_version ORDER BY 1"
HALF = [1, 2]
"""The steps that are recorded when the first one with ALTER TABLE is half applied."""
TWO_LEASES = 2 * LEASE_MS / 1000
WAYS = [(engine, number) for number in (SIGKILL, SIGSTOP) for engine in ("sqlite", "postgres")]


def matrix() -> Iterator[object]:
    """Yield every point on each store by each signal; all but one of a point are left to `make crash`."""
    for point, chosen in zip(POINTS, cycle((WAYS[0], WAYS[3], WAYS[2], WAYS[1])), strict=False):
        ways = [way for way in WAYS if way[1] is SIGSTOP or not point.frozen_only]
        for way in ways:
            engine, number = way
            now = way == (chosen if chosen in ways else ways[-1])
            marks = () if now else (pytest.mark.long,)
            yield pytest.param(point, engine, number, marks=marks, id=f"{point.name}-{engine}-{number.name}")


class Case:
    """One point, one store, one signal: the process that is struck, and what people see."""

    def __init__(self, cloud: Cloud, bots: Bots, point: Point, number: Signals) -> None:
        self.cloud = cloud
        self.point = point
        self.number = number
        self.first = bots(hurried if point.gate else partial(struck, point.name, number))
        self.second: Forked = bots(hurried)
        self.journey = Journey(cloud, self.first.client, self.first.url)
        self.chat = cloud.tenant.incidents

    async def struck(self) -> Gate | None:
        """Ask for a meeting and return when the process is dead, or stands still, at the point."""
        gate = self.cloud.hold(self.point.gate[0], when=self.point.gate[1]) if self.point.gate else None
        self.asked = asyncio.create_task(self.first.client.say(self.cloud.tenant.ana, self.chat, self.point.words))
        if gate:
            async with asyncio.timeout(PATIENCE):
                await gate.reached
            self.first.tell(self.number)
        else:
            await self.first.said(f"at {self.point.name}")
        return gate

    async def redelivered(self, to: Forked) -> None:
        """Deliver a copy, as Teams may; it is acknowledged."""
        (again,) = await to.client.redeliver(self.first.client.deliveries[0])
        assert again.status == 202

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds, for as long as a loaded machine may take."""
        await self.cloud.until(holds, seconds=PATIENCE)

    async def recovered(self, by: Forked) -> None:
        """Wait until another process has shown the open meeting, without a redelivery if the request was durable."""
        if not self.point.durable:
            await self.redelivered(by)
        # Where a post may have been lost it is posted again.
        posts = 1 + int(self.point.copies)
        await self.until(lambda: self.opened() and self.cloud.journal.counts()["connector.post"] == posts)
        await self.redelivered(by)

    def opened(self) -> bool:
        """Say whether a card shows the open meeting."""
        return any("Retro: open\n" in text for text in self.journey.texts(self.chat))

    async def goes_on(self, bot: Forked) -> None:
        """Ask the process that was struck, or its successor, for one more thing: a second meeting there is not."""
        await bot.client.say(self.cloud.tenant.ben, self.chat, "meet now")
        await self.until(lambda: any("already a meeting" in text for text in self.journey.whispers(self.chat)))

    async def ends_well(self, bot: Forked, cards: set[int]) -> None:
        """Everybody was given one meeting; a card that stands twice is one card as soon as somebody touches it."""
        assert self.journey.made() == 1
        asked = self.cloud.journal.find("graph.createOrGet")
        assert all(call.request == asked[0].request for call in asked)
        assert len({call.response["joinWebUrl"] for call in asked if call.response}) == 1
        if "organizer" in self.point.words:
            assert [meeting.lobby["scope"] for meeting in self.cloud.graph.meetings] == ["organizer"]
        stand = self.cloud.bot_posts(self.chat)
        assert len(stand) in cards
        for card in stand if len(stand) > 1 else ():
            await bot.client.press(self.cloud.tenant.ben, card, "Details as text")
        await self.until(lambda: len(self.cloud.bot_posts(self.chat)) == 1)
        assert "Retro: open\n" in self.journey.texts(self.chat)[0]


@pytest.mark.parametrize(("point", "engine", "number"), list(matrix()))
async def test_each_crash_point_ends_as_the_table_says(
    cloud: Cloud, bots: Bots, point: Point, engine: str, number: Signals
) -> None:
    """Killed, or frozen for two lease times, anywhere on the way: one meeting, and one card once somebody uses it."""
    case = Case(cloud, bots, point, number)
    await case.first.start()
    gate = await case.struck()
    cards = {1 + int(point.copies)}
    if number is SIGKILL:
        await killed(case, gate)
    elif engine == "postgres":
        await overtaken(case, gate)
    else:
        await alone(case, gate)
        cards.add(1)  # the sender may wake before it takes its own post for lost
    left = case.second if number is SIGKILL else case.first
    await case.goes_on(left)
    await case.ends_well(left, cards)


async def killed(case: Case, gate: Gate | None) -> None:
    """The process is gone; another one starts on its store."""
    assert await case.first.ended() == -SIGKILL
    if gate:
        gate.drop()
    assert (await case.asked).status in ({0, 202} if case.point.durable else {0})
    await case.second.start()
    await case.recovered(case.second)


async def overtaken(case: Case, gate: Gate | None) -> None:
    """Another replica acts while the process is frozen; that one wakes and finds out."""
    await case.second.start()
    await asyncio.gather(pause(TWO_LEASES), case.recovered(case.second))
    if gate:
        gate.release()
    case.first.tell(SIGCONT)
    assert (await case.asked).status == 202
    await case.first.said(case.point.late)


async def alone(case: Case, gate: Gate | None) -> None:
    """Nobody else may use the file: the process goes on by itself, its leases long over."""
    await pause(TWO_LEASES)
    if gate:
        gate.release()
    case.first.tell(SIGCONT)
    assert (await case.asked).status == 202
    await case.redelivered(case.first)
    await case.until(case.opened)


@pytest.mark.parametrize(
    ("engine", "number"),
    [
        pytest.param(*way, marks=pytest.mark.long if way != WAYS[0] else (), id=f"C12-{way[0]}-{way[1].name}")
        for way in WAYS
    ],
)
async def test_a_sign_in_is_moved_by_its_next_copy(cloud: Cloud, bots: Bots, engine: str, number: Signals) -> None:
    """Struck after the exchange and before it was written (C12): the next copy opens the meeting, and there is one."""
    tenant = cloud.tenant
    cloud.faults.inject("policy")
    cloud.tokens.of(tenant.ana).given = True
    first, second = bots(partial(struck, "C12", number)), bots(hurried)
    await first.start()
    journey = Journey(cloud, first.client, first.url)
    await first.client.say(tenant.ana, tenant.leads, "meet now Retro")
    post = await asked(journey, tenant.ana, tenant.leads)
    copy = asyncio.create_task(cloud.signing_in(first.client).silently(tenant.ana, post))
    await first.said("at C12")
    assert cloud.tokens.of(tenant.ana).token
    left = second if number is SIGKILL or engine == "postgres" else first
    if left is second:
        await second.start()
        (again,) = await cloud.signing_in(second.client).silently(tenant.ana, post)
        assert again.status == 200
    while number is SIGSTOP and not copy.done():  # it says where it is before it stops: the first may come too early
        first.tell(SIGCONT)
        await asyncio.wait([copy], timeout=1.0)
    (answer,) = await copy
    assert answer.status == (0 if number is SIGKILL else 200)
    await is_open(journey, tenant.leads)


@pytest.mark.parametrize(
    ("engine", "number"),
    [
        pytest.param(*way, marks=pytest.mark.long if way != WAYS[1] else (), id=f"{CALL}-{way[0]}-{way[1].name}")
        for way in WAYS
    ],
)
async def test_a_call_nobody_wrote_down_is_adopted_by_its_callback(
    cloud: Cloud, bots: Bots, monkeypatch: pytest.MonkeyPatch, engine: str, number: Signals
) -> None:
    """Struck when Graph had made the call and nobody knew (C11): no second one is made, Ben is rung by this."""
    monkeypatch.setenv("MUSTER_PUBLIC_URL", "https://muster.example")
    tenant, calls = cloud.tenant, cloud.graph.calls
    calls.establishes = False
    first, second = bots(hurried), bots(hurried)
    await first.start()
    journey = Journey(cloud, first.client, first.url)
    gate = cloud.hold("graph.call", when="after")
    await first.client.say(tenant.ana, tenant.incidents, "meet now Retro ring @Ben")
    async with asyncio.timeout(PATIENCE):
        await gate.reached
    first.tell(number)
    left = second if number is SIGKILL or engine == "postgres" else first
    if number is SIGKILL:
        assert await first.ended() == -SIGKILL
        gate.drop()
    if left is second:
        await second.start()
        await second.said("left to the callbacks")
    else:
        await pause(TWO_LEASES)
    if number is SIGSTOP:
        gate.release()
        first.tell(SIGCONT)
    calls.bot = left.url
    await calls.establish(calls.legs[0])
    await cloud.until(lambda: calls.rung() == [tenant.ben], seconds=PATIENCE)
    await calls.answer(tenant.ben)
    chat = tenant.incidents
    came = "Came when rung: Ben Okafor"
    await cloud.until(lambda: any(came in text for text in journey.texts(chat)), seconds=PATIENCE)
    await cloud.until(lambda: [leg.state for leg in calls.legs] == ["terminated"], seconds=PATIENCE)


@pytest.mark.parametrize(
    ("engine", "number"),
    [
        pytest.param(*way, marks=pytest.mark.long if way[1] is SIGSTOP else (), id=f"C14-{way[0]}-{way[1].name}")
        for way in WAYS
    ],
)
async def test_a_half_applied_migration_recovers(
    cloud: Cloud, bots: Bots, store: str, engine: str, number: Signals
) -> None:
    """Struck half-way through a step of the upgrade (C14): the steps before it stay, and the next start goes on."""
    await put_first_version(store)
    first, second = bots(partial(struck, "C14", number)), bots(hurried)
    await first.begin()
    await first.said("at C14")
    if number is SIGKILL:
        assert await first.ended() == -SIGKILL
    assert await seen(store, STEPS) == HALF
    await second.begin()
    if number is SIGSTOP:
        await pause(TWO_LEASES)
        assert await seen(store, STEPS) == HALF
        first.tell(SIGCONT)
        await first.said("Running on")
    left = first if (engine, number) == ("sqlite", SIGSTOP) else second
    if left is first:
        assert await second.ended() == 2  # a SQLite file has one process
    await left.said("Running on")
    assert await seen(store, STEPS) == [step.version for step in migrations()]
    assert {"room", "room2"} <= set(await seen(store, "SELECT room_id FROM rooms"))
    await left.client.say(cloud.tenant.ana, cloud.tenant.incidents, "meet now Retro")
    journey = Journey(cloud, left.client, left.url)
    await journey.until(lambda: any("Retro: open\n" in text for text in journey.texts(cloud.tenant.incidents)))


async def seen(store: str, query: str) -> list[int | str]:
    """Return what somebody outside reads in a column."""
    if store.startswith("sqlite"):
        with closing(sqlite3.connect(store_path(store))) as connection:
            return [value for (value,) in connection.execute(query)]
    connection = await asyncpg.connect(store)
    try:
        return [row[0] for row in await connection.fetch(query)]
    finally:
        await connection.close()


def test_every_row_of_the_table_has_its_place() -> None:
    """Each crash point C1 to C14 is struck here, or it is said what has to exist first."""
    struck_here = [point.name for point in POINTS]
    elsewhere = (SUBSCRIPTION, CALL, SIGN_IN, MIGRATION)
    assert sorted([*struck_here, *elsewhere, *OWED]) == sorted(f"C{number}" for number in range(1, 15))
