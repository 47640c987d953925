"""Options around the link: narrowing ones before it, widening ones after, and what was kept is said (ENGINE R3, R4)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import app
from bot.sandbox.cloud import Cloud
from bot.sandbox.posts import Post
from tests.journeys.fast_clock import FastClock, bot
from tests.journeys.harness import Journey

pytestmark = pytest.mark.usefixtures("untraced")


@pytest.fixture
def clock() -> FastClock:
    """A second lasts fifty milliseconds."""
    return FastClock(8.0)


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


async def said(journey: Journey, line: str, *, until: str) -> Post:
    """Let Ana say a line in the channel, and return the card when it says what is waited for."""
    tenant = journey.cloud.tenant
    await journey.teams.say(tenant.ana, tenant.incidents, line)
    await shows(journey, until)
    return journey.cloud.bot_posts(tenant.incidents)[-1]


async def shows(journey: Journey, text: str) -> None:
    """Wait until a card in the channel says this."""
    await journey.until(lambda: any(text in card for card in journey.texts(journey.cloud.tenant.incidents)))


def order(journey: Journey) -> list[str]:
    """Return what was asked of Graph's meetings and posted to the channel, in order."""
    wanted = ("graph.createOrGet", "graph.create", "graph.update", "connector.post")
    return [one.operation for one in journey.cloud.journal.exchanges if one.operation in wanted]


async def test_a_narrower_lobby_is_there_before_the_link(journey: Journey) -> None:
    """Nobody can come in through a door that was asked to be closed: it is closed before anybody sees the link."""
    await said(journey, "meet now Budget lobby organizer", until="Budget: open\n")
    (update,) = await journey.cloud.journal.wait("graph.update")
    shown = [one for one in journey.cloud.journal.exchanges if "teams.example/meet" in str(one.request)]
    assert all(one.number > update.number for one in shown)
    assert journey.cloud.graph.meetings[0].lobby["scope"] == "organizer"


async def test_a_wider_lobby_does_not_hold_up_the_link(journey: Journey) -> None:
    """Who opens the lobby to everyone has the link at once, and the lobby a moment later."""
    await said(journey, "meet now Budget lobby everyone for 30m", until="Budget: open\n")
    await journey.cloud.journal.wait("graph.update")
    (meeting,) = journey.cloud.graph.meetings
    assert meeting.lobby["scope"] == "everyone"
    assert meeting.ends_at - meeting.starts_at == 30 * 60_000
    assert "You asked for lobby" not in journey.texts(journey.cloud.tenant.incidents)[0]


async def test_what_microsoft_kept_is_said_on_the_card(journey: Journey) -> None:
    """A lobby that stays narrower than asked is told, not hidden."""
    journey.cloud.faults.inject("lobby-kept")
    await said(journey, "meet now Budget lobby everyone", until='asked for lobby "everyone"; Microsoft kept "organ')


async def test_what_is_wider_than_asked_is_not_shown(journey: Journey) -> None:
    """When Microsoft keeps the lobby wider there is no link; who does not mind opens it anyway, on the same card."""
    tenant = journey.cloud.tenant
    kept = journey.cloud.faults.inject("lobby-kept")
    post = await said(journey, "meet now Budget lobby invited for 30m", until="Microsoft did not make it as private")
    assert "https://teams.example/meet" not in str(post.versions)
    await journey.cloud.journal.wait("graph.delete")
    kept.remove()
    pressed = await journey.teams.press(tenant.ben, post, "Open anyway")
    assert pressed.problems() == []
    await shows(journey, "Budget: open\n")
    opened = journey.cloud.graph.meetings[-1]
    assert (opened.lobby["scope"], opened.ends_at - opened.starts_at) == ("organization", 30 * 60_000)
    assert len(journey.cloud.bot_posts(tenant.incidents)) == 1


async def test_a_passcode_comes_with_the_meeting(journey: Journey) -> None:
    """A passcode can only be had when a meeting is made, so it is asked for there, with everything else."""
    post = await said(journey, "meet now Budget passcode lobby everyone", until="Budget: open\n")
    (meeting,) = journey.cloud.graph.meetings
    assert meeting.passcode
    assert f"passcode {meeting.passcode}" in str(post.card).replace("\\", "")
    assert meeting.lobby["scope"] == "everyone"
    assert order(journey) == ["graph.create", "connector.post"]


async def test_a_lost_answer_to_a_plain_create_is_asked_for_once_more(journey: Journey) -> None:
    """A meeting with a passcode whose answer is lost is made a second time; nobody sees the first one's link."""
    journey.cloud.faults.inject("reset-after", on="graph.create", times=1)
    post = await said(journey, "meet now Budget passcode", until="Budget: open\n")
    lost, shown = journey.cloud.graph.meetings
    assert shown.join_url in str(post.card)
    assert lost.join_url not in str(post.versions)


async def test_two_lost_answers_to_a_plain_create_end_it(journey: Journey) -> None:
    """Meetings are not made again and again in the dark: after the second lost answer the card says so."""
    struck = journey.cloud.faults.inject("reset-after", on="graph.create")
    await said(journey, "meet now Budget passcode", until="Budget: not opened")
    assert struck.hits == 2


async def test_a_topic_lets_callers_straight_in(journey: Journey) -> None:
    """In an incident nobody waits in a lobby: callers come straight in, and the card says so."""
    await said(journey, "meet #INC-42 DB down", until="Callers come straight in.")
    (meeting,) = journey.cloud.graph.meetings
    assert meeting.lobby == {"scope": "organization", "isDialInBypassEnabled": True}


async def test_no_numbers_shows_none(journey: Journey) -> None:
    """Who asks for no numbers has a card without any."""
    post = await said(journey, "meet now Budget no numbers", until="Budget: open\n")
    assert "7946" not in str(post.card)
    assert "dial-in" not in str(post.card)


async def test_who_is_named_after_with_is_invited(journey: Journey) -> None:
    """People who are mentioned after `with` become part of the meeting, besides whoever is so already."""
    tenant = journey.cloud.tenant
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Budget with @Ben")
    await journey.cloud.journal.wait("graph.update")
    (meeting,) = journey.cloud.graph.meetings
    (read,) = journey.cloud.journal.find("graph.get")
    assert read.path.endswith(meeting.id)
    (attendee,) = meeting.attendees
    assert attendee["upn"] == tenant.ben.upn
    assert "Budget: open\n" in journey.texts(tenant.incidents)[0]


async def test_a_slip_in_an_option_opens_nothing(journey: Journey) -> None:
    """A lobby that does not exist is asked about, with the nearest one."""
    tenant = journey.cloud.tenant
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Budget lobby evryone")
    await journey.until(lambda: bool(journey.whispers(tenant.incidents)))
    assert "Did you mean meet now Budget lobby everyone?" in journey.whispers(tenant.incidents)[0]
    assert journey.made() == 0


async def test_a_lobby_that_cannot_be_set_yet_is_waited_for(journey: Journey) -> None:
    """While Microsoft does not set the lobby the card says that it tries; the link comes when the door is closed."""
    away = journey.cloud.faults.inject("503", on="graph.update")
    post = await said(journey, "meet now Budget lobby organizer", until="Microsoft's meeting service isn't answering")
    assert "https://teams.example/meet" not in str(post.versions)
    away.remove()
    tried = await journey.teams.press(journey.cloud.tenant.ana, post, "Try now")
    assert tried.problems() == []
    await shows(journey, "Budget: open\n")
    assert journey.cloud.graph.meetings[0].lobby["scope"] == "organizer"


async def test_a_lobby_that_is_never_set_ends_without_a_link(journey: Journey) -> None:
    """Who stops waiting for the lobby leaves no open door behind: the meeting goes, and nobody saw its link."""
    journey.cloud.faults.inject("503", on="graph.update")
    post = await said(journey, "meet now Budget lobby organizer", until="Microsoft's meeting service isn't answering")
    await journey.teams.press(journey.cloud.tenant.ana, post, "Stop trying")
    await shows(journey, "Budget: not opened")
    await journey.until(lambda: all(meeting.deleted for meeting in journey.cloud.graph.meetings))
    assert "https://teams.example/meet" not in str(post.versions)


async def test_options_that_microsoft_refuses_do_not_close_the_meeting(journey: Journey) -> None:
    """A wider lobby that is refused leaves the meeting as it is, and the card says what it has."""
    journey.cloud.faults.inject("forbidden", on="graph.update")
    await said(journey, "meet now Budget lobby everyone", until='Microsoft kept "organization"')
    assert "Budget: open\n" in journey.texts(journey.cloud.tenant.incidents)[0]
