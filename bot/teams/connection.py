"""One HTTP exchange with the Bot Connector: pooled, bearer-signed, bounded in time, never redirected (ENGINE 4.6)."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from yarl import URL

from bot.backoff import retry_after
from bot.bounded import read_json
from bot.errors import MeetingsError, Nameless, NotDone, NotNow, Rejected, SendError, Unclear
from bot.ports import Clock, Tokens
from bot.teams import outbound
from bot.teams.service_url import permitted

TOTAL_SECONDS = 10.0
CONNECT_SECONDS = 5.0
UNAUTHORIZED, REDIRECT = 401, 300


@dataclass(frozen=True, slots=True)
class Access:
    """Whose token is asked for: the bot's home tenant and the connector's scope; sent to these exact hosts only."""

    tokens: Tokens
    tenant: str
    scope: str
    hosts: frozenset[str]


@dataclass(slots=True)
class _Flight:
    """Whether bytes of the request may have left."""

    sent: bool = False


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    content: bytes
    token: str


class Connection:
    """Sends requests to the connector over one session. Raises SendErrors only.

    Nothing is tried again here but once after a 401, with a new token and within the same 10 seconds (ENGINE R27).
    """

    def __init__(
        self, session: aiohttp.ClientSession, access: Access, clock: Clock, *, seconds: float = TOTAL_SECONDS
    ) -> None:
        self._session = session
        self._access = access
        self._clock = clock
        self._seconds = seconds
        self._timeout = aiohttp.ClientTimeout(total=None, connect=min(CONNECT_SECONDS, seconds))

    async def request(self, method: str, url: str, body: bytes | None = None) -> dict[str, Any]:
        """Send JSON and return the object a 2xx carries ({} if none). `url` is sent as it is, already encoded."""
        address = _admitted(url, self._access.hosts)
        flight = _Flight()
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._send(method, address, body, flight)
                if answer.status == UNAUTHORIZED:
                    self._access.tokens.revoked(self._access.tenant, self._access.scope, answer.token)
                    answer = await self._send(method, address, body, flight)
        except TimeoutError:
            raise outbound.broken(method, "timeout", bytes_sent=flight.sent) from None
        return self._judge(method, answer)

    async def _send(self, method: str, url: URL, body: bytes | None, flight: _Flight) -> _Answer:
        flight.sent = False
        token = await self._token()
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json", "User-Agent": "Muster"}
        if body is not None:
            headers["Content-Type"] = "application/json; charset=utf-8"
        flight.sent = True
        try:
            async with self._session.request(
                method, url, data=body, headers=headers, allow_redirects=False, timeout=self._timeout
            ) as response:
                return _Answer(response.status, response.headers, await response.read(), token)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise outbound.broken(method, type(error).__name__, bytes_sent=False) from error
        except (aiohttp.ClientError, OSError) as error:
            raise outbound.broken(method, type(error).__name__, bytes_sent=True) from error

    async def _token(self) -> str:
        try:
            return await self._access.tokens.token(self._access.tenant, self._access.scope)
        except MeetingsError as error:
            wait = error.retry_after if isinstance(error, NotNow) else None
            raise NotDone(f"no token: {type(error).__name__}", retry_after=wait) from error

    def _judge(self, method: str, answer: _Answer) -> dict[str, Any]:
        try:
            document = read_json(answer.content) if answer.content else {}
        except ValueError:
            document = None
        if answer.status < REDIRECT:
            if document is None and method == "POST":
                raise Unclear("a 2xx that is no JSON is not the connector's", status=answer.status)
            return document if isinstance(document, dict) else {}
        raise outbound.refusal(
            method,
            answer.status,
            code=outbound.error_code(document),
            retry_after=retry_after(answer.headers.get("Retry-After"), self._clock.now()),
        )


def _admitted(url: str, hosts: Collection[str]) -> URL:
    """Return an address as it is asked, of which the host alone is looked up. Raises Rejected."""
    try:
        address = URL(url, encoded=True)
    except ValueError:
        raise Rejected("the service URL is no address") from None
    if not permitted(f"{address.scheme}://{address.raw_authority}", hosts):
        raise Rejected("the service URL is not on the list of connector hosts")
    return address


def new_id(document: object, missing: type[Unclear] = Nameless) -> str:
    """Return the id of what was made. Raises `missing` for a 2xx without one."""
    found = document.get("id") if isinstance(document, Mapping) else None
    if not isinstance(found, str) or not found:
        raise missing("the connector answered without an id")
    return found


__all__ = ["Access", "Connection", "SendError", "new_id"]
