"""People are rung into a meeting from a command, and its card shows who answers (issue 7, ENGINE R22)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession

import app
from bot.sandbox.cloud import Cloud
from bot.sandbox.telephony import NOT_THERE
from bot.sandbox.tenant import Person
from tests.journeys.fast_clock import FastClock, bot
from tests.journeys.harness import Journey

PUBLIC = {"MUSTER_PUBLIC_URL": "https://muster.example"}


@pytest.fixture
def clock() -> FastClock:
    """A minute lasts two seconds."""
    return FastClock(30.0)


@pytest.fixture
async def cloud(clock: FastClock) -> AsyncIterator[Cloud]:
    """Start Entra, Graph and Teams on the fast clock."""
    async with Cloud(clock=clock) as running:
        yield running


@pytest.fixture
async def journey(cloud: Cloud, clock: FastClock, tmp_path: Path) -> AsyncIterator[Journey]:
    """Start a bot that Graph can call back."""
    async with bot(cloud, tmp_path, app.Replaced(clock=clock), **PUBLIC) as started:
        yield started


async def ring_list(journey: Journey, *people: Person) -> None:
    """Let Ana set whom the incidents channel rings."""
    tenant = journey.cloud.tenant
    await journey.teams.install(tenant.incidents, tenant.ana)
    await journey.teams.say(tenant.ana, tenant.incidents, "settings")
    await journey.until(lambda: bool(journey.cloud.whispers(tenant.incidents)))
    post = journey.cloud.whispers(tenant.incidents)[-1]
    dialog = await journey.teams.open_dialog(tenant.ana, post, "Change settings")
    await journey.teams.submit(dialog, "Save", **{"chat.ring": ",".join(person.oid for person in people)})


async def shows(journey: Journey, *words: str) -> None:
    """Wait until the meeting's card in the incidents channel says all this."""
    chat = journey.cloud.tenant.incidents
    await journey.until(lambda: any(all(word in text for word in words) for text in journey.texts(chat)))


async def rings(journey: Journey, *people: Person) -> None:
    """Wait until exactly these people are rung."""
    await journey.until(lambda: {one.oid for one in journey.cloud.graph.calls.rung()} == {one.oid for one in people})


async def test_the_card_shows_who_answers_and_the_next_of_the_list_is_rung(journey: Journey) -> None:
    """Two are rung with the meeting; one comes, one declines, the next of the ring list is rung and does not answer."""
    tenant, calls = journey.cloud.tenant, journey.cloud.graph.calls
    dana = tenant.add_person("Dana Reyes")
    tenant.incidents.members.append(dana.oid)
    await ring_list(journey, dana)
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Outage ring @Ben @Chloé")
    await rings(journey, tenant.ben, tenant.chloe)
    await shows(journey, "Outage: open\n", "Ringing Ben Okafor and Chloé Martin")
    await calls.answer(tenant.ben)
    await shows(journey, "Came when rung: Ben Okafor", "Ringing Chloé Martin")
    await calls.decline(tenant.chloe)
    await rings(journey, dana)
    await shows(journey, "Came when rung: Ben Okafor", "Declined: Chloé Martin", "Ringing Dana Reyes")
    await shows(journey, "Came when rung: Ben Okafor", "No answer: Dana Reyes")
    await journey.until(lambda: [leg.state for leg in calls.legs] == ["terminated"])
    assert set(calls.statuses) == {202}


async def test_a_team_owner_rings_where_only_owners_start(journey: Journey) -> None:
    """Who owns the team rings people into a meeting that somebody else has started; who does not is told who may."""
    tenant = journey.cloud.tenant
    tenant.team.owners.append(tenant.chloe.oid)
    tenant.consents.add("TeamMember.Read.Group")
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Outage")
    await shows(journey, "Outage: open\n")
    await journey.teams.install(tenant.incidents, tenant.ana)
    await journey.teams.say(tenant.ana, tenant.incidents, "settings start: owners")
    await journey.until(lambda: any("owners" in text.casefold() for text in journey.whispers(tenant.incidents)))
    await journey.teams.say(tenant.kim, tenant.incidents, "ring @Ben")
    await journey.until(lambda: any("a team owner can start" in text for text in journey.whispers(tenant.incidents)))
    await journey.teams.say(tenant.chloe, tenant.incidents, "ring @Ben")
    await rings(journey, tenant.ben)


async def test_a_guest_rings_nobody_where_guests_start_nothing(journey: Journey) -> None:
    """Typed or in the dialog, a guest is told that guests may not; a member's dialog opens and rings."""
    tenant = journey.cloud.tenant
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Outage")
    await shows(journey, "Outage: open")
    (post,) = journey.cloud.bot_posts(tenant.incidents)
    await journey.teams.install(tenant.incidents, tenant.ana)
    await journey.teams.say(tenant.ana, tenant.incidents, "settings start: members")
    await journey.until(lambda: bool(journey.whispers(tenant.incidents)))
    await journey.teams.say(tenant.kim, tenant.incidents, "ring @Ben")
    await journey.until(lambda: len(journey.whispers(tenant.incidents)) > 1)
    assert journey.whispers(tenant.incidents)[-1].startswith("Guests can't start")
    refused = await journey.teams.open_dialog(tenant.kim, post, "Ring someone")
    assert "Guests can't start" in str(refused.body)
    dialog = await journey.teams.open_dialog(tenant.chloe, post, "Ring someone")
    assert "I'm ringing." in str((await journey.teams.submit(dialog, "Ring", people=tenant.ben.oid)).body)
    await rings(journey, tenant.ben)


async def test_an_end_stops_the_ringing(journey: Journey, clock: FastClock) -> None:
    """No telephone goes on ringing for a meeting that was ended, and open again its post does not say so."""
    tenant, calls = journey.cloud.tenant, journey.cloud.graph.calls
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Outage ring @Ben")
    await rings(journey, tenant.ben)
    await shows(journey, "Outage: open\n", "Ringing Ben Okafor")
    with clock.standing():  # so that it is not the minute that ends it
        await journey.teams.say(tenant.ana, tenant.incidents, "end")
        await journey.cloud.until(lambda: not calls.rung(), seconds=20)
    await shows(journey, "Outage: ended")
    await journey.teams.say(tenant.ana, tenant.incidents, "reopen")
    await shows(journey, "Outage: open\n")
    assert not any("Ringing" in text for text in journey.texts(tenant.incidents))


async def test_a_withdrawn_request_stops_the_ringing(journey: Journey, clock: FastClock) -> None:
    """Whoever deletes a request that was sent in the wrong chat leaves no telephone ringing for it."""
    tenant, calls = journey.cloud.tenant, journey.cloud.graph.calls
    said = await journey.teams.say(tenant.ana, tenant.incidents, "meet now Outage ring @Ben")
    await rings(journey, tenant.ben)
    await shows(journey, "Outage: open\n", "Ringing Ben Okafor")
    with clock.standing():  # so that it is not the minute that ends it
        await journey.teams.delete(said)
        await journey.cloud.until(lambda: not calls.rung(), seconds=20)
    await shows(journey, "Outage: closed · request withdrawn.")


async def test_people_are_chosen_on_the_post(journey: Journey) -> None:
    """`Ring someone` asks whom in a dialog with the people picker, and rings them."""
    tenant = journey.cloud.tenant
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Outage")
    await shows(journey, "Outage: open\n")
    (post,) = journey.cloud.bot_posts(tenant.incidents)
    dialog = await journey.teams.open_dialog(tenant.chloe, post, "Ring someone")
    told = await journey.teams.submit(dialog, "Ring", people=tenant.ben.oid)
    assert "I'm ringing." in str(told.body)
    await rings(journey, tenant.ben)
    await shows(journey, "Ringing Ben Okafor")


async def test_somebody_presenting_is_rung_only_when_asked_again(journey: Journey) -> None:
    """Who presents is not disturbed: the person who rang is asked first, and may ring all the same."""
    tenant, calls = journey.cloud.tenant, journey.cloud.graph.calls
    calls.presence[tenant.ben.oid] = "Presenting"
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Outage")
    await shows(journey, "Outage: open\n")
    await journey.teams.say(tenant.ana, tenant.incidents, "ring @Ben")
    await shows(journey, "Not rung, busy just now: Ben Okafor")
    await journey.until(lambda: "Ben Okafor is presenting." in "".join(journey.whispers(tenant.incidents)))
    assert not calls.legs
    await journey.teams.press(tenant.ana, journey.cloud.whispers(tenant.incidents)[-1], "Ring anyway")
    await rings(journey, tenant.ben)
    await calls.decline(tenant.ben, NOT_THERE)
    await shows(journey, "Could not be reached: Ben Okafor")


@pytest.mark.parametrize("role", ["Calls.JoinGroupCall.All", "Calls.InitiateGroupCall.All"])
async def test_a_missing_permission_is_named(journey: Journey, role: str) -> None:
    """Without the permission to call, or to invite, the card says which one an administrator has to give."""
    tenant = journey.cloud.tenant
    journey.cloud.entra.roles.remove(role)
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Outage ring @Ben")
    await shows(journey, "Could not be reached: Ben Okafor", f"the permission {role}.")


async def test_forged_callbacks_change_nothing(journey: Journey) -> None:
    """Whoever is not Graph is sent away with 401, another tenant with 403, and a call nobody made does not exist."""
    tenant, calls = journey.cloud.tenant, journey.cloud.graph.calls
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Outage ring @Ben")
    await rings(journey, tenant.ben)
    (leg,) = calls.legs
    came = [{"info": {"identity": {"user": {"id": tenant.ben.oid}}}}]
    news = {"value": [{"resourceUrl": f"/communications/calls/{leg.id}/participants", "resourceData": came}]}
    other = leg.callback[:-1] + ("0" if leg.callback[-1] != "0" else "1")
    forged = {
        "": 401,
        calls.token(aud="somebody-else"): 401,
        calls.token(iss="https://sts.windows.net/other/"): 401,
        calls.token(exp=1): 401,
        calls.token(tid="other-tenant"): 403,
    }
    assert [await calls.deliver(leg.callback, news, token) for token in forged] == list(forged.values())
    assert await calls.deliver(other, news) == 404
    assert await calls.deliver(leg.callback, ["nothing"]) == 202
    assert "Came when rung" not in "".join(journey.texts(tenant.incidents))
    assert await calls.deliver(leg.callback, news) == 202
    await shows(journey, "Came when rung: Ben Okafor")


async def test_a_restart_in_the_middle_of_a_call_loses_nobody(cloud: Cloud, clock: FastClock, tmp_path: Path) -> None:
    """The bot is started again while somebody is rung: the answer arrives at its successor, which leaves the call."""
    tenant, calls = cloud.tenant, cloud.graph.calls
    replaced = app.Replaced(clock=clock)
    async with bot(cloud, tmp_path, replaced, **PUBLIC) as first:
        await first.teams.say(tenant.ana, tenant.incidents, "meet now Outage ring @Ben")
        await rings(first, tenant.ben)
    async with bot(cloud, tmp_path, replaced, **PUBLIC) as second:
        await calls.answer(tenant.ben)
        await shows(second, "Came when rung: Ben Okafor")
        await second.until(lambda: [leg.state for leg in calls.legs] == ["terminated"])


async def test_without_a_public_address_nobody_can_be_rung(cloud: Cloud, tmp_path: Path) -> None:
    """Graph could not call back: the meeting opens all the same, and who asked hears what is missing."""
    tenant = cloud.tenant
    async with bot(cloud, tmp_path, app.REAL) as journey:
        await journey.teams.say(tenant.ana, tenant.incidents, "meet now Outage ring @Ben")
        await shows(journey, "Outage: open\n")
        # A card's Markdown escapes underscores.
        await journey.until(lambda: r"MUSTER\_PUBLIC\_URL" in "".join(journey.whispers(tenant.incidents)))
    assert not cloud.graph.calls.legs


async def test_an_alert_opens_its_topic_s_meeting_and_rings_the_list(
    cloud: Cloud, clock: FastClock, browser: ClientSession, tmp_path: Path
) -> None:
    """An alert opens one meeting and rings the list; copies and forgeries change nothing, another is noted there."""
    tenant, calls = cloud.tenant, cloud.graph.calls
    secret, key = "s" * 32, "a-key-of-some-length"
    hook = f"{secret}|{key}|{tenant.incidents.thread_id}|{tenant.ana.oid}"
    body = b'{"topic": "INC-42", "title": "DB down for 45m"}'
    async with bot(cloud, tmp_path, app.Replaced(clock=clock), **PUBLIC, MUSTER_HOOKS=hook) as journey:
        await ring_list(journey, tenant.ben)
        at = str(clock.now() // 1000)
        signature = hmac.new(key.encode(), f"{at}:".encode() + body, hashlib.sha256).hexdigest()
        signed = {"X-Muster-Signature": f"sha256={signature}", "X-Muster-Timestamp": at}
        forged = signed | {"X-Muster-Signature": "sha256=00"}
        answers = []
        for path, headers in ((secret, forged), (secret[1:], signed), (secret, signed), (secret, signed)):
            async with browser.post(f"{journey.url}/api/hooks/{path}", data=body, headers=headers) as answer:
                answers.append(answer.status)
        assert answers == [401, 404, 202, 202]
        await shows(journey, "#INC-42 DB down for 45m: open\n", "Ringing Ben Okafor")
        await rings(journey, tenant.ben)
        again = b'{"topic": "inc 42", "title": "still down"}'
        signature = hmac.new(key.encode(), f"{at}:".encode() + again, hashlib.sha256).hexdigest()
        signed["X-Muster-Signature"] = signature
        async with browser.post(f"{journey.url}/api/hooks/{secret}", data=again, headers=signed) as answer:
            assert answer.status == 202
        await shows(journey, "A monitoring system: 2 alerts, the last at")
        assert journey.made() == 1
        assert len(calls.legs) == 1


async def test_an_invitation_whose_answer_is_lost_is_not_sent_again(journey: Journey) -> None:
    """Nobody knows whether the telephone rings: the card says so, nobody is rung twice, and an answer still counts."""
    tenant, calls = journey.cloud.tenant, journey.cloud.graph.calls
    gate = journey.cloud.hold("graph.invite", when="after")
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Outage ring @Ben")
    await gate.reached
    gate.drop()
    await shows(journey, "Ringing? Ben Okafor: Microsoft did not say.")
    await calls.answer(tenant.ben)
    await shows(journey, "Came when rung: Ben Okafor")
    assert journey.cloud.journal.counts()["graph.invite"] == 1


async def test_a_call_that_graph_never_speaks_of_rings_nobody(journey: Journey) -> None:
    """A minute without a callback: whoever waited was not reached, and our call is left."""
    tenant, calls = journey.cloud.tenant, journey.cloud.graph.calls
    calls.establishes = False
    await journey.teams.say(tenant.ana, tenant.incidents, "meet now Outage ring @Ben")
    await shows(journey, "Could not be reached: Ben Okafor")
    await journey.until(lambda: [leg.state for leg in calls.legs] == ["terminated"])
    assert calls.rung() == []
