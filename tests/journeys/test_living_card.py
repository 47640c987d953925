"""The card tells who is in: from open to live, empty, live again and ended (EXPERIENCE 2, 1.17, 1.18)."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest

import app
from bot.graph import encryption
from bot.sandbox.cloud import Cloud
from bot.sandbox.meetings import Meeting
from tests.journeys.harness import Journey
from tests.journeys.watched import MovedClock, Noted, opened, shows, watched
from tests.sandbox import contract


@pytest.fixture
def clock() -> MovedClock:
    """The time of the bot and of its cloud."""
    return MovedClock()


@pytest.fixture
async def cloud(clock: MovedClock) -> AsyncIterator[Cloud]:
    """Entra, Graph and Teams; what was asked and answered has to be what Microsoft describes."""
    async with Cloud(clock=clock) as running:
        yield running
    if contract.here():
        assert contract.misasked(running.journal.exchanges) == []
        assert contract.departures(running.journal.exchanges, besides=contract.OF_2019) == []


@pytest.fixture
async def told(cloud: Cloud, clock: MovedClock, tmp_path: Path) -> AsyncIterator[Journey]:
    """A bot that Graph tells of calls."""
    async with watched(cloud, tmp_path, app.Replaced(clock=clock)) as journey:
        yield journey


async def test_the_card_follows_people(told: Journey, clock: MovedClock) -> None:
    """People come in, leave, come back and leave for good: the one card says so each time, and ends with the digest."""
    tenant, chat = told.cloud.tenant, told.cloud.tenant.incidents
    meeting = await opened(told, chat)
    await told.cloud.calls.join(meeting, tenant.ana)
    await shows(told, chat, "Retro: live, 1 person")
    await told.cloud.calls.join(meeting, tenant.ben, "+44 20 7946 0999")
    await shows(told, chat, "Retro: live, 3 people")
    await told.teams.say(tenant.chloe, chat, "meet now")
    await told.until(lambda: any("live since" in text and "3 people" in text for text in told.whispers(chat)))
    await told.cloud.calls.leave(meeting, tenant.ana, tenant.ben, "+44 20 7946 0999")
    assert "The last person left at" in await shows(told, chat, "Retro: empty")
    await told.cloud.calls.join(meeting, tenant.ben)
    await shows(told, chat, "Retro: live, 1 person")
    await told.cloud.calls.leave(meeting, tenant.ben)
    await shows(told, chat, "Retro: empty")
    clock.advance(minutes=15)
    ended = await shows(told, chat, "Retro: ended")
    assert "3 people, at most 3 at once" in ended
    assert "1 person, at most 1 at once" in ended
    assert len(told.texts(chat)) == 1


async def test_what_comes_before_the_answer_counts(told: Journey) -> None:
    """Somebody comes in before Graph has answered that it will tell: the card knows, and Graph is asked only once."""
    tenant, chat = told.cloud.tenant, told.cloud.tenant.incidents
    gate = told.cloud.hold("graph.subscribe", when="after")
    await told.teams.say(tenant.ana, chat, "meet now Retro")
    await gate.reached
    await told.cloud.calls.join(told.cloud.graph.meetings[-1], tenant.ben)
    await shows(told, chat, "Retro: live, 1 person")
    gate.release()
    await told.cloud.calls.join(told.cloud.graph.meetings[-1], tenant.ana)
    await shows(told, chat, "Retro: live, 2 people")
    assert told.cloud.journal.counts()["graph.subscribe"] == 1


@pytest.mark.parametrize("clock", [MovedClock(60)])
async def test_a_thousand_changes_in_a_minute(told: Journey, clock: MovedClock) -> None:
    """A busy minute makes few edits, far enough apart, and the last one shows how many are really inside."""
    chat, calls = told.cloud.tenant.incidents, told.cloud.calls
    meeting = await opened(told, chat)
    crowd = [f"+44 20 7946 0{number:03}" for number in range(60)]
    began = clock.now()
    for step in range(50):
        some = tuple(crowd[(step * 20 + number) % 60] for number in range(20))
        came = tuple(who for who in some if who not in inside(told, meeting))
        await calls.change(meeting, joined=came, left=tuple(who for who in some if who not in came))
        await clock.sleep((began + (step + 1) * 1_200 - clock.now()) / 1000)
    await calls.join(meeting, "+44 20 7946 0999")
    final = calls.inside(meeting)
    clock.advance(minutes=1)
    await shows(told, chat, f"Retro: live, {final} people")
    edits = [edit.at for edit in told.cloud.journal.find("connector.edit")]
    assert all(later - earlier >= 2_900 for earlier, later in pairwise(edits))
    assert len([at for at in edits if began <= at < began + 60_000]) <= 21


def inside(journey: Journey, meeting: Meeting) -> set[str]:
    """Return who is in a meeting's call."""
    call = journey.cloud.calls.going_on.get(meeting.number)
    return set(call.inside) if call else set()


@pytest.mark.parametrize("clock", [MovedClock(90)])
async def test_after_the_first_minute_the_card_is_calm(told: Journey, clock: MovedClock) -> None:
    """Once people have settled, coming and going edits the card twice a minute at most, and only to another number."""
    tenant, chat = told.cloud.tenant, told.cloud.tenant.incidents
    meeting = await opened(told, chat)
    await told.cloud.calls.join(meeting, tenant.ana)
    await shows(told, chat, "Retro: live, 1 person")
    clock.advance(minutes=2)
    edits = len(told.cloud.journal.find("connector.edit"))
    since = clock.now()
    for who in (tenant.ben, tenant.chloe):
        await told.cloud.calls.join(meeting, who)
    await shows(told, chat, "Retro: live, 3 people")
    for who in (tenant.ben, tenant.chloe):
        await told.cloud.calls.leave(meeting, who)
    await shows(told, chat, "Retro: live, 1 person")
    times = [edit.at for edit in told.cloud.journal.find("connector.edit")[edits:]]
    assert all(later - earlier >= 29_000 for earlier, later in pairwise(times))
    assert clock.now() - since >= 30_000


async def test_whoever_may_not_be_told_says_open(cloud: Cloud, clock: MovedClock, tmp_path: Path) -> None:
    """Where the permission is missing the card stays open, never live, and the tenant is not asked again and again."""
    cloud.faults.inject("forbidden", on="graph.subscribe")
    async with watched(cloud, tmp_path, app.Replaced(clock=clock)) as told:
        tenant = cloud.tenant
        await told.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
        await cloud.journal.wait("graph.subscribe")
        await shows(told, tenant.incidents, "Retro: open\n")
        await cloud.calls.join(cloud.graph.meetings[-1], tenant.ben)
        await told.teams.say(tenant.ben, tenant.leads, "meet now Review")
        await shows(told, tenant.leads, "Review: open\n")
        await told.teams.say(tenant.ben, tenant.incidents, "help")
        await told.until(lambda: bool(told.whispers(tenant.incidents)))
        assert cloud.journal.counts()["graph.subscribe"] == 1
        assert "Retro: open\n" in told.texts(tenant.incidents)[0]


async def test_the_other_version_is_asked_where_one_has_it_not(told: Journey) -> None:
    """A Graph that refuses the resource in one version is asked in the other, and that is remembered."""
    told.cloud.faults.inject("bad-request", on="graph.subscribe", ordinals={1})
    tenant = told.cloud.tenant
    meeting = await opened(told, tenant.incidents)
    await told.cloud.calls.join(meeting, tenant.ben)
    await shows(told, tenant.incidents, "Retro: live, 1 person")
    await told.teams.say(tenant.ben, tenant.leads, "meet now Review")
    await told.cloud.journal.wait("graph.subscribe", 3)
    paths = [asked.path for asked in told.cloud.journal.find("graph.subscribe")]
    assert paths == ["/beta/subscriptions", "/v1.0/subscriptions", "/v1.0/subscriptions"]


@pytest.mark.parametrize(("fault", "asked"), [("503", 2), ("504-after", 1)])
async def test_what_may_have_been_subscribed_is_looked_for(told: Journey, fault: str, asked: int) -> None:
    """Where Graph's answer is lost or it is busy, Muster looks before it asks again: one subscription, and it lives."""
    told.cloud.faults.inject(fault, on="graph.subscribe", times=1)
    tenant = told.cloud.tenant
    meeting = await opened(told, tenant.incidents)
    await told.cloud.journal.wait("graph.subscriptions")
    await told.cloud.journal.wait("graph.subscribe", asked)
    await told.cloud.calls.join(meeting, tenant.ben)
    await shows(told, tenant.incidents, "Retro: live, 1 person")
    assert told.cloud.journal.counts()["graph.subscribe"] == asked
    assert len(told.cloud.subscriptions.active) == 1


async def test_keys_are_replaced_during_a_meeting(
    told: Journey, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its renewal a subscription gets a new certificate; what is still encrypted for the old one is read too."""
    monkeypatch.setattr(encryption, "SERVES", 3_600_000)
    tenant, chat, calls = told.cloud.tenant, told.cloud.tenant.incidents, told.cloud.calls
    meeting = await opened(told, chat)
    await calls.join(meeting, tenant.ana)
    await shows(told, chat, "Retro: live, 1 person")
    calls.held = True
    await calls.join(meeting, tenant.ben)
    clock.advance(minutes=23 * 60)
    await told.cloud.journal.wait("graph.resubscribe")
    calls.held = False
    await calls.join(meeting, tenant.chloe)
    await shows(told, chat, "Retro: live, 2 people")
    calls.waiting = [(one, {**body, "validationTokens": [calls.token()]}) for one, body in calls.waiting]
    await calls.release()
    await shows(told, chat, "Retro: live, 3 people")
    first, second = told.cloud.journal.find("graph.subscribe")[0], told.cloud.journal.find("graph.resubscribe")[0]
    assert first.request["encryptionCertificateId"] != second.request["encryptionCertificateId"]


async def test_nobody_but_graph_is_believed(told: Journey) -> None:
    """Forged, foreign, changed and replayed notifications are turned away or change nothing."""
    tenant, chat, calls = told.cloud.tenant, told.cloud.tenant.incidents, told.cloud.calls
    meeting = await opened(told, chat)
    (subscription,) = told.cloud.subscriptions.of(meeting)
    calls.held = True
    await calls.join(meeting, tenant.ana)
    ((_, good),) = calls.waiting
    now = told.cloud.calls.token
    refused = {
        "unsigned": {**good, "validationTokens": []},
        "for another app": {**good, "validationTokens": [now(aud="11111111-0000-4000-8000-000000000000")]},
        "by another app": {**good, "validationTokens": [now(appid="11111111-0000-4000-8000-000000000000")]},
        "of another issuer": {**good, "validationTokens": [now(iss="https://sts.elsewhere.example/x/")]},
        "expired": {**good, "validationTokens": [now(exp=1)]},
        "not a token": {**good, "validationTokens": ["x.y.z"]},
    }
    for why, body in refused.items():
        assert await calls.post(subscription, body) == 401, why
    (first, *_) = good["value"]
    foreign = "99999999-0000-4000-8000-000000000000"
    content = first["encryptedContent"]
    ignored = {
        "another clientState": {**first, "clientState": "guessed"},
        "another subscription": {**first, "subscriptionId": "guessed", "clientState": "guessed"},
        "another tenant": {**first, "tenantId": foreign},
        "changed": {**first, "encryptedContent": {**content, "dataSignature": content["dataKey"]}},
        "another key": {**first, "encryptedContent": {**content, "encryptionCertificateId": "guessed"}},
        "nothing": {},
    }
    for why, item in ignored.items():
        assert await calls.post(subscription, {**good, "value": [item]}) == 202, why
    tokens = [now(tid=foreign, iss=f"https://sts.windows.net/{foreign}/")]
    assert await calls.post(subscription, {**good, "validationTokens": tokens}) == 202, "a tenant's own token"
    assert "Retro: open\n" in told.texts(chat)[0]
    await calls.release(twice=True)
    await shows(told, chat, "Retro: live, 1 person")


async def test_disorder_and_copies_change_nothing(told: Journey) -> None:
    """Whatever order Graph tells it in, and however often: the card shows who is really there."""
    tenant, chat, calls = told.cloud.tenant, told.cloud.tenant.incidents, told.cloud.calls
    meeting = await opened(told, chat)
    calls.held = True
    for who in (tenant.ana, tenant.ben, tenant.chloe):
        await calls.join(meeting, who)
    await calls.leave(meeting, tenant.ana)
    await calls.join(meeting, tenant.ana, lobby=True)
    await calls.release(order=random.Random(7), twice=True)  # noqa: S311 - an order, no secret
    await shows(told, chat, "Retro: live, 2 people")


async def test_names_where_they_are_wanted(cloud: Cloud, clock: MovedClock, tmp_path: Path) -> None:
    """A tenant that wants it reads who is in, callers by their number of them only; nobody's name is kept otherwise."""
    async with watched(cloud, tmp_path, app.Replaced(clock=clock), MUSTER_ROSTER="names") as told:
        tenant, chat = cloud.tenant, cloud.tenant.incidents
        meeting = await opened(told, chat)
        await cloud.calls.join(meeting, tenant.ana, tenant.ben, "+44 20 7946 0999")
        await shows(told, chat, "Retro: live: Ana Lima, Ben Okafor and 1 caller")


async def test_what_graph_says_of_the_subscription_is_looked_into(told: Journey, clock: MovedClock) -> None:
    """Asked to prove itself Muster renews; without a subscription it makes one; what was missed is not counted."""
    tenant, chat, calls = told.cloud.tenant, told.cloud.tenant.incidents, told.cloud.calls
    meeting = await opened(told, chat)
    await calls.join(meeting, tenant.ana)
    await shows(told, chat, "Retro: live, 1 person")
    await calls.lifecycle(meeting, "missed")
    await shows(told, chat, "Retro: live\n")
    await calls.lifecycle(meeting, "reauthorizationRequired")
    await told.cloud.journal.wait("graph.resubscribe")
    await calls.lifecycle(meeting, "subscriptionRemoved")
    await told.cloud.journal.wait("graph.subscribe", 2)
    await calls.end(meeting)
    clock.advance(minutes=60 * 48)
    assert told.cloud.journal.counts()["graph.subscribe"] == 2


@pytest.mark.parametrize("clock", [MovedClock(1)])
async def test_an_ended_meeting_is_let_go(cloud: Cloud, clock: MovedClock, tmp_path: Path) -> None:
    """Nobody came, the card says so, and a day after its end Graph need not tell any more."""
    noted, chat = Noted(cloud), cloud.tenant.incidents
    async with watched(cloud, tmp_path, app.Replaced(clock=clock, wrap_store=noted.around)) as told:
        meeting = await opened(told, chat)
        await told.until(lambda: "subscribed" in noted.outcomes)
        clock.advance(minutes=75)
        await shows(told, chat, "Retro: closed. Nobody joined.")
        clock.advance(minutes=60 * 22)
        await told.until(lambda: "renewed" in noted.outcomes)
        clock.advance(minutes=60 * 22)
        await told.until(lambda: "unsubscribed" in noted.outcomes)
        assert cloud.subscriptions.of(meeting) == []
