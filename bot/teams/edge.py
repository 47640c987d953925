"""The Teams edge as a whole, put together from plain values: one session, one set of keys, one way in and out."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import urlsplit

import aiohttp

from bot.observe import Observer
from bot.ports import Clock, Intake, SignIns, Tokens
from bot.teams.botbuilder_adapter import BotbuilderAdapter
from bot.teams.connection import Access, Connection
from bot.teams.door import Door, Rules
from bot.teams.endpoint import Endpoint
from bot.teams.keys import Keys
from bot.teams.looking import Looked, looked
from bot.teams.sender import Sender
from bot.teams.service_url import normal
from bot.teams.token_service import Account, TokenService
from cards.words import REVIEWED

CONNECTIONS = 100
KEEPALIVE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Registration:
    """How the bot is registered: whom the door lets in, where the signing keys are found, and what its token is for.

    `tenant` is the one whose token the connector gets, `scope` the connector's; `account` is where people sign in.
    The second of `metadata_urls` is for what Graph signs its notifications with, "" where nobody is told of calls.
    """

    rules: Rules
    metadata_urls: tuple[str, str]
    tenant: str
    scope: str
    account: Account | None = None


class TeamsEdge:
    """Opens with `async with`: from then on keys are loaded and kept fresh. `messenger` is the way out.

    `users` has the tokens of people who signed in; None where nobody can.
    """

    def __init__(
        self, registration: Registration, trust: ssl.SSLContext, tokens: Tokens, clock: Clock, observe: Observer
    ) -> None:
        self._registration = registration
        self._trust = trust
        self._tokens = tokens
        self._clock = clock
        self._observe = observe

    async def __aenter__(self) -> Self:
        registration = self._registration
        pool = aiohttp.TCPConnector(ssl=self._trust, limit=CONNECTIONS, keepalive_timeout=KEEPALIVE_SECONDS)
        # No cookies and no proxies or .netrc from the environment: a bearer goes where we send it.
        self._session = aiohttp.ClientSession(connector=pool, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)
        rules = registration.rules
        access = Access(self._tokens, registration.tenant, registration.scope, rules.hosts)
        connection = Connection(self._session, access, self._clock)
        self._adapter = BotbuilderAdapter(connection, app_id=rules.app_id, scope=registration.scope, clock=self._clock)
        self.users = self._token_service()
        self.messenger = Sender(self._adapter, connection, self.users)
        connector_keys, publisher_keys = registration.metadata_urls
        self.keys = Keys(self._session, connector_keys, self._clock, self._observe)
        self._door = Door(self.keys, rules, self._clock)
        self.publisher_keys = Keys(self._session, publisher_keys, self._clock, self._observe)
        watched = (self.keys, *((self.publisher_keys,) if publisher_keys else ()))
        self._running = [asyncio.create_task(keys.run(), name="teams-keys-daily") for keys in watched]
        return self

    async def __aexit__(self, *_: object) -> None:
        for running in self._running:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
        await self._session.close()

    async def warm(self) -> None:
        """Return once the signing keys were loaded for the first time (ENGINE R25)."""
        await self.keys.ready.wait()

    async def look(self, url: str) -> Looked:
        """Return how a public address answers a GET, over this edge's connections and without a token."""
        return await looked(self._session, url)

    def callers(self, metadata_url: str, issuers: frozenset[str]) -> Door:
        """Return the door of calls' callbacks: other keys, other issuers, the same app and tenants (ENGINE 4.5)."""
        keys = Keys(self._session, metadata_url, self._clock, self._observe)
        self._running.append(asyncio.create_task(keys.run(), name="calls-keys-daily"))
        rules = self._registration.rules
        return Door(keys, replace(rules, also=issuers), self._clock)

    def endpoint(
        self, intake: Intake, signins: SignIns | None = None, languages: tuple[str, ...] = REVIEWED
    ) -> Endpoint:
        """Return the handler of `POST /api/messages` that hands turns to `intake`, and sign-ins to `signins`.

        People are answered in those of these `languages` that they read.
        """
        connection = self.users.connection_name if self.users else ""
        return Endpoint(
            self._door,
            self._adapter,
            intake,
            self._observe,
            signins=signins,
            connection=connection,
            languages=languages,
        )

    def _token_service(self) -> TokenService | None:
        registration, account = self._registration, self._registration.account
        if account is None:
            return None
        host = urlsplit(normal(account.url)).hostname or ""
        access = Access(self._tokens, registration.tenant, registration.scope, frozenset({host}))
        connection = Connection(self._session, access, self._clock)
        return TokenService(connection, account, self._clock, self._observe)
