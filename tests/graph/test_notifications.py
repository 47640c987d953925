"""The door of call events: Graph's echo, what may not come in, and what is promised only when it is durable."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import aiohttp
import pytest
from aiohttp import ClientSession, web

from bot.calls import Watched, WatchKey, WatchState
from bot.errors import DoorError, StoreError
from bot.graph.notifications import BODY_BYTES, Ear, NotificationDoor
from bot.graph.subscriptions import mark_of
from bot.graph.validation import Audience
from bot.observe import Event
from bot.ports import Decide
from bot.system import SystemClock

WATCHED = Watched("room", "tenant", mark_of("state"), "key", "beta", WatchState.ACTIVE, "s1")


@dataclass
class Behind:
    """What stands behind the door: a store that knows one subscription, and an engine that keeps what it hears."""

    away: bool = False
    heard_rooms: list[str] = field(default_factory=list)
    keys: dict[str, WatchKey] = field(default_factory=dict)

    async def watched(self, subscription_id: str, mark: str) -> Watched | None:
        """Return the subscription."""
        if self.away:
            raise StoreError("away")
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
async def door(behind: Behind) -> AsyncIterator[Callable[..., Any]]:
    """Return what posts to the door."""
    events: list[Event] = []
    ear = Ear(Audience("app", "https://login.example"), behind, b"secret")
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


async def test_nothing_is_promised_that_is_not_kept(door: Callable[..., Any], behind: Behind) -> None:
    """While the store or Entra's keys are away Graph is asked to come back, which it does."""
    behind.away = True
    item = {"subscriptionId": "s1", "clientState": "state", "lifecycleEvent": "missed"}
    answer = await door({"value": [item]})
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    head = "eyJhbGciOiJSUzI1NiIsImtpZCI6Im5ldyJ9"  # {"alg":"RS256","kid":"new"}
    assert (await door({"value": [], "validationTokens": [f"{head}.e30.AAAA"]})).status == 503
