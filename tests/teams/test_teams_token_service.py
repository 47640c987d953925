"""The Token Service over real loopback TLS: what is asked, what is remembered, and to whom the bot's token goes."""

from __future__ import annotations

import base64
import json
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.errors import NotDone, NotNow, Rejected, SomebodyElse
from bot.model import ChatKind, Person
from bot.teams.connection import Access, Connection
from bot.teams.token_service import REMEMBERED_MS, Account, TokenService
from tests.teams.stage import APP_ID, SCOPE, TENANT, Stage

ANA = Person("29:ana", "oid-ana", "Ana Lima")
SIGNED_IN = {"channelId": "msteams", "connectionName": "graph", "token": "a-token"}


@pytest.fixture
def service(stage: Stage) -> TokenService:
    """Ask the stage's server, as the edge does."""
    access = Access(stage.tokens, TENANT, SCOPE, frozenset({"127.0.0.1"}))
    connection = Connection(stage.edge._session, access, stage.clock)
    return TokenService(connection, Account(stage.connector.url, "graph", APP_ID), stage.clock, stage.events.append)


def asked(stage: Stage) -> tuple[str, str, dict[str, str]]:
    """Return method, path and query of the newest request."""
    call = stage.connector.calls[-1]
    parts = urlsplit(call.path)
    return call.method, parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()}


async def test_a_token_is_asked_for_by_person_and_connection(stage: Stage, service: TokenService) -> None:
    """The service is asked with the bot's own token for what it keeps of one person."""
    stage.connector.will(200, body=SIGNED_IN)
    assert await service.token(TENANT, ANA) == "a-token"
    whose = {"userId": "29:ana", "connectionName": "graph", "channelId": "msteams"}
    assert asked(stage) == ("GET", "/api/usertoken/GetToken", whose)
    assert stage.connector.calls[-1].bearer == "token-0"


async def test_a_token_is_used_for_a_minute(stage: Stage, service: TokenService) -> None:
    """Within a minute nothing is asked again, unless the token was revoked or the person signed out."""
    stage.connector.will(*[200] * 4, body=SIGNED_IN)
    for _ in range(2):
        await service.token(TENANT, ANA)
    assert len(stage.connector.calls) == 1
    service.revoked(TENANT, ANA, "another-token")
    service.revoked(TENANT, ANA, "a-token")
    await service.token(TENANT, ANA)
    assert len(stage.connector.calls) == 2
    stage.clock.ms += REMEMBERED_MS
    await service.token(TENANT, ANA)
    assert len(stage.connector.calls) == 3
    await service.sign_out(TENANT, ANA)
    assert asked(stage)[:2] == ("DELETE", "/api/usertoken/SignOut")
    stage.connector.will(404)
    assert await service.token(TENANT, ANA) is None


@pytest.mark.parametrize("status", [400, 403, 404])
async def test_no_token_means_that_the_person_has_to_sign_in(stage: Stage, service: TokenService, status: int) -> None:
    """Whatever definite no the service says, there is no token, no exchange and no sign-in."""
    stage.connector.will(*[status] * 3)
    assert await service.token(TENANT, ANA) is None
    assert await service.exchange(ANA, "sso") is False
    assert await service.redeem(ANA, "814305") is False
    told = [event.fields["status"] for event in stage.events if event.name == "token_service.refused"]
    assert told == ([] if status == 404 else [status] * 3)


async def test_nobody_is_told_to_be_signed_out_who_is_not(stage: Stage, service: TokenService) -> None:
    """A refusal to forget somebody is no sign-out; having nothing to forget is one."""
    stage.connector.will(404, 403)
    await service.sign_out(TENANT, ANA)
    with pytest.raises(NotNow) as caught:
        await service.sign_out(TENANT, ANA)
    assert caught.value.status == 403


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_service_that_is_away_is_no_refusal(stage: Stage, service: TokenService, status: int) -> None:
    """While the service does not answer, nobody is taken for signed out."""
    stage.connector.will(status, headers={"Retry-After": "2"})
    with pytest.raises(NotNow) as caught:
        await service.token(TENANT, ANA)
    assert caught.value.retry_after == 2.0
    stage.connector.will_hang_up()
    with pytest.raises(NotNow):
        await service.exchange(ANA, "sso")


async def test_what_is_exchanged_and_redeemed(stage: Stage, service: TokenService) -> None:
    """Teams' token travels in the body, a code in the query, each for its own person."""
    stage.connector.will(200, 200, body=SIGNED_IN)
    assert await service.exchange(ANA, "sso-token") is True
    assert asked(stage)[:2] == ("POST", "/api/usertoken/exchange")
    assert stage.connector.calls[-1].body == {"token": "sso-token"}
    assert "sso-token" not in stage.connector.calls[-1].path
    assert await service.redeem(ANA, "814305") is True
    assert asked(stage)[2]["code"] == "814305"


def a_token(oid: object) -> str:
    """Return a token that says whose it is, as Entra's do: three parts, without padding."""
    parts = ({"alg": "RS256"}, {"oid": oid, "upn": "x"})
    return ".".join(
        [*(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts), "s"]
    )


async def test_somebody_else_s_token_is_never_traded(stage: Stage, service: TokenService) -> None:
    """What Teams' invoke carries has to be its own person's: another one's does not even reach the service (R5)."""
    stage.connector.will(200, body=SIGNED_IN)
    assert await service.exchange(ANA, a_token("oid-ben")) is False
    assert stage.connector.calls == []
    assert await service.exchange(ANA, a_token("OID-ana")) is True
    (told,) = [event for event in stage.events if event.name == "token_service.somebody_else"]
    assert told.fields == {"person": "oid-ana"}


async def test_who_signs_in_as_somebody_else_is_not_signed_in(stage: Stage, service: TokenService) -> None:
    """Another account's token, from a browser that was signed in to it, is forgotten and makes nobody's meeting."""
    theirs = SIGNED_IN | {"token": a_token("oid-ben")}
    stage.connector.will(200, 204, 200, 204, body=theirs)
    with pytest.raises(SomebodyElse):
        await service.redeem(ANA, "814305")
    assert asked(stage)[:2] == ("DELETE", "/api/usertoken/SignOut")
    assert await service.token(TENANT, ANA) is None
    assert len(stage.connector.calls) == 4
    stage.connector.will(200, body=SIGNED_IN | {"token": a_token("oid-ana")})
    assert await service.token(TENANT, ANA) == a_token("oid-ana")


@pytest.mark.parametrize(
    "token", ["opaque", "a.b.c", "a.!.c", "..", a_token(7), f"a.{base64.b64encode(b'[1]').decode()}.c"]
)
async def test_a_token_that_cannot_be_read_is_used_as_it_is(stage: Stage, service: TokenService, token: str) -> None:
    """Tokens for Graph are Graph's to read: one that does not say whose it is proves nothing against anybody."""
    stage.connector.will(200, body=SIGNED_IN | {"token": token})
    assert await service.token(TENANT, ANA) == token


async def test_a_sign_in_is_for_one_person_of_one_conversation(stage: Stage, service: TokenService) -> None:
    """The state of a sign-in names bot, connection, conversation and person, and nobody else can use it."""
    stage.connector.will(200, body={"signInLink": "https://token.example/x"})
    chat = stage.chat(ChatKind.GROUP)
    found = await service.sign_in_resource(chat, "19:leads@thread.v2", ANA)
    assert found == {"signInLink": "https://token.example/x"}
    method, path, query = asked(stage)
    assert (method, path) == ("GET", "/api/botsignin/GetSignInResource")
    state = json.loads(base64.b64decode(query["state"]))
    assert (state["connectionName"], state["msAppId"]) == ("graph", APP_ID)
    conversation = state["conversation"]
    assert conversation["user"] == {"id": "29:ana", "aadObjectId": "oid-ana"}
    assert conversation["conversation"]["id"] == "19:leads@thread.v2"
    stage.connector.will(503)
    with pytest.raises(NotDone):
        await service.sign_in_resource(chat, "19:leads@thread.v2", ANA)


@pytest.mark.parametrize("status", [400, 403, 404])
async def test_a_connection_that_is_not_there_says_nothing_about_the_chat(
    stage: Stage, service: TokenService, status: int
) -> None:
    """When the service refuses, the chat is neither gone nor without whispers: only this message cannot be made."""
    stage.connector.will(status)
    with pytest.raises(Rejected) as caught:
        await service.sign_in_resource(stage.chat(), "19:leads@thread.v2", ANA)
    assert caught.value.status == 0


async def test_the_bot_s_token_goes_to_the_service_s_host_alone(stage: Stage) -> None:
    """Towards any other address nothing is sent."""
    access = Access(stage.tokens, TENANT, SCOPE, frozenset({"tokens.example"}))
    connection = Connection(stage.edge._session, access, stage.clock)
    stray = TokenService(connection, Account(stage.connector.url, "graph", APP_ID), stage.clock, stage.events.append)
    assert await stray.token(TENANT, ANA) is None
    assert stage.connector.calls == []
