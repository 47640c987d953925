"""The sandbox's Token Service and people's own permission at its Graph, as facts/graph 7 and 1.1 have them."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from bot.sandbox.cloud import Cloud
from bot.sandbox.entra import BOT_AUDIENCE
from bot.sandbox.posts import Post
from bot.sandbox.signing_in import OAUTH_CARD
from bot.sandbox.tenant import Person
from tests.sandbox.conftest import Answer, Caller

GRAPH = "https://graph.microsoft.com"


def whose(person: Person, **more: str) -> str:
    """Return the query that names a person."""
    return urlencode({"userId": person.id, "connectionName": "graph", "channelId": "msteams", **more})


async def ask(cloud: Cloud, caller: Caller, method: str, path: str, **options: Any) -> Answer:  # noqa: ANN401 - any JSON
    """Ask the Token Service as the bot."""
    headers = {"Authorization": f"Bearer {cloud.entra.issue(BOT_AUDIENCE)}"}
    return await caller.call(method, f"{cloud.tokens.url}/api/{path}", **{"headers": headers, **options})


async def resource(cloud: Cloud, caller: Caller, **changes: object) -> Answer:
    """Ask for Ana's way to sign in."""
    conversation = {"user": {"id": cloud.tenant.ana.id}}
    said = {"connectionName": "graph", "conversation": conversation, "msAppId": cloud.app_id, **changes}
    state = base64.b64encode(json.dumps(said).encode()).decode()
    return await ask(cloud, caller, "GET", "botsignin/GetSignInResource?" + urlencode({"state": state}))


async def test_a_token_is_there_after_the_exchange_and_gone_after_sign_out(cloud: Cloud, caller: Caller) -> None:
    """No token, then one for who consented and whose own token came, then none again."""
    ana, tokens = cloud.tenant.ana, cloud.tokens
    get = "usertoken/GetToken?" + whose(ana)
    assert (await ask(cloud, caller, "GET", get)).status == 404
    sso = {"token": cloud.entra.issue_for(ana, "access_as_user", audience=tokens.sso_audience)}
    exchange = "usertoken/exchange?" + whose(ana)
    assert (await ask(cloud, caller, "POST", exchange, json=sso)).status == 400
    tokens.of(ana).given = True
    theirs = {"token": cloud.entra.issue_for(cloud.tenant.ben, "access_as_user", audience=tokens.sso_audience)}
    assert (await ask(cloud, caller, "POST", exchange, json=theirs)).status == 400
    assert (await ask(cloud, caller, "POST", exchange, json={})).status == 400
    given = await ask(cloud, caller, "POST", exchange, json=sso)
    assert (given.status, given.body["connectionName"]) == (200, "graph")
    assert (await ask(cloud, caller, "GET", get)).body["token"] == given.body["token"]
    assert (await ask(cloud, caller, "DELETE", "usertoken/SignOut?" + whose(ana))).status == 204
    assert (await ask(cloud, caller, "GET", get)).status == 404


async def test_the_browser_ends_with_a_code_that_is_good_once(cloud: Cloud, caller: Caller) -> None:
    """Who consents at the sign-in link gets a code; it opens the token once, and refusing gets none."""
    ana = cloud.tenant.ana
    link = (await resource(cloud, caller)).body["signInLink"]
    assert cloud.tokens.page(link, consents=False) == ""
    code = cloud.tokens.page(link, consents=True)
    wrong = await ask(cloud, caller, "GET", "usertoken/GetToken?" + whose(ana, code="x"))
    right = await ask(cloud, caller, "GET", "usertoken/GetToken?" + whose(ana, code=code))
    assert (wrong.status, right.status) == (404, 200)
    cloud.tokens.lose(ana)
    assert (await ask(cloud, caller, "GET", "usertoken/GetToken?" + whose(ana, code=code))).status == 404


async def test_what_is_not_this_bot_s_is_refused(cloud: Cloud, caller: Caller) -> None:
    """Another token, connection, bot or person, or a state that is none, gets nothing."""
    graph = {"Authorization": f"Bearer {cloud.entra.issue(GRAPH)}"}
    assert (
        await ask(cloud, caller, "GET", "usertoken/GetToken?" + whose(cloud.tenant.ana), headers=graph)
    ).status == 401
    another = "usertoken/GetToken?" + whose(cloud.tenant.ana, connectionName="another")
    assert (await ask(cloud, caller, "GET", another)).status == 400
    wrong: list[dict[str, object]] = [{"msAppId": "another"}, {"connectionName": "another"}, {"conversation": {}}]
    for changes in wrong:
        assert (await resource(cloud, caller, **changes)).status == 400
    assert (await ask(cloud, caller, "GET", "botsignin/GetSignInResource?state=!")).status == 400
    stranger = {"Authorization": f"Bearer {cloud.entra.issue(BOT_AUDIENCE, appid='another')}"}
    assert (
        await ask(cloud, caller, "GET", "usertoken/GetToken?" + whose(cloud.tenant.ana), headers=stranger)
    ).status == 401


async def test_a_person_s_token_is_for_their_own_meetings(cloud: Cloud, caller: Caller) -> None:
    """By somebody's own permission their meetings are made below /me, without a policy, and nobody else's."""
    ana, ben = cloud.tenant.ana, cloud.tenant.ben
    ana.policy = False
    theirs = {"Authorization": f"Bearer {cloud.entra.issue_for(ana, 'OnlineMeetings.ReadWrite')}"}
    body = {"externalId": "a"}
    made = await caller.graph("POST", "/v1.0/me/onlineMeetings/createOrGet", json=body, headers=theirs)
    assert (made.status, cloud.graph.meetings[0].organizer) == (201, ana)
    same = await caller.graph("POST", f"/v1.0/users/{ana.oid}/onlineMeetings/createOrGet", json=body, headers=theirs)
    assert (same.status, same.body["id"]) == (200, made.body["id"])
    other = await caller.graph("POST", f"/v1.0/users/{ben.oid}/onlineMeetings/createOrGet", json=body, headers=theirs)
    assert other.status == 403
    reading = {"Authorization": f"Bearer {cloud.entra.issue_for(ana, 'OnlineMeetings.Read')}"}
    again = await caller.graph("POST", "/v1.0/me/onlineMeetings/createOrGet", json=body, headers=reading)
    assert again.status == 403


async def test_a_policy_fault_spares_what_people_do_themselves(cloud: Cloud, caller: Caller) -> None:
    """The missing policy of `/fault policy` hinders the app alone."""
    ana = cloud.tenant.ana
    cloud.faults.inject("policy")
    theirs = {"Authorization": f"Bearer {cloud.entra.issue_for(ana, 'OnlineMeetings.ReadWrite')}"}
    assert (await caller.open(ana)).status == 403
    mine = await caller.graph("POST", "/v1.0/me/onlineMeetings/createOrGet", json={"externalId": "a"}, headers=theirs)
    assert mine.status == 201


async def test_only_the_person_of_a_sign_in_card_can_use_it(cloud: Cloud) -> None:
    """Somebody else's card cannot be pressed, a post without one has nothing to press."""
    ana, ben = cloud.tenant.ana, cloud.tenant.ben
    account = cloud.signing_in(cloud.client("http://127.0.0.1:9/api/messages"))
    card = {"contentType": OAUTH_CARD, "content": {"buttons": [{"value": "x"}]}}
    whispered = Post("1", cloud.tenant.leads.thread_id, "28:b", {"attachments": [card]}, 0, visible_to=ana.id)
    with pytest.raises(PermissionError):
        account.refuses(ben, whispered)
    with pytest.raises(LookupError):
        account.refuses(ana, Post("2", cloud.tenant.leads.thread_id, "28:b", {"text": "hello"}, 0))
    assert await account.silently(ana, whispered) == []


async def test_a_channel_s_clients_never_exchange(cloud: Cloud) -> None:
    """A card with something to exchange in a channel fails in Teams itself, as it really does."""
    account = cloud.signing_in(cloud.client("http://127.0.0.1:9/api/messages"))
    exchange = {"id": "x", "uri": cloud.tokens.sso_audience}
    card = {"contentType": OAUTH_CARD, "content": {"tokenExchangeResource": exchange, "buttons": []}}
    where = f"{cloud.tenant.incidents.thread_id};messageid=1"
    post = Post("1", where, "28:b", {"attachments": [card]}, 0, visible_to=cloud.tenant.ana.id)
    (told,) = await account.silently(cloud.tenant.ana, post)
    assert (told.activity["name"], told.activity["value"]["code"]) == ("signin/failure", "resourcematchfailed")
