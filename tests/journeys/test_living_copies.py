"""More than one of everything: two replicas, two chats, a restart in the middle of a call, and Teams' own events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import app
from bot.sandbox.cloud import Cloud
from tests.journeys.harness import Journey
from tests.journeys.watched import MovedClock, opened, shows, watched


@pytest.fixture
def clock() -> MovedClock:
    """The time of the bot and of its cloud."""
    return MovedClock()


@pytest.fixture
async def cloud(clock: MovedClock) -> AsyncIterator[Cloud]:
    """Entra, Graph and Teams."""
    async with Cloud(clock=clock) as running:
        yield running


async def test_two_replicas_hear_a_half_each(
    cloud: Cloud, clock: MovedClock, postgres_url: str, tmp_path: Path
) -> None:
    """Each replica is told of every second change, and the card shows all of them."""
    replaced, tenant = app.Replaced(clock=clock), cloud.tenant
    async with (
        watched(cloud, tmp_path, replaced, MUSTER_STORE=postgres_url) as one,
        watched(cloud, tmp_path, replaced, MUSTER_STORE=postgres_url),
    ):
        meeting = await opened(one, tenant.incidents)
        for who in (tenant.ana, tenant.ben, tenant.chloe, "+44 20 7946 0999"):
            await cloud.calls.join(meeting, who)
        await cloud.calls.leave(meeting, tenant.ben)
        await shows(one, tenant.incidents, "Retro: live, 3 people")
        assert len(one.texts(tenant.incidents)) == 1
        assert cloud.journal.counts()["graph.subscribe"] == 1


async def test_a_restart_in_the_middle_of_a_call(cloud: Cloud, clock: MovedClock, tmp_path: Path) -> None:
    """Whoever is in stays counted, and what is told while nobody listens is told again."""
    replaced, tenant = app.Replaced(clock=clock), cloud.tenant
    async with watched(cloud, tmp_path, replaced) as before:
        meeting = await opened(before, tenant.incidents)
        await cloud.calls.join(meeting, tenant.ana)
        await shows(before, tenant.incidents, "Retro: live, 1 person")
    cloud.front.targets.clear()
    cloud.calls.held = True
    await cloud.calls.join(meeting, tenant.ben)
    async with watched(cloud, tmp_path, replaced) as after:
        await cloud.calls.release()
        await shows(after, tenant.incidents, "Retro: live, 2 people")
        assert cloud.journal.counts()["graph.subscribe"] == 1


async def test_another_chat_follows_its_state(cloud: Cloud, clock: MovedClock, tmp_path: Path) -> None:
    """A topic's card in a second chat says that it is live; it is not edited for everybody who comes and goes."""
    tenant = cloud.tenant
    async with watched(cloud, tmp_path, app.Replaced(clock=clock), MUSTER_OPEN_TOPICS="INC-*") as told:
        meeting = await opened(told, tenant.incidents, "meet #INC-42 Retro")
        await told.teams.say(tenant.ben, tenant.leads, "meet #INC-42")
        await shows(told, tenant.leads, "Retro: open\n")
        for who in (tenant.ana, tenant.ben, tenant.chloe):
            await cloud.calls.join(meeting, who)
        await shows(told, tenant.incidents, "Retro: live, 3 people")
        await shows(told, tenant.leads, "Retro: live\n")
        (there,) = cloud.bot_posts(tenant.leads)
        versions = len(there.versions)
        await cloud.calls.leave(meeting, tenant.ben)
        await shows(told, tenant.incidents, "Retro: live, 2 people")
        assert len(there.versions) == versions


async def test_teams_tells_where_graph_does_not(cloud: Cloud, clock: MovedClock, tmp_path: Path) -> None:
    """Without Graph's permission Teams' own events of a meeting make the card live, count people, and empty it."""
    cloud.faults.inject("forbidden", on="graph.subscribe")
    tenant, chat = cloud.tenant, cloud.tenant.incidents
    async with watched(cloud, tmp_path, app.Replaced(clock=clock)) as told:
        await told.teams.say(tenant.ana, chat, "meet now Retro")
        await shows(told, chat, "Retro: open\n")
        await cloud.journal.wait("graph.subscribe")
        link = cloud.graph.meetings[-1].join_url
        await happened(told, "meetingStart", JoinUrl=link)
        await shows(told, chat, "Retro: live\n")
        member = {"user": {"id": tenant.ben.id, "aadObjectId": tenant.ben.oid, "name": tenant.ben.name}}
        await happened(told, "meetingParticipantJoin", members=[member])
        await shows(told, chat, "Retro: live, 1 person")
        await happened(told, "meetingParticipantLeave", members=[member])
        await shows(told, chat, "Retro: empty")
        await happened(told, "meetingEnd", JoinUrl=link)


async def happened(told: Journey, name: str, **value: object) -> None:
    """Let Teams send one of its events of the meeting to the bot."""
    tenant = told.cloud.tenant
    at = told.cloud.calls.now()
    activity = told.teams.scribe.envelope("event", tenant.ana, tenant.incidents.thread_id, at=at)
    activity |= {"name": f"application/vnd.microsoft.{name}", "value": value}
    activity["channelData"] = {**activity["channelData"], "meeting": {"id": "MCMxOTptZWV0aW5n"}}
    assert (await told.teams.send(activity)).status == 202


async def test_an_ended_meeting_can_live_again(cloud: Cloud, clock: MovedClock, tmp_path: Path) -> None:
    """Everybody leaves, somebody ends it, it says what it was; reopened it has the same number and is live again."""
    tenant, chat = cloud.tenant, cloud.tenant.incidents
    async with watched(cloud, tmp_path, app.Replaced(clock=clock)) as told:
        meeting = await opened(told, chat)
        await cloud.calls.join(meeting, tenant.ana, tenant.ben)
        number = meeting.conference_id
        assert number in (await shows(told, chat, "Retro: live, 2 people")).replace(" ", "")
        await told.teams.say(tenant.ben, chat, "status")
        await told.until(lambda: any("live since" in text and "2 people" in text for text in told.whispers(chat)))
        await told.teams.say(tenant.ana, chat, "end")
        await told.until(lambda: any("People are in Retro" in text for text in told.whispers(chat)))
        await cloud.calls.leave(meeting, tenant.ana, tenant.ben)
        await shows(told, chat, "Retro: empty")
        await told.teams.say(tenant.ana, chat, "end Retro")
        assert "2 people · started by Ana Lima" in await shows(told, chat, "Retro: ended")
        await told.teams.say(tenant.ana, chat, "reopen")
        assert number in (await shows(told, chat, "Retro: open\n")).replace(" ", "")
        await cloud.calls.join(meeting, tenant.ben)
        await shows(told, chat, "Retro: live, 1 person")
