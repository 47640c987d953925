"""Breaking the sandbox's cloud on request, and holding its answers (ENGINE 3.4)."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from bot.sandbox.cloud import Cloud
from bot.sandbox.faults import CATALOGUE
from bot.sandbox.journal import Exchange, masked
from tests.sandbox.conftest import Caller, HandClock

pytestmark = pytest.mark.usefixtures("untraced")

HI = {"type": "message", "text": "hi"}
LOST = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)


@pytest.mark.parametrize(
    "name", [name for name, fault in CATALOGUE.items() if fault.status and "graph" in fault.operations]
)
async def test_each_graph_fault_answers_as_graph_does(cloud: Cloud, caller: Caller, name: str) -> None:
    """A fault's status and code come in Graph's error body, and are gone when it is removed."""
    injection = cloud.faults.inject(name)
    answer = await caller.open(cloud.tenant.ana)
    assert (answer.status, answer.body["error"]["code"]) == (CATALOGUE[name].status, CATALOGUE[name].code)
    assert (injection.hits, cloud.journal.find("graph.createOrGet")[0].fault) == (1, name)
    injection.remove()
    injection.remove()
    assert (await caller.open(cloud.tenant.ana)).status in (200, 201)


@pytest.mark.parametrize(
    "name", [name for name, fault in CATALOGUE.items() if fault.status and "connector" in fault.operations]
)
async def test_each_connector_fault_answers_as_teams_does(cloud: Cloud, caller: Caller, name: str) -> None:
    """A connector fault strikes posts, and leaves a post behind only where it comes after the effect."""
    cloud.faults.inject(name)
    answer = await caller.post(cloud.tenant.incidents, HI)
    assert (answer.status, answer.body["error"]["code"]) == (CATALOGUE[name].status, CATALOGUE[name].code)
    assert len(cloud.posts(cloud.tenant.incidents)) == int(name.endswith("after"))


async def test_the_missing_policy_names_app_and_person(cloud: Cloud, caller: Caller) -> None:
    """The fault `policy` words the error as Graph does."""
    cloud.faults.inject("policy")
    message = (await caller.open(cloud.tenant.ana)).body["error"]["message"]
    assert (
        message == f"No application access policy found for this app {cloud.app_id} on the user {cloud.tenant.ana.oid}"
    )


async def test_retry_after_may_be_a_fraction(cloud: Cloud, caller: Caller) -> None:
    """429 carries the Retry-After it was given."""
    cloud.faults.inject("429", retry_after=2.128)
    assert (await caller.open(cloud.tenant.ana)).headers["Retry-After"] == "2.128"


async def test_faults_strike_a_number_of_times_or_at_ordinals(cloud: Cloud, caller: Caller) -> None:
    """`times` limits how often, `ordinals` says which call, `on` which operation, `where` which request."""
    cloud.faults.inject("503", times=2)
    statuses = [(await caller.open(cloud.tenant.ana)).status for _ in range(3)]
    assert statuses == [503, 503, 201]
    cloud.faults.clear()
    cloud.faults.inject("503", ordinals=[2])
    assert [(await caller.open(cloud.tenant.ana)).status for _ in range(3)] == [200, 503, 200]
    cloud.faults.clear()
    cloud.faults.inject("503", on="graph.update")
    assert (await caller.open(cloud.tenant.ana)).status == 200
    cloud.faults.inject("503", where=lambda exchange: exchange.request["externalId"] == "room-9")
    assert (await caller.open(cloud.tenant.ana)).status == 200
    assert (await caller.open(cloud.tenant.ana, externalId="room-9")).status == 503
    with pytest.raises(KeyError):
        cloud.faults.inject("earthquake")


async def test_a_reset_loses_the_request_or_the_answer(cloud: Cloud, caller: Caller) -> None:
    """Before the effect nothing was made; after it the meeting is there and the answer is lost."""
    cloud.faults.inject("reset", times=1)
    with pytest.raises(LOST):
        await caller.open(cloud.tenant.ana)
    assert cloud.graph.meetings == []
    cloud.faults.inject("reset-after", times=1)
    with pytest.raises(LOST):
        await caller.open(cloud.tenant.ana)
    assert len(cloud.graph.meetings) == 1
    assert (await caller.open(cloud.tenant.ana)).status == 200
    assert [exchange.status for exchange in cloud.journal.find("graph.createOrGet")] == [None, None, 200]


async def test_a_refused_request_has_no_effect_to_lose(cloud: Cloud, caller: Caller) -> None:
    """An after-fault does not hide that the request itself was wrong."""
    cloud.faults.inject("504-after")
    assert (await caller.open(cloud.tenant.ana, externalId="")).status == 400


async def test_a_fault_that_answered_nothing_is_not_written_down(cloud: Cloud, caller: Caller) -> None:
    """A refused token is told as one, and the journal blames no fault for it."""
    await caller.post(cloud.tenant.incidents, HI)
    cloud.entra.revoke()
    injection = cloud.faults.inject("connector-reset-after", times=1)
    assert (await caller.post(cloud.tenant.incidents, HI)).status == 401
    assert [exchange.fault for exchange in cloud.journal.find("connector.post")] == ["", ""]
    assert injection.hits == 1


async def test_entra_can_fail_too(cloud: Cloud, caller: Caller) -> None:
    """Entra answers 503 in its own words, or not at all."""
    cloud.faults.inject("entra-503", times=1)
    answer = await caller.ask_token()
    assert (answer.status, answer.body["error_codes"]) == (503, [90033])
    cloud.faults.inject("entra-outage")
    with pytest.raises(LOST):
        await caller.ask_token()


async def test_whoever_hung_up_hears_no_answer(cloud: Cloud, caller: Caller) -> None:
    """The journal tells an answer that came too late for whoever asked from one that was heard."""
    await caller.open(cloud.tenant.ana)
    gate = cloud.hold("graph.createOrGet", when="after")
    asking = asyncio.create_task(caller.open(cloud.tenant.ana))
    held = await gate.reached
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await caller.open(cloud.tenant.ana)  # another connection; by its answer the first one is known to be closed
    gate.release()
    await cloud.until(lambda: held.done)
    made = cloud.journal.find("graph.createOrGet")
    assert [(exchange.source, exchange.unheard) for exchange in made] == [
        ("127.0.0.1", False),
        ("127.0.0.1", True),
        ("127.0.0.1", False),
    ]


async def test_an_answer_is_held_before_its_effect(cloud: Cloud, caller: Caller) -> None:
    """A gate before the effect: nothing is made until it is released, then the answer comes."""
    gate = cloud.hold("graph.createOrGet")
    asking = asyncio.create_task(caller.open(cloud.tenant.ana))
    held = await gate.reached
    assert (held.operation, held.status, cloud.graph.meetings) == ("graph.createOrGet", None, [])
    gate.release()
    assert (await asking).status == 201


@pytest.mark.parametrize("operation", ["connector.post", "connector.whisper"])
async def test_an_answer_is_held_after_its_effect(cloud: Cloud, caller: Caller, operation: str) -> None:
    """A gate after the effect: people see the post while its answer is held, and dropping loses the answer."""
    chat, ana = cloud.tenant.incidents, cloud.tenant.ana
    asks = {
        "connector.post": lambda: caller.post(chat, {**HI, "text": "new"}),
        "connector.whisper": lambda: caller.post(
            chat, {**HI, "text": "new", "recipient": {"id": ana.id}}, params={"isTargetedActivity": "true"}
        ),
    }
    gate = cloud.hold(operation, when="after")
    asking = asyncio.create_task(asks[operation]())
    await gate.reached
    assert "new" in [post.text for post in cloud.posts(chat) + cloud.whispers(chat)]
    assert not asking.done()
    gate.drop()
    with pytest.raises(LOST):
        await asking


async def test_an_edit_is_held_too(cloud: Cloud, caller: Caller) -> None:
    """An edit is seen while its answer is held; a lost answer to PUT is asked again by the HTTP client itself."""
    chat = cloud.tenant.incidents
    key = (await caller.post(chat, HI)).body["id"]
    gate = cloud.hold("connector.edit", when="after")
    asking = asyncio.create_task(caller.change("PUT", chat, key, json={**HI, "text": "new"}))
    await gate.reached
    assert cloud.posts(chat)[0].text == "new"
    gate.drop()
    assert (await asking).status == 200
    assert [exchange.status for exchange in cloud.journal.find("connector.edit")] == [None, 200]


async def test_a_gate_holds_as_many_as_told(cloud: Cloud, caller: Caller) -> None:
    """One gate for two calls holds both; the third, and those `where` does not want, pass."""
    gate = cloud.hold("graph.*", times=2, where=lambda exchange: cloud.tenant.ana.oid in exchange.path)
    assert (await caller.open(cloud.tenant.ben)).status == 201
    asking = [asyncio.create_task(caller.open(cloud.tenant.ana, externalId=key)) for key in ("a", "b")]
    await cloud.until(lambda: len(gate.held) == 2)
    assert (await caller.open(cloud.tenant.ana, externalId="c")).status == 201
    gate.release()
    gate.drop()
    assert [(await ask).status for ask in asking] == [201, 201]
    with pytest.raises(KeyError):
        cloud.hold("graph.*", when="never")


async def test_stopping_drops_what_is_held(hand_clock: HandClock) -> None:
    """A cloud that stops does not wait for its gates."""
    async with Cloud(clock=hand_clock) as cloud, aiohttp.ClientSession() as session:
        gate = cloud.hold("entra.token")
        url = f"{cloud.entra_url}/{cloud.tenant_id}/oauth2/v2.0/token"
        asking = asyncio.create_task(session.post(url, ssl=False))
        await gate.reached
    with pytest.raises(LOST):
        await asking


async def test_a_caller_that_died_is_forgotten(cloud: Cloud, caller: Caller) -> None:
    """Where the caller is killed while held, the request still takes effect on release, as in the real world."""
    gate = cloud.hold("graph.createOrGet")
    asking = asyncio.create_task(caller.open(cloud.tenant.ana))
    await gate.reached
    asking.cancel()
    gate.release()
    await cloud.journal.wait("graph.createOrGet")
    assert len(cloud.graph.meetings) == 1


async def test_waiting_ends_when_it_happens_or_in_time(cloud: Cloud, caller: Caller) -> None:
    """`wait` returns as soon as the n-th exchange is there, and raises TimeoutError if it never is."""
    waiting = asyncio.create_task(cloud.journal.wait("connector.post", 2))
    for _ in range(2):
        await caller.post(cloud.tenant.incidents, HI)
    found = await waiting
    assert [exchange.status for exchange in found] == [201, 201]
    assert [exchange.server for exchange in cloud.journal.find(server="teams")] == ["teams", "teams"]
    assert cloud.journal.find("connector.post", where=lambda exchange: exchange.number < 3) == found[:1]
    with pytest.raises(TimeoutError):
        await cloud.until(lambda: False, seconds=0.01)


async def test_what_is_printed_hides_secrets(cloud: Cloud, caller: Caller) -> None:
    """A printable exchange has no bearer, passcode or join-link secret, and all the rest."""
    times = {"startDateTime": "2026-11-21T12:00:00Z", "endDateTime": "2026-11-21T13:00:00Z"}
    body = {"subject": "Retro", "joinMeetingIdSettings": {"isPasscodeRequired": True}, **times}
    answer = await caller.graph("POST", f"/v1.0/users/{cloud.tenant.ana.oid}/onlineMeetings", json=body)
    [exchange] = cloud.journal.find("graph.create")
    printed = exchange.printable()
    assert printed["response"]["joinMeetingIdSettings"]["passcode"] == "***"
    assert printed["response"]["joinWebUrl"].endswith("?p=***")
    assert answer.body["joinMeetingIdSettings"]["passcode"] not in repr(printed)
    assert (printed["status"], printed["response"]["subject"]) == (201, "Retro")
    assert exchange.request_headers["Authorization"] == "***"
    assert masked([{"client_secret": "x"}, 5]) == [{"client_secret": "***"}, 5]


async def test_what_the_servers_do_not_have_is_404_and_written_down(cloud: Cloud, caller: Caller) -> None:
    """An unknown path is answered 404 and stands in the journal without an operation."""
    assert (await caller.call("GET", f"{cloud.teams_url}/nothing")).status == 404
    last: Exchange = cloud.journal.exchanges[-1]
    assert (last.operation, last.status, last.path) == ("", 404, "/nothing")
