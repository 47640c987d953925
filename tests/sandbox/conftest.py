"""A cloud of the sandbox with a clock moved by hand, a plain HTTP caller, and a bot that answers as told."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from aiohttp import web

from bot.sandbox.cloud import Cloud
from bot.sandbox.tenant import Chat, Person
from tests.sandbox.contract import OF_2019, departures, here

NOON = 1_795_262_400_000
"""2026-11-21T12:00:00Z in ms."""


class HandClock:
    """Time that stands until it is moved."""

    def __init__(self) -> None:
        self.ms = NOON

    def now(self) -> int:
        """Return ms UTC."""
        return self.ms

    def advance(self, *, seconds: float) -> None:
        """Move on."""
        self.ms += round(seconds * 1000)


CardMaker = Callable[..., dict[str, Any]]
"""Makes a message with a card from its actions and changed fields."""


@dataclass
class Answer:
    """What a server said."""

    status: int
    body: Any
    headers: dict[str, str]


class Caller:
    """Calls the cloud as the bot would, with plain aiohttp and tokens from the cloud's Entra."""

    def __init__(self, cloud: Cloud, session: aiohttp.ClientSession) -> None:
        self.cloud = cloud
        self.session = session
        self._tokens: dict[str, str] = {}

    async def call(self, method: str, url: str, **options: Any) -> Answer:  # noqa: ANN401 - aiohttp options or any JSON
        """Send a request and read the answer."""
        async with self.session.request(method, url, **options) as answer:
            text = await answer.text()
            body = await answer.json(content_type=None) if text else None
            return Answer(answer.status, body, dict(answer.headers))

    async def ask_token(self, resource: str = "https://graph.microsoft.com", **changes: str) -> Answer:
        """Ask Entra for a token; `changes` replace form fields, `tenant` the path."""
        form = {
            "grant_type": "client_credentials",
            "client_id": self.cloud.app_id,
            "client_secret": self.cloud.app_secret,
            "scope": f"{resource}/.default",
            **changes,
        }
        tenant = form.pop("tenant", self.cloud.tenant_id)
        return await self.call("POST", f"{self.cloud.entra_url}/{tenant}/oauth2/v2.0/token", data=form)

    async def bearer(self, resource: str) -> dict[str, str]:
        """Return the header with a valid token."""
        if resource not in self._tokens:
            self._tokens[resource] = (await self.ask_token(resource)).body["access_token"]
        return {"Authorization": f"Bearer {self._tokens[resource]}"}

    async def graph(self, method: str, path: str, **options: Any) -> Answer:  # noqa: ANN401 - aiohttp options or any JSON
        """Call Graph."""
        headers = {**await self.bearer("https://graph.microsoft.com"), **options.pop("headers", {})}
        return await self.call(method, f"{self.cloud.graph_url}{path}", headers=headers, **options)

    async def open(self, person: Person, *, version: str = "v1.0", **body: Any) -> Answer:  # noqa: ANN401 - aiohttp options or any JSON
        """Call createOrGet as somebody."""
        path = f"/{version}/users/{person.oid}/onlineMeetings/createOrGet"
        return await self.graph("POST", path, json={"externalId": "room-1", "subject": "Retro", **body})

    async def teams(self, method: str, path: str, **options: Any) -> Answer:  # noqa: ANN401 - aiohttp options or any JSON
        """Call the connector."""
        headers = {**await self.bearer("https://api.botframework.com"), **options.pop("headers", {})}
        return await self.call(method, f"{self.cloud.service_url}v3/{path}", headers=headers, **options)

    async def post(self, chat: Chat | str, activity: Any, *, path: str = "", **options: Any) -> Answer:  # noqa: ANN401 - aiohttp options or any JSON
        """Post an activity."""
        key = quote(chat.thread_id if isinstance(chat, Chat) else chat, safe="")
        return await self.teams("POST", f"conversations/{key}/activities{path}", json=activity, **options)

    async def change(self, method: str, chat: Chat | str, post_id: str, **options: Any) -> Answer:  # noqa: ANN401 - aiohttp options or any JSON
        """Edit or delete an activity."""
        key = quote(chat.thread_id if isinstance(chat, Chat) else chat, safe="")
        return await self.teams(method, f"conversations/{key}/activities/{post_id}", **options)


@dataclass
class FakeBot:
    """A bot that keeps what it gets and answers as told; `url` is its endpoint."""

    url: str = ""
    status: int = 202
    body: Any = None
    requests: list[tuple[dict[str, Any], dict[str, str]]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        """Keep the activity and answer."""
        self.requests.append((await request.json(), dict(request.headers)))
        if self.body is None:
            return web.Response(status=self.status)
        return web.json_response(self.body, status=self.status)


@pytest.fixture
def hand_clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def cloud(hand_clock: HandClock) -> AsyncIterator[Cloud]:
    async with Cloud(clock=hand_clock) as started:
        yield started
    if here():
        assert departures(started.journal.exchanges, besides=OF_2019) == []


@pytest.fixture
async def caller(cloud: Cloud) -> AsyncIterator[Caller]:
    context = ssl.create_default_context(cafile=cloud.ca_file)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
        yield Caller(cloud, session)


@pytest.fixture
async def fake_bot() -> AsyncIterator[FakeBot]:
    bot = FakeBot()
    app = web.Application()
    app.router.add_post("/api/messages", bot.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    bot.url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/messages"
    yield bot
    await runner.cleanup()


@pytest.fixture
def card() -> CardMaker:
    """Return a maker of message activities with a card."""

    def make(*actions: dict[str, Any], **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
        content = {
            "type": "AdaptiveCard",
            "version": "1.5",
            "body": [{"type": "TextBlock", "text": "Retro: open"}],
            "actions": list(actions),
            **changes,
        }
        kind = "application/vnd.microsoft.card.adaptive"
        return {"type": "message", "attachments": [{"contentType": kind, "content": content}]}

    return make
