"""Graph over HTTP: encode, send, decode. The only file that imports httpx, on aiohttp's transport (facts/speed)."""

from __future__ import annotations

import asyncio
import logging
import ssl
import uuid
from collections.abc import Callable
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from bot.errors import MeetingsError, NotNow, SettingsError, SignInNeeded
from bot.graph import retry, wire
from bot.model import FrozenRequest, Meeting, MeetingRequest, Person, Way
from bot.observe import Event, Observer, Value
from bot.ports import Clock, Tokens, UserTokens

TIMEOUT = httpx.Timeout(10.0, connect=5.0)
CONNECTIONS = 100
KEPT_SECONDS = 60.0
CLIENT_ERROR = 400


def _guid() -> str:
    return str(uuid.uuid4())


class GraphMeetings:
    """`bot.ports.Meetings` with the app's own token, or with that of a person who signed in (`users`).

    `graph_url` is https without a path; the bearer token goes to that host and no other, redirects are not followed
    (ENGINE 4.6), cookies are not kept. Nothing is tried again here but once after a 401, with a new token
    (ENGINE R27). `binding` is `beta`, `v1.0` or `off`; `deadline` is in seconds; `new_id` makes client-request-ids.
    Raises SettingsError for another kind of address.
    """

    def __init__(
        self,
        graph_url: str,
        tokens: Tokens,
        trust: ssl.SSLContext,
        clock: Clock,
        observe: Observer,
        *,
        users: UserTokens | None = None,
        binding: str = "beta",
        deadline: float = retry.DEADLINE_SECONDS,
        new_id: Callable[[], str] = _guid,
    ) -> None:
        parts = urlsplit(graph_url)
        if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc or parts.path.strip("/"):
            raise SettingsError([f"MUSTER_GRAPH_URL is {graph_url!r}; it must be https:// and a host, no more."])
        self._url = f"https://{parts.netloc}"
        self._tokens = tokens
        self._users = users
        self._clock = clock
        self._observe = observe
        self._binding_version = "v1.0" if binding == "off" else binding
        self._deadline = deadline
        self._new_id = new_id
        self._client = httpx.AsyncClient(
            transport=AiohttpTransport(verify=trust, client=lambda: _session(trust)),
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def scope(self) -> str:
        """What a token for Graph is asked for, such as `https://graph.microsoft.com/.default`."""
        return f"{self._url}/.default"

    async def close(self) -> None:
        """Close the pooled connections."""
        await self._client.aclose()

    def freeze(self, host_oid: str, request: MeetingRequest) -> FrozenRequest:
        """Return the exact bytes of a room's request. Pure."""
        return wire.freeze(host_oid, request, binding_version=self._binding_version)

    async def make(self, tenant: str, request: FrozenRequest, *, reference: str, by: Person | None = None) -> Meeting:
        """Make the meeting, or find the one made before: 201 or 200 (facts/graph 1.3). Raises as the port says."""
        response = await self._authorised(tenant, "POST", request, reference, by)
        if not response.is_success:
            raise self._error(response, had_thread=wire.had_thread(request))
        try:
            return wire.read_meeting(_json(response))
        except NotNow as error:
            error.status = response.status_code
            error.request_id = response.headers.get("request-id", "")
            error.client_request_id = response.request.headers["client-request-id"]
            raise

    async def delete(
        self, tenant: str, organizer_oid: str, meeting_id: str, *, reference: str, by: Person | None = None
    ) -> None:
        """Delete a meeting: 204, and 404 is as good (facts/graph 1.6). Raises as the port says."""
        way = Way.USER if by else Way.APP
        request = FrozenRequest("v1.0", wire.meeting_path(organizer_oid, meeting_id, way), "")
        response = await self._authorised(tenant, "DELETE", request, reference, by)
        if not response.is_success and response.status_code != wire.NOT_FOUND:
            raise self._error(response, had_thread=False)

    async def read(self, tenant: str, path: str, *, reference: str) -> object:
        """Return the JSON that Graph v1.0 has at a path, query included, already encoded. Raises NotNow or Refused."""
        response = await self._authorised(tenant, "GET", FrozenRequest("v1.0", path, ""), reference)
        if not response.is_success:
            raise self._error(response, had_thread=False)
        return _json(response)

    def _error(self, response: httpx.Response, *, had_thread: bool) -> MeetingsError:
        status = response.status_code
        own_id = response.request.headers["client-request-id"]
        if status < CLIENT_ERROR:
            detail = f"{status} instead of an answer from Graph"
            return NotNow(detail, status=status, client_request_id=own_id).after(None, unclear=True)
        now = self._clock.now()
        error = wire.read_error(status, response.headers, _json(response), now=now, had_thread=had_thread)
        error.client_request_id = error.client_request_id or own_id
        return error

    async def _authorised(
        self, tenant: str, method: str, request: FrozenRequest, reference: str, by: Person | None = None
    ) -> httpx.Response:
        """Send with a token; one that Graph no longer takes is replaced once."""
        if by is not None:
            return await self._signed_in(tenant, method, request, reference, by=by)
        token = await self._tokens.token(tenant, self.scope)
        response = await self._send(method, request, token, reference)
        if response.status_code != wire.UNAUTHORIZED:
            return response
        self._tokens.revoked(tenant, self.scope, token)
        return await self._send(method, request, await self._tokens.token(tenant, self.scope), reference)

    async def _signed_in(
        self, tenant: str, method: str, request: FrozenRequest, reference: str, *, by: Person
    ) -> httpx.Response:
        """Send with the token of a person; SignInNeeded without one, or when Graph takes none of theirs."""
        users = self._users
        for _ in range(2):
            token = await users.token(tenant, by) if users else None
            if users is None or token is None:
                raise SignInNeeded("the person has not signed in")
            response = await self._send(method, request, token, reference)
            if response.status_code != wire.UNAUTHORIZED:
                return response
            users.revoked(tenant, by, token)
        raise SignInNeeded("Graph does not take the person's token", status=wire.UNAUTHORIZED)

    async def _send(self, method: str, request: FrozenRequest, token: str, reference: str) -> httpx.Response:
        client_request_id = self._new_id()
        told: dict[str, Value] = {"ref": reference, "method": method, "client_request_id": client_request_id}
        started = self._clock.now()
        try:
            async with asyncio.timeout(self._deadline):
                response = await self._client.request(
                    method,
                    f"{self._url}/{request.version}{request.path}",
                    content=request.body.encode() or None,
                    headers=wire.headers(token, client_request_id, request.language),
                )
        except (httpx.HTTPError, aiohttp.ClientError, OSError) as error:
            told |= {"error": type(error).__name__, "ms": self._clock.now() - started}
            self._observe(Event("graph.no_answer", told, logging.WARNING))
            detail = f"no answer from Graph: {type(error).__name__}"
            raise NotNow(detail, client_request_id=client_request_id).after(
                None, unclear=not _never_sent(error)
            ) from error
        told |= {"status": response.status_code, "ms": self._clock.now() - started}
        told["request_id"] = response.headers.get("request-id", "")
        self._observe(Event("graph.answered", told))
        return response


def _session(trust: ssl.SSLContext) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(ssl=trust, limit=CONNECTIONS, keepalive_timeout=KEPT_SECONDS)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())


def _never_sent(error: BaseException) -> bool:
    """Say whether no byte can have left: a connection that was never made had no effect (ENGINE R15).

    The transport calls a reset after the bytes a ConnectTimeout too, so aiohttp's own error beneath is asked.
    """
    return isinstance(error.__cause__, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)


def _json(response: httpx.Response) -> Any:  # noqa: ANN401 - any JSON
    try:
        return response.json()
    except ValueError:
        return None
