"""The sandbox's cloud: Entra, Graph, Teams and the Token Service on loopback, as one thing to start, ask and break."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from types import TracebackType
from typing import Self

from bot.sandbox.authority import Authority
from bot.sandbox.calls import Calls
from bot.sandbox.canaries import Canaries
from bot.sandbox.clock import Clock, WallClock
from bot.sandbox.connector import Connector
from bot.sandbox.entra import Entra
from bot.sandbox.faults import Faults
from bot.sandbox.front import Front
from bot.sandbox.gates import Gate
from bot.sandbox.graph import Graph
from bot.sandbox.journal import HANGS, Exchange, Journal
from bot.sandbox.messages import Messages
from bot.sandbox.outgoing import Outgoing
from bot.sandbox.posts import Board, Post
from bot.sandbox.server import Stage
from bot.sandbox.signing_in import SigningIn
from bot.sandbox.subscriptions import Subscriptions
from bot.sandbox.teams_client import TeamsClient
from bot.sandbox.tenant import Chat, Tenant
from bot.sandbox.token_service import TokenService


class Cloud:
    """`async with Cloud() as cloud:` starts four HTTPS servers and stops them at the end.

    `tenant` (people and chats, change freely), `journal` (every exchange), `faults` (what goes wrong), `board` (what
    was posted), `entra`, `graph`, `connector`, `tokens` are the parts; `calls` is who comes into meetings and leaves,
    `front` the bot's public address; `app_secret` and `sealing_key` are made anew for each cloud.
    """

    def __init__(
        self, *, ports: tuple[int, int, int] = (0, 0, 0), clock: Clock | None = None, tenant: Tenant | None = None
    ) -> None:
        """Take the ports of Entra, Graph and Teams (0 = any free one), a clock with `now()` in ms UTC, a tenant."""
        self._ports = ports
        self._stage = Stage(clock or WallClock(), tenant or Tenant())
        self._authority = Authority()
        self._clients: list[TeamsClient] = []
        self.app_secret = secrets.token_urlsafe(30)
        self.sealing_key = secrets.token_urlsafe(40)
        self.entra = Entra(self._stage, self._authority, app_secret=self.app_secret)
        self.graph = Graph(self._stage, self._authority, self.entra)
        self._stopped = False
        self.connector = Connector(self._stage, self._authority, self.entra)
        self.tokens = TokenService(self._stage, self._authority, self.entra)
        Messages(self.graph, self.connector.board)
        self._outgoing = Outgoing(self._authority)
        self.subscriptions = Subscriptions(self._stage, self.graph, self._outgoing)
        self.calls = Calls(self._stage, self.entra, self.subscriptions, self._outgoing)
        self.front = Front(self._stage, self._authority)

    @property
    def tenant(self) -> Tenant:
        """Return the people, teams and chats."""
        return self._stage.tenant

    @property
    def journal(self) -> Journal:
        """Return every exchange so far."""
        return self._stage.journal

    @property
    def faults(self) -> Faults:
        """Return what goes wrong."""
        return self._stage.faults

    @property
    def canaries(self) -> Canaries:
        """Return what was given out so far that no log may hold: `given` has everything by kind."""
        canaries, tenant = self._stage.canaries, self.tenant
        told: dict[str, list[str]] = {
            "secret": [self.app_secret, self.sealing_key],
            "link": [meeting.join_url.rpartition("=")[2] for meeting in self.graph.meetings],
            "passcode": [meeting.passcode for meeting in self.graph.meetings if meeting.passcode],
            "number": [meeting.conference_id for meeting in self.graph.meetings],
            "name": [person.name for person in tenant.people],
            "upn": [person.upn for person in tenant.people],
            "text": [text for client in self._clients for text in client.said],
        }
        for kind, values in told.items():
            canaries.given[kind].update(values)
        return canaries

    @property
    def board(self) -> Board:
        """Return what was posted anywhere."""
        return self.connector.board

    @property
    def app_id(self) -> str:
        """Return the bot's application id."""
        return self.tenant.app_id

    @property
    def tenant_id(self) -> str:
        """Return the tenant's id."""
        return self.tenant.tenant_id

    @property
    def authority(self) -> Authority:
        """Return the CA, for one more server that the bot is to trust."""
        return self._authority

    @property
    def ca_file(self) -> str:
        """Return the path of the CA's certificate (PEM)."""
        return self._authority.ca_file

    @property
    def entra_url(self) -> str:
        """Return Entra's base URL."""
        return self.entra.url

    @property
    def graph_url(self) -> str:
        """Return Graph's base URL, without a version."""
        return self.graph.url

    @property
    def teams_url(self) -> str:
        """Return the base URL of the Teams server."""
        return self.connector.url

    @property
    def service_url(self) -> str:
        """Return what activities carry as serviceUrl, with a last slash as Teams has it."""
        return self.connector.service_url

    async def __aenter__(self) -> Self:
        """Start; raises OSError if a given port is taken."""
        try:
            for server, port in zip((self.entra, self.graph, self.connector), self._ports, strict=True):
                await server.start(port)
            await self.tokens.start(0)
        except OSError:
            await self.stop()
            raise
        self.entra.audiences.add(self.graph.url)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        del kind, error, trace
        await self.stop()

    async def stop(self) -> None:
        """Drop what is held, close clients and servers, delete the CA's files. Stopping twice is harmless."""
        servers = (self.entra, self.graph, self.connector, self.tokens, self.front)
        # Ports first: whoever tries again after a dropped answer finds nobody.
        for server in servers:
            await server.refuse()
        self._stage.gates.drop_all()
        await self.graph.calls.close()
        for client in self._clients:
            await client.close()
        await self.calls.close()
        await self._outgoing.close()
        for server in servers:
            await server.stop()
        self._authority.close()
        if not self._stopped:
            self._stopped = True
            self.entra.retire()

    def environment(self, port: int) -> dict[str, str]:
        """Return exactly the environment variables the bot needs to talk to this cloud and listen on `port`."""
        told = {"MUSTER_PUBLIC_URL": self.front.url, "MUSTER_SECRET_KEY": self.sealing_key} if self.front.url else {}
        return {
            **told,
            "MicrosoftAppId": self.app_id,
            "MicrosoftAppPassword": self.app_secret,
            "MicrosoftAppTenantId": self.tenant_id,
            "MicrosoftAppType": "SingleTenant",
            "MUSTER_GRAPH_URL": self.graph_url,
            "MUSTER_LOGIN_URL": self.entra_url,
            "MUSTER_OPENID_METADATA_URL": f"{self.entra_url}/v1/.well-known/openidconfiguration",
            "MUSTER_CALLS_OPENID_URL": f"{self.entra_url}/v1/.well-known/openidconfiguration",
            "MUSTER_CONNECTOR_HOSTS": "localhost",
            "MUSTER_OAUTH_CONNECTION": self.tokens.connection,
            "MUSTER_TOKEN_SERVICE_URL": self.tokens.url,
            "MUSTER_CA_FILE": self.ca_file,
            "SSL_CERT_FILE": self.ca_file,
            "REQUESTS_CA_BUNDLE": self.ca_file,
            "HOST": "127.0.0.1",
            "PORT": str(port),
        }

    async def watching(self) -> None:
        """Open the public address: from now on `environment` has what bots need to be told of calls.

        `front.targets` is where they listen.
        """
        if not self.front.url:
            await self.front.start(0)

    def client(self, bot_url: str) -> TeamsClient:
        """Return Teams' side towards the bot at `bot_url` (such as http://127.0.0.1:3978/api/messages)."""
        client = TeamsClient(self._stage, self.entra, self.connector, endpoint=bot_url)
        self._clients.append(client)
        self.graph.calls.bot = bot_url.removesuffix("/api/messages")
        return client

    def signing_in(self, client: TeamsClient) -> SigningIn:
        """Return how people sign in to the bot that a client sends to."""
        return SigningIn(client, self.entra, self.tokens, self._stage.clock)

    def hold(
        self, operation: str, *, when: str = "before", times: int = 1, where: Callable[[Exchange], bool] | None = None
    ) -> Gate:
        """Hold the next `times` calls of an operation, `before` their effect or `after` it (answer not yet sent).

        `gate = cloud.hold("graph.createOrGet", when="after"); await gate.reached; gate.release()` or `gate.drop()`
        (the connection closes without an answer). Operations: `graph.createOrGet|create|get|find|update|delete`,
        `graph.calendar|createEvent|getEvent|updateEvent|deleteEvent`,
        `graph.subscribe|subscriptions|resubscribe|unsubscribe`, `front.request`,
        `connector.post|whisper|edit|delete|create|members|member|team`, `entra.token|discovery|metadata|keys`,
        `tokens.get|exchange|signOut|resource`; patterns
        such as `connector.*` work. `where` judges the Exchange: its `path`, its `request`.
        """
        return self._stage.gates.hold(operation, when=when, times=times, where=where)

    def posts(self, chat: Chat | str) -> list[Post]:
        """Return what stands in a chat now (a Chat, thread id or conversation id): edits applied, no whispers."""
        return self.board.visible(chat.thread_id if isinstance(chat, Chat) else chat)

    def bot_posts(self, chat: Chat | str) -> list[Post]:
        """Return the same, but only what the bot posted."""
        return [post for post in self.posts(chat) if post.sender == self.tenant.bot_id]

    def whispers(self, chat: Chat | str, person: str = "") -> list[Post]:
        """Return the targeted messages of a chat, all or only those that one person (`29:…`) sees."""
        return self.board.whispers(chat.thread_id if isinstance(chat, Chat) else chat, person)

    async def until(self, holds: Callable[[], bool], *, seconds: float = HANGS) -> None:
        """Wait, without polling, until `holds()`; asked again after each effect and exchange. Raises TimeoutError."""
        await self.journal.until(holds, seconds=seconds)
