"""Meetings that exist: ended honestly, reopened, handed over, renamed, withdrawn (ENGINE R8, R23, EXPERIENCE 1.13)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import app
from bot.sandbox.cloud import Cloud
from bot.sandbox.meetings import Meeting
from bot.sandbox.posts import Post
from bot.sandbox.teams_client import Delivery
from tests.journeys.fast_clock import FastClock, bot
from tests.journeys.harness import Journey, words

pytestmark = pytest.mark.usefixtures("untraced")


@pytest.fixture
def clock() -> FastClock:
    """The three seconds between edits last a blink."""
    return FastClock(16.0)


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


async def opened(journey: Journey, line: str = "meet now Retro") -> tuple[Delivery, Post, Meeting]:
    """Let Ana open a meeting in the channel; return what she said, the card and Graph's meeting."""
    tenant = journey.cloud.tenant
    said = await journey.teams.say(tenant.ana, tenant.incidents, line)
    await shows(journey, ": open\n")
    return said, journey.cloud.bot_posts(tenant.incidents)[-1], journey.cloud.graph.meetings[-1]


async def shows(journey: Journey, text: str) -> None:
    """Wait until a card in the channel says this."""
    await journey.until(lambda: any(text in card for card in journey.texts(journey.cloud.tenant.incidents)))


async def whispered(journey: Journey, text: str) -> None:
    """Wait until somebody is told this alone."""
    await journey.until(lambda: any(text in said for said in journey.whispers(journey.cloud.tenant.incidents)))


async def test_an_end_can_be_undone(journey: Journey) -> None:
    """End shuts the lobby and offers the way back; Reopen brings the same link, the same numbers and the lobby."""
    ana = journey.cloud.tenant.ana
    _, post, meeting = await opened(journey, "meet #INC-42 DB down")
    await journey.until(lambda: meeting.lobby["isDialInBypassEnabled"])
    before = dict(meeting.lobby)
    pressed = await journey.teams.press(ana, post, "End")
    assert pressed.problems() == []
    assert "#INC-42 DB down: ended" in words(pressed.body["value"])
    await journey.until(lambda: meeting.lobby == {"scope": "organizer", "isDialInBypassEnabled": False})
    await shows(journey, "The old link may still open, so please start a new one:")
    assert "not changed" not in journey.texts(journey.cloud.tenant.incidents)[0]
    again = await journey.teams.press(ana, post, "Reopen this one")
    assert again.problems() == []
    await journey.until(lambda: meeting.lobby == before)
    await shows(journey, "#INC-42 DB down: open\n")
    assert meeting.join_url in str(post.card)
    assert journey.made() == 1


async def test_an_end_that_microsoft_refuses_is_said(journey: Journey) -> None:
    """Where the meeting itself cannot be closed, the card says that it is closed here only."""
    tenant = journey.cloud.tenant
    _, _, meeting = await opened(journey)
    journey.cloud.faults.inject("forbidden", on="graph.update")
    await journey.teams.say(tenant.ana, tenant.incidents, "end")
    await shows(journey, "Closed here, the meeting was not changed.")
    assert meeting.lobby["scope"] == "organization"


async def test_a_stranger_may_not_end_it_and_an_owner_may(journey: Journey) -> None:
    """Who neither leads nor owns the team reads who may; an owner ends it, where the team tells who its owners are."""
    tenant = journey.cloud.tenant
    assert tenant.incidents.team is not None
    tenant.incidents.team.owners.append(tenant.chloe.oid)
    _, post, _ = await opened(journey)
    pressed = await journey.teams.press(tenant.chloe, post, "End")
    assert pressed.problems() == []
    await whispered(journey, "Only Ana Lima or a team owner can end this meeting.")
    tenant.consents.add("TeamMember.Read.Group")
    await journey.teams.say(tenant.ben, tenant.incidents, "end")
    told = "Only Ana Lima or a team owner can end this meeting."
    await journey.until(lambda: journey.whispers(tenant.incidents).count(told) == 2)
    assert "Retro: open\n" in journey.texts(tenant.incidents)[0]
    await journey.teams.say(tenant.chloe, tenant.incidents, "end")
    await shows(journey, "Retro: ended")


async def test_the_lead_is_handed_over(journey: Journey) -> None:
    """Whoever takes over is a co-organizer, named to everybody, and may end the meeting."""
    tenant = journey.cloud.tenant
    _, post, meeting = await opened(journey)
    await journey.teams.say(tenant.ana, tenant.incidents, "host @Ben")
    await shows(journey, "Ben Okafor now leads Retro with Ana Lima.")
    assert [(one["upn"], one["role"]) for one in meeting.attendees] == [(tenant.ben.upn, "coorganizer")]
    assert "Ben Okafor now leads Retro with Ana Lima." in journey.whispers(tenant.incidents)
    assert (await journey.teams.press(tenant.ben, post, "End")).problems() == []
    await shows(journey, "Retro: ended")


async def test_who_cannot_lead_is_named(journey: Journey) -> None:
    """Somebody who is no member here is named in the answer, and nothing else changes."""
    tenant = journey.cloud.tenant
    _, _, meeting = await opened(journey)
    journey.cloud.faults.inject("forbidden", on="connector.member")
    await journey.teams.say(tenant.ana, tenant.incidents, "host @Kim")
    await whispered(journey, "I couldn't hand Retro over to Kim")
    assert meeting.attendees == []


async def test_a_new_name_is_microsofts_too(journey: Journey) -> None:
    """The subject changes on the card and in the meeting, by words or by editing the request, without a new post."""
    tenant = journey.cloud.tenant
    said, post, meeting = await opened(journey)
    await journey.teams.say(tenant.ana, tenant.incidents, "rename DB restore")
    await shows(journey, "DB restore: open\n")
    await journey.until(lambda: meeting.subject == "DB restore")
    told = len(journey.whispers(tenant.incidents))
    await journey.teams.edit(said, "@Muster meet now Review")
    await shows(journey, "Review: open\n")
    await journey.until(lambda: meeting.subject == "Review")
    assert len(journey.whispers(tenant.incidents)) == told
    assert journey.cloud.bot_posts(tenant.incidents) == [post]


async def test_a_deleted_request_is_withdrawn(journey: Journey) -> None:
    """Whoever asked in the wrong chat deletes the message: no way in is left, and nobody is told anything."""
    tenant = journey.cloud.tenant
    said, post, meeting = await opened(journey)
    assert (await journey.teams.delete(said)).status == 202
    await shows(journey, "Retro: closed · request withdrawn.")
    await journey.until(lambda: meeting.lobby["scope"] == "organizer")
    assert meeting.join_url not in str(post.card)
    assert journey.whispers(tenant.incidents) == []


async def test_a_deleted_message_that_was_not_for_muster_leaves_no_trace(journey: Journey) -> None:
    """What people say to each other and delete again is none of Muster's business."""
    tenant = journey.cloud.tenant
    said = await journey.teams.say(tenant.ana, tenant.incidents, "lunch?", mention=False)
    await journey.teams.delete(said)
    await journey.teams.say(tenant.ben, tenant.incidents, "status")
    await whispered(journey, "There's no meeting here right now.")
    assert journey.texts(tenant.incidents) == []


async def test_lists_are_for_who_asks(journey: Journey) -> None:
    """`status` shows what is running with the way in, `recent` what was, to the asker alone."""
    tenant = journey.cloud.tenant
    _, _, meeting = await opened(journey)
    await journey.teams.say(tenant.ben, tenant.incidents, "status")
    await whispered(journey, "**Retro**: open since")
    assert meeting.join_url in str(journey.cloud.whispers(tenant.incidents)[-1].card)
    await journey.teams.say(tenant.ana, tenant.incidents, "end")
    await shows(journey, "Retro: ended")
    await journey.teams.say(tenant.ben, tenant.incidents, "recent")
    await whispered(journey, "The last meetings here:")
    assert len(journey.cloud.bot_posts(tenant.incidents)) == 1
