"""Who hosts: the person who asked, service accounts, somebody else in the chat (ENGINE R5, EXPERIENCE 1.6, 1.7)."""

from __future__ import annotations

from pathlib import Path

import pytest

import app
from bot.sandbox.cloud import Cloud
from tests.journeys.fast_clock import bot
from tests.journeys.harness import Journey

pytestmark = pytest.mark.usefixtures("untraced")


async def opened(journey: Journey, subject: str) -> None:
    """Wait until a card of this subject is open in the channel."""
    chat = journey.cloud.tenant.incidents
    await journey.until(lambda: any(f"{subject}: open\n" in text for text in journey.texts(chat)))


async def test_a_service_account_hosts_with_the_asker_as_co_organizer(cloud: Cloud, tmp_path: Path) -> None:
    """Where service accounts host, one of them makes the meeting and whoever asked leads it."""
    tenant = cloud.tenant
    service = tenant.add_person("Meeting Host")
    async with bot(cloud, tmp_path, app.REAL, MUSTER_HOSTS=service.oid) as journey:
        await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
        await opened(journey, "Retro")
        await cloud.journal.wait("graph.update")
    (meeting,) = cloud.graph.meetings
    assert meeting.organizer is service
    (attendee,) = meeting.attendees
    assert (attendee["identity"]["user"]["id"], attendee["role"]) == (tenant.ana.oid, "coorganizer")
    assert "Ana Lima is hosting" in journey.texts(tenant.incidents)[0]


async def test_a_guest_s_meeting_is_hosted_by_a_service_account(cloud: Cloud, tmp_path: Path) -> None:
    """A guest cannot host; where a service account may, the meeting opens all the same."""
    tenant = cloud.tenant
    service = tenant.add_person("Meeting Host")
    async with bot(cloud, tmp_path, app.REAL, MUSTER_HOSTS=f"requester, {service.oid}") as journey:
        await journey.teams.say(tenant.kim, tenant.incidents, "meet now Retro")
        await opened(journey, "Retro")
    assert [meeting.organizer for meeting in cloud.graph.meetings] == [service]


async def test_a_host_without_numbers_gives_way_to_one_with_numbers(cloud: Cloud, tmp_path: Path) -> None:
    """Whose meeting has no phone numbers gets a service account's, which has them; the first one goes."""
    tenant = cloud.tenant
    service = tenant.add_person("Meeting Host")
    tenant.ana.dial_in = False
    async with bot(cloud, tmp_path, app.REAL, MUSTER_HOSTS=f"requester, {service.oid}") as journey:
        await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
        await opened(journey, "Retro")
        await cloud.journal.wait("graph.delete")
        assert "7946 0123" in journey.texts(tenant.incidents)[0]
        await journey.teams.say(tenant.ana, tenant.incidents, "start another Lunch")
        await opened(journey, "Lunch")
    assert [(one.organizer.name, one.deleted) for one in cloud.graph.meetings] == [
        ("Ana Lima", True),
        ("Meeting Host", False),
        ("Meeting Host", False),
    ]


async def test_a_meeting_that_was_kept_opens_when_no_other_can_be_had(cloud: Cloud, tmp_path: Path) -> None:
    """A meeting without numbers is better than none: it opens when the service account cannot host."""
    tenant = cloud.tenant
    service = tenant.add_person("Meeting Host", licensed=False)
    tenant.ana.dial_in = False
    async with bot(cloud, tmp_path, app.REAL, MUSTER_HOSTS=f"requester, {service.oid}") as journey:
        await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
        await opened(journey, "Retro")
    assert [meeting.organizer.name for meeting in cloud.graph.meetings] == ["Ana Lima"]
    assert "No phone dial-in for this meeting." in journey.texts(tenant.incidents)[0]


async def test_who_hosts_without_numbers_is_told_why_once(journey: Journey) -> None:
    """The card tells everybody that there is no dial-in; its host alone, and once, reads whose work it is."""
    tenant = journey.cloud.tenant
    tenant.ana.dial_in = False
    for line, subject in (("meet now Retro", "Retro"), ("start another Lunch", "Lunch")):
        await journey.teams.say(tenant.ana, tenant.incidents, line)
        await opened(journey, subject)
    await journey.until(lambda: bool(journey.whispers(tenant.incidents)))
    (told,) = journey.whispers(tenant.incidents)
    assert "no Audio Conferencing licence" in told


async def test_somebody_else_can_host_for_a_guest(journey: Journey) -> None:
    """Only when the guest wants it does the channel see who would like to meet, and whoever presses hosts."""
    tenant = journey.cloud.tenant
    await journey.teams.say(tenant.kim, tenant.incidents, "meet now Retro lobby everyone")
    await journey.until(lambda: bool(journey.whispers(tenant.incidents)))
    (whisper,) = journey.cloud.whispers(tenant.incidents)
    asked = await journey.teams.press(tenant.kim, whisper, "Ask someone here to host")
    assert asked.problems() == []
    wanted = "Kim Park would like to meet here."
    await journey.until(lambda: any(wanted in text for text in journey.texts(tenant.incidents)))
    post = next(one for one in journey.cloud.bot_posts(tenant.incidents) if wanted in str(one.card))
    await journey.teams.press(tenant.ben, post, "Start it as host")
    await opened(journey, "Retro")
    await journey.cloud.journal.wait("graph.update")
    (meeting,) = journey.cloud.graph.meetings
    assert (meeting.organizer, meeting.lobby["scope"]) == (tenant.ben, "everyone")


async def test_a_full_month_goes_on_with_the_next_account(cloud: Cloud, tmp_path: Path) -> None:
    """Microsoft allows each host so many meetings in a month; the next service account takes over."""
    tenant = cloud.tenant
    hosts = [tenant.add_person("First Host"), tenant.add_person("Second Host")]
    tenant.monthly_limit = 1
    async with bot(cloud, tmp_path, app.REAL, MUSTER_HOSTS=",".join(host.oid for host in hosts)) as journey:
        for line, subject in (("meet now Retro", "Retro"), ("start another Lunch", "Lunch")):
            await journey.teams.say(tenant.ana, tenant.incidents, line)
            await opened(journey, subject)
    assert {meeting.organizer.name for meeting in cloud.graph.meetings} == {"First Host", "Second Host"}
