"""The sandbox's Graph against Microsoft's own description of its answers, where that is at hand."""

from __future__ import annotations

import pytest

from bot.sandbox.cloud import Cloud
from bot.sandbox.faults import CATALOGUE
from tests.sandbox.conftest import Caller
from tests.sandbox.contract import BETA, OF_2019, V1, contract, departures, misasked

pytestmark = pytest.mark.usefixtures("untraced")

NOON = {"dateTime": "2026-11-21T12:00:00", "timeZone": "Europe/Berlin"}
EVENT = {"subject": "Retro", "start": NOON, "end": NOON, "isOnlineMeeting": True}


async def everything(cloud: Cloud, caller: Caller, version: str) -> None:
    """Ask each operation once, in a way that succeeds where it can, and in one that cannot."""
    ana = cloud.tenant.ana
    people = f"/{version}/users/{ana.oid}"
    made = await caller.open(ana, version=version)
    await caller.open(ana, version=version)
    await caller.open(ana, version=version, externalId="")
    link, one = made.body.get("joinWebUrl"), f"{people}/onlineMeetings/{made.body.get('id')}"
    attendees = [{"upn": cloud.tenant.ben.upn, "role": "coorganizer"}, {"upn": "x@elsewhere.example"}]
    times = {"startDateTime": "2026-11-21T12:00:00Z", "endDateTime": "2026-11-21T13:00:00Z"}
    body = {"subject": "Retro", **times, "participants": {"attendees": attendees}}
    await caller.graph("POST", f"{people}/onlineMeetings", json=body)
    await caller.graph("GET", f"{people}/onlineMeetings", params={"$filter": f"JoinWebUrl eq '{link}'"})
    await caller.graph("GET", one)
    await caller.graph("PATCH", one, json={"lobbyBypassSettings": {"scope": "invited"}})
    await caller.graph("DELETE", one)
    await caller.graph("GET", f"{people}/calendar")
    event = await caller.graph("POST", f"{people}/events", json={**EVENT, "attendees": [{"emailAddress": {}}]})
    path = f"{people}/events/{event.body.get('id')}"
    await caller.graph("GET", path)
    await caller.graph("PATCH", path, json={"subject": "Later"})
    await caller.graph("DELETE", path)


@pytest.mark.parametrize("version", ["v1.0", "beta"])
async def test_answers_are_what_microsoft_describes(cloud: Cloud, caller: Caller, version: str) -> None:
    """Every answer of every operation is valid by Microsoft's schema, with no name in it that nobody knows."""
    cloud.tenant.chloe.video = True
    contract(V1)
    await everything(cloud, caller, version)
    await caller.open(cloud.tenant.chloe, version=version)
    await caller.open(cloud.tenant.kim, version=version)
    assert departures(cloud.journal.exchanges) == []
    assert len({exchange.operation for exchange in cloud.journal.exchanges if exchange.server == "graph"}) == 11


@pytest.mark.parametrize("fault", [name for name, fault in CATALOGUE.items() if "graph" in fault.operations])
async def test_what_goes_wrong_is_what_microsoft_describes(cloud: Cloud, caller: Caller, fault: str) -> None:
    """With each fault of Graph's in force, its answers are still valid by Microsoft's schema."""
    if CATALOGUE[fault].status == 0:
        return  # there is no answer
    cloud.faults.inject(fault)
    await everything(cloud, caller, "v1.0")
    assert departures(cloud.journal.exchanges, besides=OF_2019 if fault == "old-spellings" else frozenset()) == []


async def test_a_tied_meeting_is_what_microsoft_describes(cloud: Cloud, caller: Caller) -> None:
    """A beta answer with the channel's thread is valid by Microsoft's schema."""
    made = await caller.open(cloud.tenant.ana, version="beta", chatInfo={"threadId": cloud.tenant.incidents.thread_id})
    assert made.status == 201
    assert departures(cloud.journal.exchanges) == []


@pytest.mark.parametrize("name", [V1, BETA])
def test_a_wrong_answer_would_be_found(name: str) -> None:
    """A number where text belongs, and a misspelt name deep inside, are departures."""
    described = contract(name)
    schema = described.answer("/users/{user-id}/onlineMeetings/createOrGet", "post", 201)
    assert described.errors(schema, {"subject": 5}) != []
    wrong = {"participants": {"attendees": [{"identity": {"user": {"idd": "x"}}}]}, "joinWebUrll": ""}
    assert sorted(described.undeclared(schema, wrong)) == ["idd", "joinWebUrll"]


async def test_a_wrong_question_would_be_found(cloud: Cloud, caller: Caller) -> None:
    """A misspelt option, a missing end and a made-up scope are no questions that Microsoft describes."""
    contract(V1)
    times = {"startDateTime": "2026-11-21T12:00:00Z", "endDateTime": "2026-11-21T13:00:00Z"}
    wrong = [
        {"subject": "Retro", **times, "recordAutomaticaly": True},
        {"subject": "Retro"},
        {"subject": "Retro", **times, "lobbyBypassSettings": {"scope": "nobody"}},
    ]
    for body in wrong:
        await caller.graph("POST", f"/v1.0/users/{cloud.tenant.ana.oid}/onlineMeetings", json=body)
    await caller.open(cloud.tenant.ana)
    paths = [line.split(": ")[0] for line in misasked(cloud.journal.exchanges)]
    assert len(paths) >= len(wrong)
    assert {path.split("/")[-1] for path in paths} == {"onlineMeetings 201", "onlineMeetings 400"}
