"""The door of call events: Graph's echo, what may not come in, and what is promised only when it is durable."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import aiohttp
import jwt
import pytest
from aiohttp import ClientSession, web
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from jwt.utils import base64url_encode

from bot.calls import Watched, WatchKey, WatchState
from bot.errors import DoorError, StoreError
from bot.graph.notifications import BODY_BYTES, LARGE_AT_ONCE, MOST_STRANGE, Ear, NotificationDoor
from bot.graph.subscriptions import mark_of
from bot.graph.validation import Audience, tenants_of
from bot.observe import Event
from bot.ports import Decide
from bot.system import SystemClock

LARGE = b" " * (256 * 1024 + 1)
WATCHED = Watched("room", "tenant", mark_of("state"), "key", "beta", WatchState.ACTIVE, "s1")


@dataclass
class Behind:
    """What stands behind the door: a store that knows one subscription, and an engine that keeps what it hears."""

    away: bool = False
    asked: list[str] = field(default_factory=list)
    heard_rooms: list[str] = field(default_factory=list)
    keys: dict[str, WatchKey] = field(default_factory=dict)

    async def watched(self, subscription_id: str, mark: str) -> Watched | None:
        """Return the subscription."""
        if self.away:
            raise StoreError("away")
        self.asked.append(subscription_id)
        return WATCHED if subscription_id == "s1" or mark == WATCHED.mark else None

    async def watch_key(self, key_id: str) -> WatchKey | None:
        """Return no key."""
        return self.keys.get(key_id)

    async def heard(self, room_id: str, decide: Decide) -> None:
        """Keep what was told."""
        del decide
        self.heard_rooms.append(room_id)

    async def find(self, kid: str) -> None:
        """Return no signing key, as while Entra is away."""
        raise DoorError(503, f"keys {kid}", retry_after=5)


@pytest.fixture
def behind() -> Behind:
    """What stands behind the door."""
    return Behind()


@pytest.fixture
def tenants() -> frozenset[str]:
    """Those that may use the bot."""
    return frozenset({"tenant"})


@pytest.fixture
async def door(behind: Behind, tenants: frozenset[str]) -> AsyncIterator[Callable[..., Any]]:
    """Return what posts to the door."""
    events: list[Event] = []
    ear = Ear(Audience("app", "https://login.example", tenants), behind, b"secret")
    store: Any = behind
    application = web.Application()
    application.router.add_post("/api/graph", NotificationDoor(ear, store, behind, SystemClock(), events.append).handle)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/graph"
    async with ClientSession() as session:

        async def post(body: object = None, *, query: str = "") -> aiohttp.ClientResponse:
            sent = {"data": BytesIO(body)} if isinstance(body, bytes) else {"json": body}
            async with session.post(url + query, **sent) as answer:
                await answer.read()
                return answer

        yield post
    await runner.cleanup()


async def test_graphs_token_comes_back_as_plain_text(door: Callable[..., Any], behind: Behind) -> None:
    """What Graph asks for before it notifies is echoed, decoded and never as a page; a kilobyte is enough."""
    answer = await door(query="?validationToken=Validation%3A+%3Cscript%3E")
    assert (answer.status, await answer.text()) == (200, "Validation: <script>")
    assert answer.content_type == "text/plain"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert (await door(query=f"?validationToken={'x' * 1024}")).status == 200
    assert (await door(query=f"?validationToken={'x' * 1025}")).status == 400
    assert behind.heard_rooms == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"not json", 400),
        (b"x" * (BODY_BYTES + 1), 413),
        ([], 202),
        ({"value": "nothing"}, 202),
        ({"value": [{}, None, 7]}, 202),
        ({"value": [{"encryptedContent": {}}]}, 401),
        ({"value": [], "validationTokens": [7]}, 401),
        ({"value": [], "validationTokens": ["a.b.c"]}, 401),
        ({"value": [], "validationTokens": ["x"] * 17}, 401),
    ],
)
async def test_what_makes_no_sense_is_turned_away(
    door: Callable[..., Any], behind: Behind, body: object, status: int
) -> None:
    """Whatever is posted, it is an answer below 500, and nothing is heard of it."""
    assert (await door(body)).status == status
    assert behind.heard_rooms == []


async def test_lifecycle_is_heard_from_who_knows_the_clientstate(door: Callable[..., Any], behind: Behind) -> None:
    """It comes without a token, so the clientState has to be right; a wrong one is acknowledged and forgotten."""
    item = {"subscriptionId": "s1", "clientState": "state", "lifecycleEvent": "reauthorizationRequired"}
    assert (await door({"value": [item | {"clientState": "guessed"}]})).status == 202
    assert (await door({"value": [item | {"tenantId": "another"}]})).status == 202
    assert behind.heard_rooms == []
    assert (await door({"value": [item, item]})).status == 202
    assert behind.heard_rooms == ["room"]


@pytest.mark.parametrize("tenants", [frozenset({"another"})])
async def test_what_was_subscribed_to_for_a_tenant_that_left_is_not_heard(
    door: Callable[..., Any], behind: Behind
) -> None:
    """Graph still tells of a tenant that was taken off the list: it is acknowledged and forgotten."""
    item = {"subscriptionId": "s1", "clientState": "state", "lifecycleEvent": "reauthorizationRequired"}
    assert (await door({"value": [item]})).status == 202
    assert (behind.asked, behind.heard_rooms) == (["s1"], [])


async def test_nothing_is_promised_that_is_not_kept(door: Callable[..., Any], behind: Behind) -> None:
    """While the store or Entra's keys are away Graph is asked to come back, which it does."""
    behind.away = True
    item = {"subscriptionId": "s1", "clientState": "state", "lifecycleEvent": "missed"}
    answer = await door({"value": [item]})
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    head = "eyJhbGciOiJSUzI1NiIsImtpZCI6Im5ldyJ9"  # {"alg":"RS256","kid":"new"}
    assert (await door({"value": [], "validationTokens": [f"{head}.e30.AAAA"]})).status == 503


async def test_strangers_make_the_store_no_work(door: Callable[..., Any], behind: Behind) -> None:
    """Who guesses subscriptions is heard for a few of them; what is no id is not looked up, PostgreSQL takes no NUL."""
    guessed = [{"subscriptionId": f"g{number}", "lifecycleEvent": "missed"} for number in range(900)]
    assert (await door({"value": guessed})).status == 202
    assert len(behind.asked) == MOST_STRANGE
    behind.asked.clear()
    for absurd in ("s\0", "x" * 1_000, "é", "a b"):
        assert (await door({"value": [{"subscriptionId": absurd, "clientState": "state"}]})).status == 202
    assert behind.asked == []


async def test_strangers_large_bodies_wait_for_each_other(door: Callable[..., Any], behind: Behind) -> None:
    """What is large, or does not say how long it is, is read a few at once; what others send comes in all the same."""
    address = (await door({})).url
    head = b"POST /api/graph HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    held = [await asyncio.open_connection(address.host, address.port) for _ in range(LARGE_AT_ONCE)]
    for _, writer in held:
        writer.write(head)
    assert (await crowded(door)).headers["Retry-After"] == "1"
    assert (await door({"value": []})).status == 202
    for reader, writer in held:
        writer.write(b"0\r\n\r\n")
        assert b" 400 " in await reader.readline()
        writer.close()
    assert (await door(LARGE)).status == 400
    assert behind.heard_rooms == []


async def crowded(door: Callable[..., Any]) -> aiohttp.ClientResponse:
    """Return the first answer that says too many are inside: those before may still have been on their way."""
    while True:
        answer: aiohttp.ClientResponse = await door(LARGE)
        if answer.status == 429:
            return answer


class Signer:
    """Entra with one key, which anybody here may use."""

    def __init__(self) -> None:
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        self.key = jwt.PyJWK(public, algorithm="RS256")

    async def find(self, _: str) -> Signer:
        """Return the key."""
        return self


@pytest.mark.parametrize("issuer", [[], {}, 7, None])
async def test_a_signed_token_with_an_absurd_issuer_is_refused(issuer: object) -> None:
    """Whatever a token's claims are made of, the answer is no and never an error of ours."""
    signer = Signer()
    head, claims = ({"alg": "RS256", "kid": "k"}, {"iss": issuer, "tid": "tenant"})
    signed = ".".join(base64url_encode(json.dumps(part).encode()).decode() for part in (head, claims))
    signature = RSAAlgorithm(RSAAlgorithm.SHA256).sign(signed.encode(), signer.private)
    with pytest.raises(DoorError):
        await tenants_of(
            [f"{signed}.{base64url_encode(signature).decode()}"], signer, Audience("app", "https://x", frozenset()), 0
        )
