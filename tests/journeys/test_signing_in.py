"""The delegated way: asked by whisper, signed in silently or in the browser, and run once (ENGINE R13, 2.7)."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

import app
from bot.sandbox.cloud import Cloud
from bot.sandbox.console import Look, Stream
from bot.sandbox.display import Display
from bot.sandbox.signing_in import sign_in_card
from bot.sandbox.terminal import Talk
from tests.journeys.fast_clock import FastClock
from tests.journeys.harness import Journey
from tests.journeys.signing_in import account, asked, is_open, running, ways

Start = Callable[..., Awaitable[Journey]]
SPEED = 20.0


@pytest.fixture
def clock() -> FastClock:
    """A second lasts fifty milliseconds: an edit waits three for the post before it."""
    return FastClock(SPEED)


@pytest.fixture
async def cloud(clock: FastClock) -> AsyncIterator[Cloud]:
    """Start Entra, Graph, Teams and the Token Service on the fast clock."""
    async with Cloud(clock=clock) as started:
        yield started


@pytest.fixture
async def start(cloud: Cloud, clock: FastClock, tmp_path: Path) -> AsyncIterator[Start]:
    """Start a bot with settings of the test's own; it stops with the test."""
    async with AsyncExitStack() as stack:

        async def started(**settings: str) -> Journey:
            settings["MUSTER_STORE"] = f"sqlite:///{tmp_path}/muster.db"
            return await stack.enter_async_context(running(cloud, settings, app.Replaced(clock=clock)))

        yield started


@pytest.fixture
async def journey(start: Start) -> Journey:
    """Start a bot with the settings of the demo."""
    return await start()


async def test_without_a_policy_the_channel_s_person_signs_in_and_it_opens(journey: Journey) -> None:
    """In a channel the person alone is asked, with a link and no silent try, and the meeting opens with its subject."""
    tenant = journey.cloud.tenant
    journey.cloud.faults.inject("policy")
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    post = await asked(journey, tenant.ana, tenant.incidents)
    card = sign_in_card(post)
    assert card is not None
    assert "I may not open meetings in your name yet." in card["text"]
    assert 'I\'ll keep "Retro, 1 hour" for 15 minutes.' in card["text"]
    assert [button["title"] for button in card["buttons"]] == ["Sign in and open it"]
    assert "tokenExchangeResource" not in card
    await journey.until(lambda: any("Retro: not opened" in text for text in journey.texts(tenant.incidents)))
    assert "Ana Lima has to sign in first: if that is done by" in journey.texts(tenant.incidents)[0]
    signed_in = await account(journey).in_the_browser(tenant.ana, post)
    assert signed_in.status == 200
    await is_open(journey, tenant.incidents)
    assert ways(journey) == ["app", "user"]
    (made,) = journey.cloud.graph.meetings
    assert (made.organizer, made.subject) == (tenant.ana, "Retro")
    assert "The meeting's chat is this channel." in journey.texts(tenant.incidents)[0]


async def test_a_sign_in_that_does_not_last_until_the_run_is_asked_for_again(journey: Journey) -> None:
    """The token expires between sign-in and run: asked once more, then one meeting with the first subject."""
    tenant = journey.cloud.tenant
    journey.cloud.faults.inject("policy")
    journey.cloud.tokens.of(tenant.ana).given = True
    await journey.teams.say(tenant.ana, tenant.leads, "meet now Retro")
    first = await asked(journey, tenant.ana, tenant.leads)
    held = journey.cloud.hold("tokens.get")
    (done,) = await account(journey).silently(tenant.ana, first)
    assert done.status == 200
    await held.reached
    journey.cloud.tokens.lose(tenant.ana)
    held.release()
    second = await asked(journey, tenant.ana, tenant.leads)
    assert second is not first
    (done,) = await account(journey).silently(tenant.ana, second)
    assert done.status == 200
    await is_open(journey, tenant.leads)
    assert journey.cloud.graph.meetings[0].subject == "Retro"


async def test_a_request_asks_twice_and_no_more(journey: Journey) -> None:
    """A sign-in that Graph never takes does not go round for ever: the card says so after the second time."""
    tenant = journey.cloud.tenant
    journey.cloud.faults.inject("policy")
    journey.cloud.faults.inject("token-revoked", where=lambda call: "/me/" in call.path)
    journey.cloud.tokens.of(tenant.ana).given = True
    await journey.teams.say(tenant.ana, tenant.leads, "meet now Retro")
    for _ in range(2):
        post = await asked(journey, tenant.ana, tenant.leads)
        await account(journey).silently(tenant.ana, post)
    await journey.until(lambda: "Microsoft did not accept Ana Lima's sign-in" in journey.texts(tenant.leads)[0])
    assert journey.made() == 0


async def test_teams_that_cannot_sign_in_by_itself_leaves_the_browser(journey: Journey) -> None:
    """When Teams reports that its silent try failed, which it shows to nobody, the link comes without that try."""
    tenant = journey.cloud.tenant
    journey.cloud.faults.inject("policy")
    await journey.teams.say(tenant.ana, tenant.leads, "meet now Retro")
    post = await asked(journey, tenant.ana, tenant.leads)
    told = await account(journey).failed(tenant.ana, post, "installedappnotfound", "")
    assert told.status == 200
    again = await asked(journey, tenant.ana, tenant.leads, times=2)
    assert "tokenExchangeResource" not in (sign_in_card(again) or {})
    await account(journey).in_the_browser(tenant.ana, again)
    await is_open(journey, tenant.leads)


async def test_another_account_in_the_browser_is_said(journey: Journey) -> None:
    """Whose browser is signed in to another account reads so, and opens the meeting with their own."""
    tenant = journey.cloud.tenant
    journey.cloud.faults.inject("policy")
    await journey.teams.say(tenant.ana, tenant.leads, "meet now Retro")
    post = await asked(journey, tenant.ana, tenant.leads)
    wrong = await account(journey).in_the_browser(tenant.ana, post, account=tenant.ben)
    assert wrong.status == 400
    again = await asked(journey, tenant.ana, tenant.leads, times=2)
    assert "another account than the one you use here" in (sign_in_card(again) or {})["text"]
    await account(journey).in_the_browser(tenant.ana, again)
    await is_open(journey, tenant.leads)


async def test_a_service_that_was_away_refuses_nobody(journey: Journey) -> None:
    """When the Token Service is away for a moment, the next silent try of the same sign-in is a real one."""
    tenant = journey.cloud.tenant
    journey.cloud.faults.inject("policy")
    journey.cloud.tokens.of(tenant.ana).given = True
    await journey.teams.say(tenant.ana, tenant.leads, "meet now Retro")
    post = await asked(journey, tenant.ana, tenant.leads)
    journey.cloud.faults.inject("tokens-503", on="tokens.exchange", times=1)
    for status in (412, 200):
        (answer,) = await account(journey).silently(tenant.ana, post)
        assert answer.status == status
    await is_open(journey, tenant.leads)


async def test_a_sign_in_that_ends_before_the_lobby_is_set_is_asked_for_again(journey: Journey) -> None:
    """Nobody reads that Microsoft refused privacy when only a sign-in had ended; what was made unseen goes."""
    tenant, graph = journey.cloud.tenant, journey.cloud.graph
    journey.cloud.faults.inject("policy")
    await journey.teams.say(tenant.ana, tenant.leads, "meet now Retro lobby organizer")
    post = await asked(journey, tenant.ana, tenant.leads)
    journey.cloud.faults.inject("token-revoked", on="graph.update", times=2)
    await account(journey).in_the_browser(tenant.ana, post)
    again = await asked(journey, tenant.ana, tenant.leads, times=2)
    assert not any("as private as asked" in text for text in journey.texts(tenant.leads))
    await account(journey).in_the_browser(tenant.ana, again)
    await journey.until(lambda: any("Retro: open\n" in text for text in journey.texts(tenant.leads)))
    await journey.until(lambda: [meeting.deleted for meeting in graph.meetings] == [True, False])
    assert graph.meetings[1].lobby["scope"] == "organizer"


async def test_nobody_signs_in_where_only_service_accounts_host(start: Start, cloud: Cloud) -> None:
    """Where nobody but a service account may host, its missing policy is told, and no sign-in is asked for."""
    tenant = cloud.tenant
    service = tenant.add_person("Meeting Host")
    journey = await start(MUSTER_HOSTS=service.oid)
    cloud.faults.inject("policy")
    await journey.teams.say(tenant.ana, tenant.leads, "meet now Retro")
    await journey.until(lambda: any("Retro: not opened" in text for text in journey.texts(tenant.leads)))
    await journey.until(lambda: bool(journey.whispers(tenant.leads)))
    assert [sign_in_card(post) for post in cloud.whispers(tenant.leads)] == [None]
    assert "the account that hosts here" in journey.whispers(tenant.leads)[0]


async def test_the_next_request_is_asked_at_once(journey: Journey) -> None:
    """Once a host's policy is known to be missing, Graph is not asked in vain again for a quarter of an hour."""
    tenant = journey.cloud.tenant
    journey.cloud.faults.inject("policy")
    await journey.teams.say(tenant.ana, tenant.leads, "meet now Retro")
    await asked(journey, tenant.ana, tenant.leads)
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Budget")
    await asked(journey, tenant.ana, tenant.incidents)
    assert ways(journey) == ["app"]


async def test_the_place_is_free_while_somebody_signs_in(journey: Journey) -> None:
    """Somebody else's meeting opens meanwhile, and who signs in late is led there: one meeting."""
    tenant = journey.cloud.tenant
    tenant.ana.policy = False
    await journey.teams.say(tenant.ana, tenant.leads, "meet now Retro")
    post = await asked(journey, tenant.ana, tenant.leads)
    await journey.teams.say(tenant.ben, tenant.leads, "meet now Lunch")
    await journey.until(lambda: any("Lunch: open\n" in text for text in journey.texts(tenant.leads)))
    await account(journey).in_the_browser(tenant.ana, post)
    await journey.until(
        lambda: any("already a meeting here: **Lunch**" in text for text in journey.whispers(tenant.leads))
    )
    assert journey.made() == 1


async def test_a_channel_s_meeting_is_made_by_who_signed_in_already(journey: Journey) -> None:
    """In a standard channel the person's own token is used where there is one, without asking them (R2)."""
    tenant = journey.cloud.tenant
    journey.cloud.tokens.of(tenant.ana).token = journey.cloud.entra.issue_for(tenant.ana, "OnlineMeetings.ReadWrite")
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await is_open(journey, tenant.incidents)
    assert ways(journey) == ["user"]
    assert journey.whispers(tenant.incidents) == []


async def test_a_thread_that_is_refused_to_a_person_is_left_out_by_the_same_permission(journey: Journey) -> None:
    """Where Graph does not tie a person's own meeting to the channel, theirs is made without the tie."""
    tenant = journey.cloud.tenant
    journey.cloud.faults.inject("refused-thread")
    journey.cloud.tokens.of(tenant.ana).token = journey.cloud.entra.issue_for(tenant.ana, "OnlineMeetings.ReadWrite")
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await is_open(journey, tenant.incidents)
    assert ways(journey) == ["user", "user"]
    bound = ["chatInfo" in call.request for call in journey.cloud.journal.find("graph.createOrGet")]
    assert bound == [True, False]


async def test_the_token_service_away_costs_nobody_a_meeting(journey: Journey) -> None:
    """While people's tokens cannot be looked up the app's permission makes the meeting."""
    tenant = journey.cloud.tenant
    journey.cloud.faults.inject("tokens-outage")
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await is_open(journey, tenant.incidents)
    assert ways(journey) == ["app"]


async def test_only_people_s_own_permission(start: Start) -> None:
    """With `MUSTER_AUTH=user` people sign in before their meeting is made, and the app's permission is never used."""
    journey = await start(MUSTER_AUTH="user")
    tenant = journey.cloud.tenant
    await journey.teams.say(tenant.ben, tenant.incidents, "meet #INC-42 DB down")
    post = await asked(journey, tenant.ben, tenant.incidents)
    assert (sign_in_card(post) or {})["text"].startswith("Please sign in once")
    await account(journey).in_the_browser(tenant.ben, post)
    await is_open(journey, tenant.incidents, "#INC-42 DB down")
    assert ways(journey) == ["user"]


async def test_sign_in_and_sign_out_in_words(journey: Journey) -> None:
    """`sign in` is confirmed when it is done; after `sign out` the Token Service has nothing left of the person."""
    tenant = journey.cloud.tenant
    chat = tenant.personal_chat(tenant.ben)
    journey.cloud.tokens.of(tenant.ben).given = True
    await journey.teams.say(tenant.ben, chat, "sign in", mention=False)
    post = await asked(journey, tenant.ben, chat)
    await account(journey).silently(tenant.ben, post)
    await journey.until(lambda: any("You're signed in" in text for text in journey.texts(chat)))
    assert journey.cloud.tokens.of(tenant.ben).token
    await journey.teams.say(tenant.ben, chat, "sign out", mention=False)
    await journey.until(lambda: any("You're signed out" in text for text in journey.texts(chat)))
    assert not journey.cloud.tokens.of(tenant.ben).token


async def test_without_a_connection_nobody_is_offered_to_sign_in(start: Start) -> None:
    """Where the delegated way is not configured, help does not name it and a missing policy is only explained."""
    journey = await start(MUSTER_OAUTH_CONNECTION="")
    tenant = journey.cloud.tenant
    await journey.teams.say(tenant.ana, tenant.incidents, "help")
    await journey.until(lambda: bool(journey.whispers(tenant.incidents)))
    assert "sign in" not in journey.whispers(tenant.incidents)[0]
    journey.cloud.faults.inject("policy")
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    await journey.until(lambda: len(journey.whispers(tenant.incidents)) == 2)
    assert "you did nothing wrong" in journey.whispers(tenant.incidents)[1]
    assert journey.cloud.journal.counts()["tokens.get"] == 0


class Kept(Stream):
    """A console whose lines are kept."""

    def __init__(self) -> None:
        super().__init__(io.StringIO())
        self.texts: list[str] = []

    def show(self, text: str) -> None:
        """Keep it."""
        self.texts.append(text)

    async def ask(self, prompt: str) -> str:
        """Type nothing."""
        raise EOFError(prompt)


async def test_the_demo_signs_in_by_its_button(journey: Journey, clock: FastClock) -> None:
    """In the demo `/fault policy` leads to a button that signs the person in and opens what they asked for."""
    console = Kept()
    display = Display(journey.cloud, console, Look(boxes=False, unicode=True))
    talk = Talk(journey.cloud, journey.teams, console, display)
    with clock.standing():  # so that the answer comes before a card could say that it is not open yet
        for line in ("/fault policy", "/in group", "meet now Retro"):
            await talk.line(line)
    assert "Teams can't sign Ana in by itself yet, and shows the button:" in "\n".join(console.texts)
    await talk.line("/as ben 2")
    assert console.texts[-1] == "  Ben does not see that message."
    await talk.line("2")
    await journey.until(lambda: any("Retro: open\n" in text for text in journey.texts(talk.chat)))
    display.show_news()
    assert "Retro: open" in "\n".join(console.texts)
    ben = journey.cloud.tenant.ben
    journey.cloud.tokens.of(ben).given = True
    with clock.standing():
        for line in ("/as ben", "/in personal", "meet now Budget"):
            await talk.line(line)
    assert "  Teams signed Ben in by itself." in console.texts
    chat = journey.cloud.tenant.personal_chat(ben)
    await journey.until(lambda: any("Budget: open\n" in text for text in journey.texts(chat)))
