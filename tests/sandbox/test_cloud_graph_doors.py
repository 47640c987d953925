"""Who may call the sandbox's Graph, and how its answers are traced."""

from __future__ import annotations

import pytest

from bot.sandbox.cloud import Cloud
from tests.graph import exchanges
from tests.sandbox.conftest import Caller, HandClock

GRAPH = "https://graph.microsoft.com"


def meetings(cloud: Cloud, tail: str = "", *, who: str = "", version: str = "v1.0") -> str:
    return f"/{version}/users/{who or cloud.tenant.ana.oid}/onlineMeetings{tail}"


async def test_bad_tokens_are_refused(cloud: Cloud, caller: Caller, hand_clock: HandClock) -> None:
    """No token, garbage, another audience, an old key, a revoked or expired token: 401 in Graph's words."""
    entra, path = cloud.entra, meetings(cloud, "/x")
    good = entra.issue(GRAPH)
    assert (await caller.graph("GET", path, headers={"Authorization": f"Bearer {good}"})).status == 400
    headers = ["", "Bearer", "Basic abc", "Bearer a.b.c", f"Bearer {entra.issue('https://elsewhere.example')}"]
    for header in headers:
        answer = await caller.graph("GET", path, headers={"Authorization": header})
        assert (answer.status, answer.body["error"]["code"]) == (401, "InvalidAuthenticationToken")
        assert "WWW-Authenticate" in answer.headers
    assert entra.revoke() == 3
    revoked = await caller.graph("GET", path, headers={"Authorization": f"Bearer {good}"})
    assert (revoked.status, "revoked" in revoked.body["error"]["message"]) == (401, True)
    short = entra.issue(GRAPH)
    hand_clock.advance(seconds=3600)
    expired = await caller.graph("GET", path, headers={"Authorization": f"Bearer {short}"})
    assert (expired.status, "expired" in expired.body["error"]["message"]) == (401, True)
    fresh = entra.issue(GRAPH)
    entra.rotate_key()
    assert (await caller.graph("GET", path, headers={"Authorization": f"Bearer {fresh}"})).status == 401


async def test_roles_decide_what_a_token_may(cloud: Cloud, caller: Caller) -> None:
    """Without the role nothing is allowed; with the reading role nothing is made."""
    cloud.entra.roles = ["OnlineMeetings.Read.All"]
    assert (await caller.open(cloud.tenant.ana)).status == 403
    assert (await caller.graph("GET", meetings(cloud, "/x"))).status == 400
    nothing = {"Authorization": f"Bearer {cloud.entra.issue(GRAPH, roles=[])}"}
    assert (await caller.graph("GET", meetings(cloud, "/x"), headers=nothing)).status == 403


async def test_answers_can_be_traced(cloud: Cloud, caller: Caller) -> None:
    """Each answer has request-id, Date and the caller's client-request-id; errors repeat them inside."""
    path = meetings(cloud, "/x")
    answer = await caller.graph("GET", path, headers={"client-request-id": "mine"})
    inner = answer.body["error"]["innerError"]
    assert (answer.headers["client-request-id"], inner["client-request-id"]) == ("mine", "mine")
    assert answer.headers["request-id"] == inner["request-id"]
    assert "Date" in answer.headers
    assert inner["date"] == "2026-11-21T12:00:00"


async def test_an_app_has_no_me(cloud: Cloud, caller: Caller) -> None:
    """/me needs a person's token; a doubled slash as Microsoft's client sends it is taken; the rest is 404."""
    assert (await caller.graph("POST", "/v1.0/me/onlineMeetings/createOrGet", json={"externalId": "a"})).status == 400
    doubled = meetings(cloud, "/createOrGet").replace("v1.0/", "v1.0//")
    assert (await caller.graph("POST", doubled, json={"externalId": "a"})).status == 201
    assert (await caller.graph("GET", "/v1.0/communications/callRecords")).status == 404


@pytest.mark.parametrize("path", ["/v1.0/communications/onlineMeetings", "/v1.0/app/onlineMeetings"])
async def test_the_addresses_of_2019_make_nothing(cloud: Cloud, caller: Caller, path: str) -> None:
    """Where old examples made meetings Graph refuses without a reason, and no meeting is there."""
    request, response = exchanges.load("dead-url", "request"), exchanges.load("dead-url", "response")
    answer = await caller.graph("POST", path, json=request["body"])
    said, recorded = answer.body["error"], response["body"]["error"]
    assert (answer.status, said["code"], said["message"]) == (400, recorded["code"], recorded["message"])
    assert cloud.graph.meetings == []
