"""The cloud of a bench: the sandbox's Entra and keys, and what its Graph answers, from a server that is quick.

The sandbox's own Graph and connector keep every exchange, which at hundreds a second would be what is measured. So the
sandbox answers once, and that answer is given again with the ids of each request.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote

import aiohttp
import certifi
import orjson
from aiohttp import web

from bot.sandbox.activities import Scribe
from bot.sandbox.authority import Authority
from bot.sandbox.entra import Entra
from bot.sandbox.graph import Graph
from bot.sandbox.server import Call, Server, Stage
from tests.chaos.process import pause

JOIN = b"https://teams.example/meet/"
"""What only a complete card has: its join link."""
TENANTS = 64
"""Organisations that ask: Teams takes 30 messages a second of each (ENGINE R17), so that one could not ask for more."""
HOUR = 3600
EXTERNAL_ID = "bench"


@dataclass(slots=True)
class Latency:
    """How far away everything is, in seconds."""

    graph: float = 0.0
    connector: float = 0.0
    entra: float = 0.0


class _Entra(Entra):
    """The sandbox's Entra, which knows every tenant and is somewhere else."""

    latency: Latency
    asked: Counter[tuple[str, str]]

    def _tenant(self, call: Call) -> str:
        return call.part("tenant")

    async def _token(self, call: Call) -> web.Response:
        await away(self.latency.entra)
        self.asked[call.part("tenant"), call.body["scope"]] += 1
        return await super()._token(call)

    async def _metadata(self, call: Call) -> web.Response:
        await away(self.latency.entra)
        return await super()._metadata(call)


async def away(seconds: float) -> None:
    """Return after the time to somewhere; at once where that is next door."""
    if seconds:
        await pause(seconds)


class World:
    """`async with World() as world:`; `cards` are futures by thread id, which get the time (s) at which the card came.

    `calls` counts what was asked for, `tokens` tokens by tenant and scope, `connections` the TLS connections to Graph
    and to the connector.
    """

    def __init__(self) -> None:
        self.latency = Latency()
        self.calls: Counter[str] = Counter()
        self.connections = 0
        self.cards: dict[str, asyncio.Future[float]] = {}
        self.url = ""
        self._stage = Stage()
        self._authority = Authority()
        self._secret = secrets.token_urlsafe(30)
        self.entra = _Entra(self._stage, self._authority, app_secret=self._secret)
        self.entra.latency = self.latency
        self.tokens: Counter[tuple[str, str]] = Counter()
        self.entra.asked = self.tokens
        self._graph = Graph(self._stage, self._authority, self.entra)
        self._seen: dict[int, Any] = {}
        self._meeting: dict[str, Any] = {}
        self._made = 0
        # As large as a machine's: reading it for each turn is what a plain botbuilder bot does most of its time.
        bundle = certifi.contents() + Path(self._authority.ca_file).read_text()
        self._trusted = Path(self._authority.ca_file).with_name("trusted.pem")
        self._trusted.write_text(bundle)
        self._runner = web.ServerRunner(web.Server(self._serve, access_log=None), shutdown_timeout=0.2)

    async def __aenter__(self) -> Self:
        servers: tuple[Server, ...] = (self.entra, self._graph)
        for server in servers:
            await server.start(0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._authority.server_context).start()
        self.url = f"https://localhost:{self._runner.addresses[0][1]}"
        self.entra.audiences |= {self.url, self._graph.url}
        self._meeting = await self._asked_once()
        await self._graph.stop()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, error, trace
        await self._runner.cleanup()
        servers: tuple[Server, ...] = (self.entra, self._graph)
        for server in servers:
            await server.stop()
        self._authority.close()

    def far(self, *, graph: float = 0.0, connector: float = 0.0, entra: float = 0.0) -> None:
        """Put everything so many seconds away."""
        self.latency.graph, self.latency.connector, self.latency.entra = graph, connector, entra

    @property
    def tenants(self) -> list[str]:
        """Return the organisations' ids."""
        return [f"{number:08x}-0000-4000-8000-000000000000" for number in range(1, TENANTS + 1)]

    def environment(self, port: int) -> dict[str, str]:
        """Return the settings of a bot that lives in this cloud and listens on `port`."""
        ca_file = str(self._trusted)
        return {
            "MicrosoftAppId": self._stage.tenant.app_id,
            "MicrosoftAppPassword": self._secret,
            "MicrosoftAppTenantId": self._stage.tenant.tenant_id,
            "MicrosoftAppType": "SingleTenant",
            "MUSTER_TENANTS": ",".join(self.tenants),
            "MUSTER_GRAPH_URL": self.url,
            "MUSTER_LOGIN_URL": self.entra.url,
            "MUSTER_OPENID_METADATA_URL": f"{self.entra.url}/v1/.well-known/openidconfiguration",
            "MUSTER_CONNECTOR_HOSTS": "localhost",
            "SSL_CERT_FILE": ca_file,
            "REQUESTS_CA_BUNDLE": ca_file,
            "HOST": "127.0.0.1",
            "PORT": str(port),
        }

    def activity(self) -> str:
        """Return a signed-for activity as text: "meet now" in the sandbox's channel of incidents."""
        tenant = self._stage.tenant
        scribe = Scribe(tenant, f"{self.url}/teams/")
        conversation = f"{tenant.incidents.thread_id};messageid=1700000000000"
        now = self._stage.clock.now()
        said = scribe.message(tenant.ana, conversation, f"@{tenant.bot_name} meet now", at=now, id="1700000000000")
        return orjson.dumps(said).decode()

    def token(self) -> str:
        """Return what Teams signs an hour's activities with."""
        now = int(time.time())
        claims = {"iss": self.entra.bot_framework, "aud": self._stage.tenant.app_id, "nbf": now - 60, "exp": now + HOUR}
        return self.entra.bot_key.sign({**claims, "serviceurl": f"{self.url}/teams/"})

    async def _asked_once(self) -> dict[str, Any]:
        """Return what the sandbox's Graph says to a createOrGet."""
        tenant = self._stage.tenant
        url = f"{self._graph.url}/v1.0/users/{tenant.ana.oid}/onlineMeetings/createOrGet"
        bearer = {"Authorization": f"Bearer {self.entra.issue(self._graph.url)}"}
        asked = {"externalId": EXTERNAL_ID, "subject": "bench"}
        trusting = aiohttp.TCPConnector(ssl=self._authority.client_context())
        async with (
            aiohttp.ClientSession(connector=trusting) as session,
            session.post(url, json=asked, headers=bearer) as answer,
        ):
            meeting: dict[str, Any] = json.loads(await answer.read())
        if JOIN.decode() not in meeting.get("joinWebUrl", ""):
            raise AssertionError(f"the sandbox made no meeting: {meeting}")
        return meeting

    async def _serve(self, request: web.BaseRequest) -> web.Response:
        if id(request.protocol) not in self._seen:
            self._seen[id(request.protocol)] = request.protocol  # kept, so that its id stays its own
            self.connections += 1
        body = await request.read()
        if not request.headers.get("Authorization", "").startswith("Bearer "):
            return web.Response(status=401)
        path = request.rel_url.raw_path
        if path.startswith("/teams/"):
            return await self._post(request.method, path, body)
        if path.endswith("/createOrGet"):
            return await self._make(body)
        self.calls[f"{request.method} {path.rpartition('/')[2]}"] += 1
        return web.Response(status=404)

    async def _make(self, body: bytes) -> web.Response:
        self.calls["graph"] += 1
        asked = orjson.loads(body)
        self._made += 1
        meeting = {
            **self._meeting,
            "id": f"bench-{self._made}",
            "externalId": asked["externalId"],
            "subject": asked.get("subject"),
            "joinWebUrl": f"{JOIN.decode()}{self._made}?p=bench",
        }
        if asked.get("chatInfo"):
            meeting["chatInfo"] = {**asked["chatInfo"], "messageId": "1700000000000"}
        await away(self.latency.graph)
        headers = {"request-id": "00000000-0000-0000-0000-000000000000"}
        return web.Response(status=201, body=orjson.dumps(meeting), content_type="application/json", headers=headers)

    async def _post(self, method: str, path: str, body: bytes) -> web.Response:
        parts = path.split("/")
        kind = parts[5] if len(parts) > 5 else path  # /teams/v3/conversations/{id}/activities
        self.calls[f"connector {method} {kind}"] += 1
        await away(self.latency.connector)
        if JOIN in body:
            waiting = self.cards.pop(unquote(parts[4]).partition(";")[0], None)
            if waiting is not None and not waiting.done():
                waiting.set_result(time.perf_counter())
        self._made += 1
        return web.Response(
            status=201, body=b'{"id":"%d"}' % (1_700_000_000_000 + self._made), content_type="application/json"
        )
