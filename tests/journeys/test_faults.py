"""Each fault once, alone: one meeting and one card, or one honest failure with a way on (facts/speed, last table)."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, cast

import jwt
import pytest

import app
from bot.errors import StoreError
from bot.model import FrozenRequest, Meeting, Person
from bot.ports import Meetings, Store
from bot.sandbox.authority import SigningKey
from bot.sandbox.cloud import Cloud
from bot.sandbox.faults import Injection
from tests.journeys.fast_clock import FastClock, bot
from tests.journeys.harness import Journey

pytestmark = pytest.mark.usefixtures("untraced")

SPEED = 20.0
WAIT_ASKED_FOR = 2_128


@pytest.fixture
def clock() -> FastClock:
    """A second lasts fifty milliseconds."""
    return FastClock(SPEED)


@pytest.fixture
async def cloud(clock: FastClock) -> AsyncIterator[Cloud]:
    """Start Entra, Graph and Teams on the fast clock."""
    async with Cloud(clock=clock) as running:
        yield running


@pytest.fixture
async def journey(cloud: Cloud, clock: FastClock, tmp_path: Path) -> AsyncIterator[Journey]:
    """Start the bot on the fast clock."""
    async with bot(cloud, tmp_path, app.Replaced(clock=clock)) as started:
        yield started


def is_open(journey: Journey, subject: str = "Retro") -> bool:
    """Say whether a card shows the open meeting."""
    return any(f"{subject}: open\n" in text for text in journey.texts(journey.cloud.tenant.incidents))


async def ask(journey: Journey, subject: str = "Retro") -> int:
    """Ask for a meeting in the channel and return how it was acknowledged."""
    tenant = journey.cloud.tenant
    return (await journey.teams.say(tenant.ana, tenant.incidents, f"meet now {subject}")).status


async def one_of_each(journey: Journey) -> None:
    """Wait for the open meeting; there is one, on one card, and every request to Graph had the same bytes."""
    await journey.until(lambda: is_open(journey))
    assert journey.made() == 1
    assert len(journey.texts(journey.cloud.tenant.incidents)) == 1
    requests = [call.request for call in journey.cloud.journal.find("graph.createOrGet")]
    assert all(request == requests[0] for request in requests)


async def test_a_wait_graph_asks_for_is_kept_to_the_millisecond(journey: Journey) -> None:
    """After 429 with Retry-After 2.128 Graph is asked again no earlier and not much later, and the meeting opens."""
    journey.cloud.faults.inject("429", times=1, retry_after=2.128)
    assert await ask(journey) == 202
    await one_of_each(journey)
    first, second = journey.cloud.journal.find("graph.createOrGet")
    assert second.at - first.at >= WAIT_ASKED_FOR


@pytest.mark.parametrize("fault", ["429", "500", "502", "503", "504", "504-after", "reset", "reset-after"])
async def test_graph_s_bad_moment_costs_nobody_a_meeting(journey: Journey, fault: str) -> None:
    """Whatever Graph answers or fails to answer once, people get one meeting and one card."""
    struck = journey.cloud.faults.inject(fault, times=1)
    assert await ask(journey) == 202
    await one_of_each(journey)
    assert struck.hits == 1


@pytest.mark.parametrize("service", ["graph.*", "connector.*"])
async def test_a_token_refused_once_is_replaced(journey: Journey, service: str) -> None:
    """A 401 makes Muster fetch a new token and repeat the call at once: one meeting, one card."""
    struck = journey.cloud.faults.inject("token-revoked", on=service, times=1)
    assert await ask(journey) == 202
    await one_of_each(journey)
    assert struck.hits == 1


async def test_when_every_token_is_revoked_new_ones_are_fetched(journey: Journey) -> None:
    """After everything Muster holds was revoked, the next request opens as usual."""
    assert await ask(journey) == 202
    await journey.until(lambda: is_open(journey))
    assert journey.cloud.entra.revoke() >= 2
    tenant = journey.cloud.tenant
    await journey.teams.say(tenant.ben, tenant.leads, "meet now Second")
    await journey.until(lambda: any("Second: open\n" in text for text in journey.texts(tenant.leads)))
    assert journey.made() == 2
    assert len(journey.texts(tenant.leads)) == 1


@pytest.mark.parametrize(
    ("fault", "retry_after"),
    [
        ("connector-412", None),
        ("connector-429", None),
        ("connector-429", 2.128),
        ("connector-503", None),
        ("connector-500", None),
        ("connector-502", None),
        ("connector-reset", None),
    ],
)
async def test_teams_bad_moment_costs_nobody_a_card(journey: Journey, fault: str, retry_after: float | None) -> None:
    """Whatever Teams answers once to a post that it did not make, there is one card in the end."""
    struck = journey.cloud.faults.inject(fault, on="connector.post", times=1, retry_after=retry_after)
    assert await ask(journey) == 202
    await one_of_each(journey)
    assert struck.hits == 1
    first, second = journey.cloud.journal.find("connector.post")
    assert second.at - first.at >= (retry_after or 0) * 1000


@pytest.mark.parametrize("fault", ["connector-reset-after", "connector-502-after"])
async def test_a_post_whose_answer_is_lost_is_made_once_more(journey: Journey, fault: str) -> None:
    """Two cards beat none: a post nobody heard of is repeated once, after five seconds, for the one meeting."""
    journey.cloud.faults.inject(fault, on="connector.post", times=1)
    assert await ask(journey) == 202
    await journey.until(lambda: len(journey.cloud.journal.find("connector.post")) == 2 and is_open(journey))
    first, second = journey.cloud.journal.find("connector.post")
    assert second.at - first.at >= 5_000
    assert journey.made() == 1
    assert len(journey.texts(journey.cloud.tenant.incidents)) == 2


async def test_an_edit_whose_answer_is_lost_is_repeated(journey: Journey) -> None:
    """The card's change from opening to open survives a lost answer, on the same card."""
    gate = journey.cloud.hold("graph.createOrGet")
    journey.cloud.faults.inject("connector-reset-after", on="connector.edit", times=1)
    assert await ask(journey) == 202
    await journey.until(lambda: any("Retro: opening" in text for text in journey.texts(journey.cloud.tenant.incidents)))
    gate.release()
    await one_of_each(journey)


async def test_a_new_signing_key_of_teams_is_taken_up(journey: Journey) -> None:
    """When Microsoft signs with a key it never used before, the next request is let in."""
    journey.cloud.entra.rotate_bot_key(keep_old=False)
    assert await ask(journey) == 202
    await one_of_each(journey)


async def test_fifty_unknown_keys_cost_at_most_four_fetches(journey: Journey) -> None:
    """Fifty requests under keys nobody published are refused, and make Muster look for keys four times at most."""
    tenant = journey.cloud.tenant
    before = len(journey.cloud.journal.find("entra.keys"))
    scribe = journey.teams.scribe
    activity = scribe.message(tenant.ana, tenant.leads.thread_id, "@Muster meet now", at=0)
    claims = jwt.decode(journey.teams.token(activity), options={"verify_signature": False})
    key = SigningKey()
    tokens = [key.sign(claims, kid=f"unknown-{number}") for number in range(50)]
    answers = await asyncio.gather(*(journey.teams.send(dict(activity), token=token) for token in tokens))
    assert {answer.status for answer in answers} <= {401, 403}
    assert len(journey.cloud.journal.find("entra.keys")) - before <= 4
    assert journey.made() == 0


async def test_a_store_another_program_holds_is_waited_for(journey: Journey, clock: FastClock, tmp_path: Path) -> None:
    """While a backup holds the database file, requests wait and lose nothing."""
    backup = sqlite3.connect(tmp_path / "muster.db", isolation_level=None)
    backup.execute("BEGIN IMMEDIATE")
    asked = asyncio.create_task(ask(journey))
    await clock.sleep(4)
    assert not asked.done()
    backup.execute("ROLLBACK")
    backup.close()
    assert await asked == 202
    await one_of_each(journey)


class Full:
    """A store whose disk is full for the next `left` calls of one kind."""

    def __init__(self, store: Store, kind: str, left: int) -> None:
        self._store = store
        self._kind = kind
        self.left = left

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the store has
        call: Callable[..., Any] = getattr(self._store, name)
        if name != self._kind or not self.left:
            return call

        async def refused(*_: object) -> None:
            self.left -= 1
            raise StoreError("SQLite: SQLITE_FULL: database or disk is full")

        return refused


def full(kind: str, left: int) -> Callable[[Store], Store]:
    """Return what puts a full disk around the store."""
    return lambda store: Full(store, kind, left)


async def test_a_full_disk_promises_nothing(cloud: Cloud, clock: FastClock, tmp_path: Path) -> None:
    """What cannot be written is answered 503 and redelivered by Teams; once there is room it is one meeting."""
    replaced = app.Replaced(clock=clock, wrap_store=full("receive", 10_000))
    async with bot(cloud, tmp_path, replaced) as journey:
        tenant = cloud.tenant
        first = await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
        assert first.status == 503
        assert cloud.journal.find("graph.createOrGet") == []
    async with bot(cloud, tmp_path, app.Replaced(clock=clock)) as journey:
        (again,) = await journey.teams.redeliver(first)
        assert again.status == 202
        await one_of_each(journey)


@pytest.mark.parametrize(("kind", "cards"), [("settle_turn", 1), ("settle_timer", 1), ("settle_message", 2)])
async def test_a_disk_that_is_full_for_a_moment_loses_no_request(
    cloud: Cloud, clock: FastClock, tmp_path: Path, kind: str, cards: int
) -> None:
    """A write that fails after the acknowledgement is done again; only an unwritten post can stand twice."""
    async with bot(cloud, tmp_path, app.Replaced(clock=clock, wrap_store=full(kind, 1))) as journey:
        assert await ask(journey) == 202
        await journey.until(lambda: is_open(journey) and len(journey.texts(cloud.tenant.incidents)) == cards)
        assert journey.made() == 1


async def test_entra_away_at_the_start_delays_and_loses_nothing(cloud: Cloud, clock: FastClock, tmp_path: Path) -> None:
    """Before any key was loaded the door says 503, not 401; when Entra is back, the redelivery becomes a meeting."""
    away = cloud.faults.inject("entra-outage")
    async with bot(cloud, tmp_path, app.Replaced(clock=clock)) as journey:
        tenant = cloud.tenant
        first = await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
        assert first.status == 503
        away.remove()
        while (first := (await journey.teams.redeliver(first))[0]).status != 202:
            assert first.status == 503
            await clock.sleep(2)
        await one_of_each(journey)


async def test_without_tokens_the_card_says_so_and_opens_later(cloud: Cloud, clock: FastClock, tmp_path: Path) -> None:
    """While Entra gives no tokens a request is kept and tried; once it does, the meeting opens on one card."""
    away = cloud.faults.inject("entra-503", on="entra.token")
    async with bot(cloud, tmp_path, app.Replaced(clock=clock)) as journey:
        assert await ask(journey) == 202
        await journey.until(lambda: away.hits >= 3)
        away.remove()
        await one_of_each(journey)


async def outage_ends_in_a_failed_card(journey: Journey) -> Injection:
    """Ask while Graph is away for good, and wait until the card says that it was not opened."""
    away = journey.cloud.faults.inject("outage")
    assert await ask(journey) == 202
    await journey.until(
        lambda: any("Retro: not opened" in text for text in journey.texts(journey.cloud.tenant.incidents))
    )
    return away


async def test_graph_away_for_good_is_one_honest_failure_with_a_way_on(tmp_path: Path) -> None:
    """After three minutes the one card says so, nothing opens later by itself, and its button opens the meeting."""
    clock = FastClock(200.0)
    async with Cloud(clock=clock) as cloud, bot(cloud, tmp_path, app.Replaced(clock=clock)) as journey:
        away = await outage_ends_in_a_failed_card(journey)
        away.remove()
        await journey.until(lambda: bool(cloud.journal.find("graph.delete")))
        assert all(meeting.deleted for meeting in cloud.graph.meetings)
        assert not is_open(journey)
        (post,) = cloud.bot_posts(cloud.tenant.incidents)
        assert (await journey.teams.press(cloud.tenant.ben, post, "Try again")).status == 200
        await journey.until(lambda: is_open(journey))
        assert sum(not meeting.deleted for meeting in cloud.graph.meetings) == 1
        assert len(journey.texts(cloud.tenant.incidents)) == 1


class Broken:
    """Meetings that fail in a way nobody foresaw, each time a request for this subject is sent."""

    def __init__(self, meetings: Meetings, subject: str) -> None:
        self._meetings = meetings
        self._subject = subject
        self.asked = 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever meetings have
        """Return what the real ones do."""
        return getattr(self._meetings, name)

    async def make(self, tenant: str, request: FrozenRequest, *, reference: str, by: Person | None = None) -> Meeting:
        """Break, or ask."""
        if self._subject in request.body:
            self.asked += 1
            raise ZeroDivisionError
        return await self._meetings.make(tenant, request, reference=reference, by=by)


async def test_a_bug_of_ours_ends_in_an_honest_failure(cloud: Cloud, clock: FastClock, tmp_path: Path) -> None:
    """A request that breaks Muster each time fails after five tries and says so; others open meanwhile."""
    parts: list[Broken] = []

    def broken(meetings: Meetings) -> Meetings:
        parts.append(Broken(meetings, "Retro"))
        return cast("Meetings", parts[0])

    async with bot(cloud, tmp_path, app.Replaced(clock=clock, wrap_meetings=broken)) as journey:
        tenant = cloud.tenant
        assert await ask(journey) == 202
        await journey.teams.say(tenant.ben, tenant.leads, "meet now Second")
        await journey.until(lambda: any("Second: open\n" in text for text in journey.texts(tenant.leads)))
        await journey.until(lambda: any("wrong on my side" in text for text in journey.texts(tenant.incidents)))
        assert parts[0].asked == 5
