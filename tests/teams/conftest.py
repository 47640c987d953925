"""The Teams edge over real loopback sockets, with TLS, as fixtures."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest
from aiohttp import web
from pytest_aiohttp import AiohttpServer

from bot.observe import Event
from bot.sandbox.authority import Authority, SigningKey
from bot.teams.door import Rules
from bot.teams.edge import Registration, TeamsEdge
from tests.teams.stage import (
    APP_ID,
    ISSUER,
    SCOPE,
    TENANT,
    Connector,
    Desk,
    HandClock,
    HandTokens,
    KeyServer,
    Stage,
    public,
    serve,
)


@pytest.fixture(scope="session")
def authority() -> Iterator[Authority]:
    made = Authority()
    yield made
    made.close()


@pytest.fixture(scope="session")
def signers() -> list[SigningKey]:
    return [SigningKey() for _ in range(3)]


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def events() -> list[Event]:
    return []


@pytest.fixture
async def key_server(aiohttp_server: AiohttpServer, authority: Authority, signers: list[SigningKey]) -> KeyServer:
    server = KeyServer(keys=[public(signers[0])])
    app = web.Application()
    app.router.add_get("/openid", server.openid)
    app.router.add_get("/keys", server.jwks)
    started = await aiohttp_server(app, ssl=authority.server_context)
    server.url = f"https://127.0.0.1:{started.port}"
    return server


@pytest.fixture
async def connector(aiohttp_server: AiohttpServer, authority: Authority) -> Connector:
    stub = Connector()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", stub.handle)
    started = await aiohttp_server(app, ssl=authority.server_context)
    stub.url = f"https://127.0.0.1:{started.port}"
    return stub


@pytest.fixture
async def trusting(authority: Authority) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=authority.client_context())) as session:
        yield session


@pytest.fixture
async def stage(  # noqa: PLR0917 - fixtures come by name
    aiohttp_server: AiohttpServer,
    authority: Authority,
    signers: list[SigningKey],
    key_server: KeyServer,
    connector: Connector,
    clock: HandClock,
    events: list[Event],
    trusting: aiohttp.ClientSession,
) -> AsyncIterator[Stage]:
    tokens, desk = HandTokens(), Desk()
    rules = Rules(APP_ID, ISSUER, frozenset({"127.0.0.1"}), frozenset({TENANT}))
    registration = Registration(rules, (key_server.metadata_url, ""), TENANT, SCOPE)
    async with TeamsEdge(registration, authority.client_context(), tokens, clock, events.append) as edge:
        made = Stage(edge, key_server, connector, tokens, desk, clock, events, signers[0], authority, session=trusting)
        await edge.warm()
        made.url = await serve(aiohttp_server, edge.endpoint(desk))
        yield made
