"""What the tests of the Teams edge meet: a key server, a connector, a desk, tokens, and a clock moved by hand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from pytest_aiohttp import AiohttpServer

from bot.errors import MeetingsError, StoreError
from bot.leases import Receipt, ReceiptKind
from bot.messages import Answer
from bot.model import Chat, ChatKind, Turn
from bot.observe import Event
from bot.sandbox.authority import Authority, SigningKey
from bot.teams.edge import TeamsEdge
from bot.teams.endpoint import Endpoint

NOON = 1_795_262_400_000
APP_ID = "1c0d6a52-3f4e-4b8a-9a51-6d2f0b7c9e10"
TENANT = "5d2f8f0e-7f43-4a0c-8f57-0c9b1f6a2d31"
ISSUER = "https://api.botframework.com"
SCOPE = "https://api.botframework.com/.default"
SAMPLES = Path(__file__).parent / "samples"

Json = dict[str, Any]


class HandClock:
    """Time that stands until it is moved; whoever sleeps wakes when enough has passed."""

    def __init__(self) -> None:
        self.ms = NOON
        self._moved = asyncio.Condition()
        self.sleepers = 0

    def now(self) -> int:
        """Return ms UTC."""
        return self.ms

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock was moved that far."""
        until = self.ms + round(seconds * 1000)
        async with self._moved:
            self.sleepers += 1
            self._moved.notify_all()
            try:
                await self._moved.wait_for(lambda: self.ms >= until)
            finally:
                self.sleepers -= 1

    async def advance(self, *, seconds: float) -> None:
        """Move on and wake whoever is due, once somebody sleeps."""
        async with self._moved:
            await self._moved.wait_for(lambda: self.sleepers > 0)
            self.ms += round(seconds * 1000)
            self._moved.notify_all()


@dataclass
class KeyServer:
    """OpenID metadata and key set; `fetches` counts both, `down` makes it answer 503."""

    url: str = ""
    keys: list[Json] = field(default_factory=list)
    fetches: int = 0
    down: bool = False
    metadata: Json | None = None
    document: Any = None
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event | None = None

    @property
    def metadata_url(self) -> str:
        """Return the address of the metadata document."""
        return f"{self.url}/openid"

    async def openid(self, _: web.Request) -> web.Response:
        """Answer with the metadata."""
        self.fetches += 1
        self.asked.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.down:
            return web.Response(status=503)
        return web.json_response(self.metadata or {"jwks_uri": f"{self.url}/keys"})

    async def jwks(self, _: web.Request) -> web.Response:
        """Answer with the keys."""
        self.fetches += 1
        return web.json_response({"keys": self.keys} if self.document is None else self.document)


@dataclass
class Call:
    """One request the connector got."""

    method: str
    path: str
    bearer: str
    body: Any


Answerer = Callable[[web.Request], web.Response]


@dataclass
class Connector:
    """A connector that answers as told, in order, and with a new id when told nothing."""

    url: str = ""
    calls: list[Call] = field(default_factory=list)
    answers: list[Answerer | asyncio.Event] = field(default_factory=list)
    connections: set[object] = field(default_factory=set)

    async def handle(self, request: web.Request) -> web.Response:
        """Keep the request and answer."""
        text = await request.text()
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        self.connections.add(request.transport.get_extra_info("peername") if request.transport else None)
        self.calls.append(Call(request.method, request.raw_path, bearer, json.loads(text) if text else None))
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, asyncio.Event):
            await answer.wait()
            answer = None
        return web.json_response({"id": f"p{len(self.calls)}"}, status=201) if answer is None else answer(request)

    def will(self, *statuses: int, headers: dict[str, str] | None = None, body: Any = None) -> None:  # noqa: ANN401 - any JSON
        """Answer the next requests with these statuses."""
        text = body if isinstance(body, str) else json.dumps(body or {})
        kind = "text/html" if isinstance(body, str) else "application/json"

        def answering(status: int) -> Answerer:
            return lambda _: web.Response(status=status, headers=headers, text=text, content_type=kind)

        self.answers += [answering(status) for status in statuses]

    def will_hang_up(self) -> None:
        """Close the next request's connection without an answer."""

        def hang_up(request: web.Request) -> web.Response:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()

        self.answers.append(hang_up)


@dataclass
class HandTokens:
    """Tokens that are counted, revoked, and refused when told."""

    given: int = 0
    lost: list[str] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    error: MeetingsError | None = None
    wait: asyncio.Event | None = None

    async def token(self, tenant: str, scope: str) -> str:
        """Return the present token."""
        self.asked.append((tenant, scope))
        if self.wait is not None:
            await self.wait.wait()
        if self.error is not None:
            raise self.error
        return f"token-{len(self.lost)}"

    def revoked(self, tenant: str, scope: str, token: str) -> None:
        """Count it as lost."""
        self.asked.append((tenant, scope))
        self.lost.append(token)


@dataclass
class Desk:
    """Takes turns in, as the engine does, and keeps them."""

    turns: list[Turn] = field(default_factory=list)
    reply: Answer = field(default_factory=lambda: Answer(text="Working on it."))
    error: StoreError | None = None
    hold: asyncio.Event | None = None
    entered: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, turn: Turn) -> Receipt:
        """Keep the turn."""
        self.entered.set()
        if self.hold is not None:
            await self.hold.wait()
        if self.error is not None:
            raise self.error
        self.turns.append(turn)
        return Receipt(ReceiptKind.NEW, turn.turn_key)

    async def answer(self, turn: Turn, receipt: Receipt) -> Answer:
        """Return what was told."""
        assert receipt.original_key == turn.turn_key
        return self.reply


@dataclass
class Stage:
    """The whole edge with everything round it."""

    edge: TeamsEdge
    keys: KeyServer
    connector: Connector
    tokens: HandTokens
    desk: Desk
    clock: HandClock
    events: list[Event]
    signer: SigningKey
    authority: Authority
    url: str = ""
    session: aiohttp.ClientSession | None = None

    @property
    def service_url(self) -> str:
        """Return what activities carry."""
        return f"{self.connector.url}/teams/"

    def activity(self, shape: str = "channel_root", /, **changes: Any) -> Json:  # noqa: ANN401 - any JSON
        """Return a sample that comes from this connector, with some fields changed."""
        return {**sample(shape), "serviceUrl": self.service_url, **changes}

    def token(self, signer: SigningKey | None = None, kid: str | None = None, **changes: Any) -> str:  # noqa: ANN401 - any JSON
        """Return a valid token, but for the changed claims; None takes a claim out."""
        now = self.clock.now() // 1000
        service_url = self.service_url
        claims = {
            "iss": ISSUER,
            "aud": APP_ID,
            "exp": now + 3600,
            "nbf": now - 60,
            "serviceurl": service_url,
            **changes,
        }
        return (signer or self.signer).sign({k: v for k, v in claims.items() if v is not None}, kid=kid)

    async def post(
        self,
        activity: Any = None,  # noqa: ANN401 - any JSON
        *,
        token: str | None = None,
        headers: dict[str, str] | None = None,
        data: Any = None,  # noqa: ANN401 - whatever aiohttp sends
    ) -> tuple[int, Any, dict[str, str]]:
        """Send an activity as Teams does and return status, body and headers."""
        assert self.session is not None
        told = {"Authorization": f"Bearer {token or self.token()}"} if headers is None else headers
        body = data if data is not None else json.dumps(self.activity() if activity is None else activity)
        async with self.session.post(self.url, data=body, headers=told) as response:
            text = await response.text()
            return response.status, json.loads(text) if text else None, dict(response.headers)

    async def status(self, activity: Any = None, **how: Any) -> int:  # noqa: ANN401 - any JSON
        """Return the status alone."""
        return (await self.post(activity, **how))[0]

    def chat(self, kind: ChatKind = ChatKind.GROUP) -> Chat:
        """Return a chat whose service URL is the connector's."""
        return Chat(TENANT, "19:leads@thread.v2", kind, service_url=self.service_url)

    def reasons(self) -> list[object]:
        """Return why the door refused."""
        return [event.fields["reason"] for event in self.events if event.name == "door.refused"]


def sample(name: str) -> Json:
    """Return a recorded activity."""
    activity: Json = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))["activity"]
    return activity


def public(signer: SigningKey, *endorsements: str) -> Json:
    """Return the public half as Bot Framework publishes it."""
    return {**signer.jwk(), "endorsements": list(endorsements or ("msteams",))}


async def serve(aiohttp_server: AiohttpServer, endpoint: Endpoint) -> str:
    """Serve an endpoint and return the address to post to."""
    app = web.Application()
    app.router.add_post("/api/messages", endpoint.handle)
    return str((await aiohttp_server(app)).make_url("/api/messages"))


async def finished(task: asyncio.Task[Any]) -> None:
    """Cancel a task and wait for it."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
