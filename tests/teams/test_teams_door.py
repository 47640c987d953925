"""Who may come in: each row of facts/teams 7.2, over a real socket, with real signatures."""

from __future__ import annotations

from typing import Any

import jwt
import pytest

from bot.errors import DoorError
from bot.sandbox.authority import SigningKey
from bot.teams.door import Door, Rules, bearer, tenant_of
from bot.teams.keys import Keys
from tests.teams.stage import APP_ID, ISSUER, TENANT, HandClock, Stage, public

HOUR = 3600


async def test_a_genuine_activity_comes_in(stage: Stage) -> None:
    """What Teams signs for this bot and tenant is acknowledged and taken in."""
    assert await stage.status() == 202
    assert [turn.text for turn in stage.desk.turns] == ["meet now Retro"]


async def test_no_header(stage: Stage) -> None:
    """Without a token: 401."""
    assert await stage.status(headers={}) == 401
    assert stage.reasons() == ["no-bearer"]


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"iss": "https://sts.windows.net/d6d49420-f39b-4df7-a1dc-d59a935871db/"}, "issuer"),
        ({"iss": None}, "issuer"),
        ({"aud": "another-bot"}, "audience"),
        ({"aud": [APP_ID]}, "audience"),
        ({"aud": None}, "audience"),
        ({"serviceurl": "https://smba.trafficmanager.net/amer/"}, "service-url-claim"),
        ({"serviceurl": None}, "service-url-claim"),
    ],
)
async def test_wrong_iss_aud_or_service_url(stage: Stage, claims: dict[str, Any], reason: str) -> None:
    """A token of another issuer, for another bot or for another service URL: 401."""
    assert await stage.status(token=stage.token(**claims)) == 401
    assert (stage.reasons(), stage.desk.turns) == ([reason], [])


async def test_lower_case_bearer(stage: Stage) -> None:
    """A scheme that Teams does not write: 401."""
    assert await stage.status(headers={"Authorization": f"bearer {stage.token()}"}) == 401


async def test_bad_signature(stage: Stage, signers: list[SigningKey]) -> None:
    """Signed by another key under a known key id: 401, never 500."""
    assert await stage.status(token=stage.token(signers[1], kid=signers[0].kid)) == 401
    assert stage.reasons() == ["signature"]


@pytest.mark.parametrize(("age", "status"), [(HOUR + 299, 202), (HOUR + 300, 401)])
async def test_expired(stage: Stage, age: int, status: int) -> None:
    """A token is good for five minutes past its end and not longer."""
    token = stage.token()
    stage.clock.ms += age * 1000
    assert await stage.status(token=token) == status


@pytest.mark.parametrize(("ahead", "status"), [(300, 202), (301, 401)])
async def test_not_yet_valid(stage: Stage, ahead: int, status: int) -> None:
    """A token from a clock more than five minutes ahead: 401."""
    assert await stage.status(token=stage.token(nbf=stage.clock.now() // 1000 + ahead)) == status


@pytest.mark.parametrize("exp", [None, 1e300])
async def test_a_token_that_never_ends(stage: Stage, exp: object) -> None:
    """A token without a sensible end: 401."""
    assert await stage.status(token=stage.token(exp=exp)) == 401


@pytest.mark.parametrize(
    "token",
    ["x", "a.b", "a.b.c", "..", "e30.e30.e30", "W1tbW1s.e30.e30", "a" * 4000 + ".b.c", "eyJhbGciOiJub25lIn0.e30."],
)
async def test_garbage_token(stage: Stage, token: str) -> None:
    """Anything that is no token: 401, never 500."""
    assert await stage.status(token=token) == 401


async def test_a_head_nested_to_the_limit(stage: Stage) -> None:
    """A token whose head is a thousand lists deep: 401, never 500."""
    nested = jwt.utils.base64url_encode(b"[" * 1400).decode()
    assert await stage.status(token=f"{nested}.e30.e30") == 401


@pytest.mark.parametrize("algorithm", ["HS256", "RS384", "RS512", "none"])
async def test_only_rs256(stage: Stage, algorithm: str) -> None:
    """No other way of signing is accepted, least of all none."""
    head = jwt.utils.base64url_encode(f'{{"alg":"{algorithm}","kid":"{stage.signer.kid}"}}'.encode()).decode()
    assert await stage.status(token=f"{head}.{stage.token().partition('.')[2]}") == 401
    assert stage.reasons() == ["algorithm"]


async def test_channel_id_not_endorsed(stage: Stage, signers: list[SigningKey]) -> None:
    """A key that may not speak for Teams: 403, never 500."""
    stage.keys.keys.append(public(signers[1], "webchat"))
    assert await stage.status(token=stage.token(signers[1])) == 403
    assert stage.reasons() == ["endorsement"]


async def test_unknown_kid(stage: Stage, signers: list[SigningKey]) -> None:
    """A key id nobody knows: 401, and a new key of Microsoft's is found with its first message."""
    assert await stage.status(token=stage.token(signers[2])) == 401
    assert stage.reasons() == ["unknown-key"]
    stage.clock.ms += 300_000
    stage.keys.keys.append(public(signers[2]))
    assert await stage.status(token=stage.token(signers[2])) == 202


@pytest.mark.parametrize("channel", [None, "", "webchat", "MSTEAMS", 7, ["msteams"]])
async def test_body_without_channel_id(stage: Stage, channel: object) -> None:
    """A body that does not say it comes from Teams: 403."""
    assert await stage.status(stage.activity(channelId=channel)) == 403
    assert stage.reasons() == ["channel"]


@pytest.mark.parametrize("address", [None, "", 7, {}, "http://127.0.0.1/teams/"])
async def test_body_without_service_url(stage: Stage, address: object) -> None:
    """A body without an https service URL: 403, and nothing is sent anywhere."""
    assert await stage.status(stage.activity(serviceUrl=address)) == 403
    assert (stage.reasons(), stage.connector.calls) == (["service-url"], [])


async def test_a_service_host_that_is_not_on_the_list(stage: Stage) -> None:
    """Even a signed service URL is refused when its host is not one of the configured ones."""
    evil = "https://evil.example/teams/"
    assert await stage.status(stage.activity(serviceUrl=evil), token=stage.token(serviceurl=evil)) == 403
    assert stage.reasons() == ["service-host"]


async def test_the_service_url_is_compared_without_slash_and_case(stage: Stage) -> None:
    """A slash at the end makes no difference."""
    assert await stage.status(stage.activity(serviceUrl=stage.service_url.rstrip("/"))) == 202


@pytest.mark.parametrize("issuer", ["d6d49420-f39b-4df7-a1dc-d59a935871db", "f8cdef31-a31e-4b4a-93e4-5f571e91255a"])
async def test_emulator_tokens(stage: Stage, issuer: str) -> None:
    """Tokens of the emulator's issuers naming this bot as appid: 401."""
    token = stage.token(iss=f"https://login.microsoftonline.com/{issuer}/v2.0", appid=APP_ID, azp=APP_ID, ver="2.0")
    assert await stage.status(token=token) == 401


async def test_skill_tokens(stage: Stage) -> None:
    """Tokens that one bot sends another: 401."""
    token = stage.token(iss=f"https://sts.windows.net/{TENANT}/", appid="another-bot", ver="1.0")
    assert await stage.status(token=token) == 401


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"channelData": {"tenant": {"id": "e4a34d8f-0000-4000-8000-000000000000"}}, "conversation": {}}, 403),
        ({"conversation": {"id": "19:x", "tenantId": "e4a34d8f-0000-4000-8000-000000000000"}}, 403),
        ({"channelData": None, "conversation": {"id": "19:x"}}, 403),
        ({"channelData": {"tenant": "x"}, "conversation": None}, 403),
        ({"channelData": {"tenant": {"id": TENANT.upper()}}}, 202),
    ],
)
async def test_only_known_tenants(stage: Stage, changes: dict[str, Any], status: int) -> None:
    """An activity of another tenant, of none, or of two at once is refused."""
    assert await stage.status(stage.activity(**changes)) == status


async def test_an_empty_app_id_lets_nobody_in(stage: Stage) -> None:
    """Authentication has no switch: a token for nobody is a token for nobody."""
    door = Door(stage.edge.keys, Rules(APP_ID, ISSUER, frozenset(), frozenset()), stage.clock)
    with pytest.raises(DoorError):
        await door.verify(f"Bearer {stage.token(aud='')}")


async def test_a_remembered_token_is_still_held_against_each_activity(stage: Stage) -> None:
    """A token verified once opens the door only for what it stands for, and only until it ends."""
    token = stage.token()
    assert await stage.status(token=token) == 202
    assert await stage.status(stage.activity(serviceUrl="https://127.0.0.1:9/x"), token=token) == 401
    assert await stage.status(stage.activity(channelData={"tenant": {"id": "x"}}), token=token) == 403
    stage.clock.ms += 2 * HOUR * 1000
    assert await stage.status(token=token) == 401


async def test_a_remembered_token_is_forgotten_with_its_key(stage: Stage, signers: list[SigningKey]) -> None:
    """When Microsoft withdraws a key, tokens signed with it open nothing any more."""
    token = stage.token()
    assert await stage.status(token=token) == 202
    stage.keys.keys = [public(signers[1])]
    await stage.edge.keys.refresh()
    assert await stage.status(token=token) == 401


async def test_the_memory_for_tokens_is_bounded(stage: Stage) -> None:
    """However many tokens come, only so many are remembered, and all still open the door."""
    rules = Rules(APP_ID, ISSUER, frozenset({"127.0.0.1"}), frozenset({TENANT}))
    door = Door(stage.edge.keys, rules, stage.clock, remembered=2)
    headers = [f"Bearer {stage.token(jti=str(number))}" for number in range(4)]
    first = [await door.verify(header) for header in headers]
    assert await door.verify(headers[3]) is first[3]
    again = await door.verify(headers[0])
    assert again is not first[0]
    assert again == first[0]


async def test_before_any_key_was_loaded(stage: Stage, clock: HandClock) -> None:
    """Before Muster has keys it says so with 503, and not that the caller is wrong."""
    stage.keys.down = True
    assert stage.session is not None
    keys = Keys(stage.session, stage.keys.metadata_url, clock, stage.events.append)
    door = Door(keys, Rules(APP_ID, ISSUER, frozenset(), frozenset()), clock)
    with pytest.raises(DoorError) as refused:
        await door.verify(f"Bearer {stage.token()}")
    assert refused.value.status == 503


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Basic a.b.c", "Bearer  a.b.c", "Bearer a.b.c d", "Bearer a.b.ç"]
)
def test_only_a_bearer_token_looks_like_one(header: str | None) -> None:
    """A header that cannot be a token is refused before anything is read."""
    with pytest.raises(DoorError):
        bearer(header)


@pytest.mark.parametrize("activity", [{}, {"channelData": []}, {"channelData": {"tenant": {"id": None}}}])
def test_no_tenant_is_no_tenant(activity: dict[str, Any]) -> None:
    """Where nothing names a tenant there is none."""
    assert tenant_of(activity) == ""
