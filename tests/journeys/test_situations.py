"""The ten situations of EXPERIENCE 5, each played as a story; what another journey plays already is named here.

Only eyes can judge whether Join is above the fold of a phone: `make browser` draws each card at 320 px and measures it.

(b) The booked hour that ends while they talk: `test_the_planned_end_claims_nothing`, `tests/engine/test_occupancy.py`.
(d) Japanese and Arabic as they type it: `test_people_ask_in_their_own_writing`.
(e) Somebody else as host: `test_somebody_else_can_host_for_a_guest`; topics stay where they are:
    `test_the_same_name_elsewhere_reveals_nothing`.
(f) Signing in instead of PowerShell: `test_signing_in`; what the administrator is sent: `test_telling_admins`.
(g) Tokens and codes: `test_signing_in_copies`; who may end: `test_a_stranger_may_not_end_it_and_an_owner_may`.
(h) The bare machine, the first command, the demo: `tests/operator` (install, scaffold) and `tests/sandbox`.
(i) Replicas, restarts, a file in a container: `test_replicas`, `test_faults`, `tests/crash`.
(j) What it costs: `test_until_the_card_is_posted_only_the_two_unavoidable_calls_are_made`.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path
from typing import cast
from unicodedata import category
from urllib.parse import urlsplit

import aiohttp
import pytest

import app
from bot.ports import Store
from bot.sandbox.cloud import Cloud
from bot.sandbox.posts import Post, actions
from bot.sandbox.tenant import Chat, Person, Tenant
from tests.journeys.fast_clock import bot
from tests.journeys.hand_clock import HandClock, Watched, comes
from tests.journeys.harness import Journey, asked, words

pytestmark = pytest.mark.usefixtures("untraced")


@pytest.fixture
def clock() -> HandClock:
    """The time of the cloud and of the bot."""
    return HandClock()


@pytest.fixture
def bot_name() -> str:
    """What Muster is called in this tenant."""
    return "Muster"


@pytest.fixture
def tenant(bot_name: str) -> Tenant:
    """The people and chats."""
    return Tenant(bot_name=bot_name)


@pytest.fixture
async def cloud(clock: HandClock, tenant: Tenant) -> AsyncIterator[Cloud]:
    """Start Entra, Graph and Teams on the clock that the test moves."""
    async with Cloud(clock=clock, tenant=tenant) as running:
        yield running


FULL_WIDTH = str.maketrans({chr(one): chr(one + 0xFEE0) for one in range(0x21, 0x7F)} | {" ": "\u3000"})
"""What a Japanese keyboard makes of ASCII."""
Start = Callable[..., AbstractAsyncContextManager[Journey]]


@pytest.fixture
def start(cloud: Cloud, clock: HandClock, tmp_path: Path) -> Start:
    """Return what starts a bot with settings of the test's own."""
    replaced = app.Replaced(clock=clock, wrap_store=lambda store: cast("Store", Watched(store, clock)))
    return lambda **settings: bot(cloud, tmp_path, replaced, **settings)


@pytest.fixture
async def journey(start: Start) -> AsyncIterator[Journey]:
    """Start the bot with the settings an administrator would give it."""
    async with start() as running:
        yield running


async def shows(journey: Journey, clock: HandClock, chat: Chat, said: str) -> Post:
    """Move the clock until a post of the bot in a chat says this, and return it."""

    def found() -> list[Post]:
        return [post for post in journey.cloud.bot_posts(chat) if said in (words(post.card) or post.text)]

    await comes(journey, clock, lambda: bool(found()), step=0.5)
    return found()[0]


async def answered(journey: Journey, person: Person, chat: Chat, line: str) -> str:
    """Let somebody say a line, and return what is whispered next."""
    before = len(journey.whispers(chat))
    await journey.teams.say(person, chat, line)
    await journey.until(lambda: len(journey.whispers(chat)) > before)
    return journey.whispers(chat)[-1]


async def told(journey: Journey, clock: HandClock, person: Person, chat: Chat, said: str) -> Post:
    """Move the clock until a whisper to somebody says this, and return it."""

    def found() -> list[Post]:
        posts = journey.cloud.whispers(chat, person.id)
        return [post for post in posts if said in (words(post.card) or post.text or asked(post))]

    await comes(journey, clock, lambda: bool(found()), step=0.5)
    return found()[0]


def titles(post: Post) -> list[str]:
    """Return the titles of a card's buttons that stand on its face."""
    card = post.card or {}
    rows = [part["actions"] for part in card["body"] if part["type"] == "ActionSet"]
    return [action["title"] for row in rows for action in row]


async def test_a_busy_channel_on_a_phone(journey: Journey, clock: HandClock) -> None:
    """(a) A name that is no mention is not heard; a slip is edited away; talk opens nothing; threads stay apart."""
    tenant = journey.cloud.tenant
    chat, ana, ben = tenant.incidents, tenant.ana, tenant.ben
    await journey.teams.install(chat, ana)
    await shows(journey, clock, chat, "pick Muster from the list")
    unheard = await journey.teams.say(ben, chat, "@Mustard meet now", mention=False)
    slip = await journey.teams.say(ben, chat, "meat now Lunch")
    await told(journey, clock, ben, chat, "Did you mean meet now Lunch? You can also just edit your message.")
    for line in ("meet is cancelled", "meet tomorrow at nine works for me"):
        assert (await answered(journey, ben, chat, line)).startswith("Now, or tomorrow?")
    for line in ("now what?", "call me later"):
        assert (await answered(journey, ben, chat, line)).startswith(f'I don\'t know "{line}".')
    assert (unheard.status, journey.made(), len(journey.texts(chat))) == (202, 0, 1)
    await journey.teams.edit(slip, "@Muster meet now Lunch")
    post = await shows(journey, clock, chat, "Lunch: open\n")
    assert titles(post) == ["Join Lunch", "More"]
    await journey.teams.say(ana, chat, "meet now", root=unheard.id)
    offer = await told(journey, clock, ana, chat, "**Lunch** is live in another thread.")
    await journey.teams.press(ana, offer, "Start one for this thread")
    await journey.until(lambda: journey.made() == 2)
    await journey.teams.delete(slip)
    await shows(journey, clock, chat, "Lunch: closed · request withdrawn.")
    assert titles(post) == []


async def test_an_incident_at_three_in_the_morning(journey: Journey, clock: HandClock) -> None:
    """(b) However it is typed there is one bridge; without Graph people can call; nothing opens late."""
    tenant = journey.cloud.tenant
    chat, oncall = tenant.incidents, tenant.add_channel("db-oncall")
    ana, ben, chloe = tenant.ana, tenant.ben, tenant.chloe
    ana.dial_in = False
    await journey.teams.say(ana, chat, "meet #INC-42 DB down")
    bridge = await shows(journey, clock, chat, "#INC-42 DB down: open\n")
    assert "No phone dial-in for this meeting." in words(bridge.card)
    await journey.teams.say(ben, oncall, "meet #inc 42")
    await shows(journey, clock, oncall, "#INC-42 DB down: open\n")
    assert "**#INC-42 DB down**" in await answered(journey, chloe, chat, "meet #INC\N{EN DASH}42")
    assert "No #INC-24 yet, but **#INC-42** is open." in await answered(journey, ben, chat, "meet #INC-24")
    assert journey.made() == 1
    away = journey.cloud.faults.inject("503")
    await journey.teams.say(ben, chat, "meet #SEV-9 Payments @Chloé")
    waits = await shows(journey, clock, chat, "I'm trying until 16:1")
    await comes(journey, clock, lambda: titles(waits)[:2] == ["Call Chloé", "Book it in Teams"])
    await clock.move(180)
    await comes(journey, clock, lambda: "not opened" in words(waits.card))
    assert titles(waits) == ["Try again", "Call Chloé"]
    away.remove()
    await journey.teams.say(ana, chat, "host @Ben")
    await shows(journey, clock, chat, "Ben Okafor now leads #INC-42 DB down with Ana Lima.")
    await clock.move(120)
    assert journey.made() == 1
    assert titles(bridge) == ["Join #INC-42", "More"]


async def test_who_hears_the_screen(journey: Journey, clock: HandClock) -> None:
    """(c) First comes subject and state, buttons say whose they are, nothing is a sign; the end of a wait is told."""
    tenant = journey.cloud.tenant
    chat, ana = tenant.incidents, tenant.ana
    assert "every answer as plain text" in await answered(journey, ana, chat, "settings me: plain text")
    gate = journey.cloud.hold("graph.createOrGet")
    await journey.teams.say(ana, chat, "meet now Retro")
    opening = await shows(journey, clock, chat, "Retro: opening…")
    gate.release()
    post = await shows(journey, clock, chat, "Retro: open\n")
    assert post is opening
    await told(journey, clock, ana, chat, "Retro is open.")
    assert post.card is not None
    assert post.card["body"][0]["text"] == "Retro: open"
    assert str(post.activity["summary"]).startswith("Retro is open.")
    assert all("Retro" in action["tooltip"] for action in actions(post.card))
    assert "123 456 789" in words(post.card)
    assert not [sign for sign in words(post.card) if category(sign) == "So"]
    aloud = await answered(journey, ana, chat, "dial-in")
    assert "To read aloud: plus four four, two zero, seven nine four six" in aloud
    assert "then 123 456 789 and the hash key" in aloud


@pytest.mark.parametrize("bot_name", ["Besprechung"])
async def test_people_of_three_countries(journey: Journey, clock: HandClock, bot_name: str) -> None:
    """(d) A renamed Muster is heard in every writing; the post keeps the chat's language and zone, whispers theirs."""
    tenant = journey.cloud.tenant
    chat = tenant.incidents
    kenji = tenant.add_person("Kenji Mori", locale="ja-JP", country="JP", zone="Asia/Tokyo")
    amira = tenant.add_person("Amira Said", locale="ar-EG", country="EG", zone="Africa/Cairo")
    chat.members += [kenji.oid, amira.oid]
    assert f"start with @{bot_name} and pick me" in await answered(journey, tenant.ana, chat, "help")
    await journey.teams.say(kenji, chat, "meet now #INC-42".translate(FULL_WIDTH))
    post = await shows(journey, clock, chat, "#INC-42: open\n")
    assert post.card is not None
    assert post.card["lang"] == "en"
    assert "(UTC+9)" in words(post.card)
    told_amira = await answered(journey, amira, chat, f"اجتماع الآن #INC-42 @{bot_name}")
    assert "(UTC+3)" in told_amira
    assert journey.made() == 1


async def test_a_guest_in_a_shared_channel(journey: Journey, clock: HandClock) -> None:
    """(e) Who can be told nothing alone is not left in silence, hosts learn of it, and others see no numbers."""
    tenant = journey.cloud.tenant
    chat, kim = tenant.add_channel("partners", membership="shared"), tenant.kim
    journey.cloud.connector.targeted = False
    kim.app_installed = False
    await journey.teams.say(kim, chat, "meet now Retro")
    await shows(journey, clock, chat, "somebody else in this chat can ask for it and host.")
    line = await shows(journey, clock, chat, "@Kim Park, I couldn't do that here. Details: reference")
    assert line.card is None
    await journey.teams.say(tenant.ben, chat, "meet now Lunch")
    post = await shows(journey, clock, chat, "Lunch: open\n")
    assert "7946" not in str(post.card)
    assert "234 567" not in str(post.card)
    pressed = await journey.teams.press(tenant.ben, post, "Details as text")
    assert "7946 0123" in pressed.body["value"]


async def test_an_administrator_of_thousands(journey: Journey, clock: HandClock) -> None:
    """(f) Being installed for everybody is silent; what fails has a reference that can be read out, and a way on."""
    tenant = journey.cloud.tenant
    people = [tenant.add_person(f"Person {number}") for number in range(8)]
    for person in people:
        await journey.teams.install(tenant.personal_chat(person), person)
    journey.cloud.faults.inject("policy")
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
    asks = asked(await told(journey, clock, tenant.ana, tenant.incidents, "you did nothing wrong"))
    assert re.search(r"Reference [2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}$", asks)
    way_on = await told(journey, clock, tenant.ana, tenant.incidents, "Retro without signing in:")
    assert titles(way_on) == ["Ask someone here to host", "Tell the admin"]
    assert [journey.texts(tenant.personal_chat(person)) for person in people] == [[]] * len(people)


async def test_a_security_reviewer(start: Start, cloud: Cloud, clock: HandClock, tmp_path: Path) -> None:
    """(g) A stolen secret opens meetings as one account; of what was typed nothing is kept; posts name no attendee."""
    tenant = cloud.tenant
    service = tenant.add_person("Meeting Host")
    async with start(MUSTER_HOSTS=service.oid) as journey:
        assert "merger" in await answered(journey, tenant.ben, tenant.incidents, "brew tea for the merger")
        await journey.teams.say(tenant.ana, tenant.incidents, "meet now Retro")
        post = await shows(journey, clock, tenant.incidents, "Retro: open\n")
        await clock.move(5)
        with closing(sqlite3.connect(tmp_path / "muster.db")) as store:
            kept = "\n".join(store.iterdump())
    assert "Retro" in kept
    assert "merger" not in kept
    hosts = {one.path.split("/")[3] for one in cloud.journal.find(server="graph") if "/onlineMeetings" in one.path}
    assert hosts == {service.oid}
    assert "Ben" not in words(post.card)


async def test_a_developer_s_first_hour(journey: Journey, clock: HandClock) -> None:
    """(h) What the sandbox hands out can be nobody's real meeting or number."""
    chat = journey.cloud.tenant.incidents
    await journey.teams.say(journey.cloud.tenant.ana, chat, "meet now Retro")
    post = await shows(journey, clock, chat, "Retro: open\n")
    opened = [action["url"] for action in actions(post.card) if action["type"] == "Action.OpenUrl"]
    assert len(opened) == 2, "Join, and the host's options"
    links = [*opened, *re.findall(r"\((https://[^)]+)\)", words(post.card))]
    assert {str(urlsplit(link).hostname).rpartition(".")[2] for link in links} == {"example"}
    assert "+44 20 7946 0" in words(post.card)


async def test_on_call_for_the_bot_itself(journey: Journey, clock: HandClock) -> None:
    """(i) While Entra and Graph are away the bot stays ready, and says whose trouble it is and until when it tries."""
    chat, ana = journey.cloud.tenant.incidents, journey.cloud.tenant.ana
    await journey.teams.say(ana, chat, "meet now Retro")
    await shows(journey, clock, chat, "Retro: open\n")
    for fault in ("entra-outage", "outage"):
        journey.cloud.faults.inject(fault)
    await journey.teams.say(ana, chat, "start another Lunch")
    post = await shows(journey, clock, chat, "Lunch: not open yet")
    assert "Microsoft's meeting service isn't answering. I'm trying until 16:16 (UTC+2)." in words(post.card)
    async with aiohttp.ClientSession() as session, session.get(f"{journey.url}/readyz") as answer:
        assert (answer.status, await answer.text()) == (200, "ready\n")


async def test_an_evaluator_s_first_question(journey: Journey, clock: HandClock) -> None:
    """(j) What Teams' own button does not do: numbers in the post, one meeting for all, a post that stays true."""
    tenant = journey.cloud.tenant
    chat = tenant.incidents
    await journey.teams.say(tenant.ana, chat, "meet now")
    post = await shows(journey, clock, chat, ": open\n")
    assert "Phone: +44 20 7946 0123" in words(post.card)
    await answered(journey, tenant.ben, chat, "meet now")
    await answered(journey, tenant.chloe, chat, "huddle")
    await journey.teams.press(tenant.ana, post, "End")
    await shows(journey, clock, chat, ": ended")
    assert (journey.made(), journey.cloud.bot_posts(chat)) == (1, [post])
