"""Graph over HTTP: encode, send, decode. The only file that imports httpx, on aiohttp's transport (facts/speed)."""

from __future__ import annotations

import json
import ssl
import uuid
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from bot.errors import MeetingsError, NotNow
from bot.graph import wire
from bot.model import FrozenRequest, Meeting, MeetingRequest
from bot.observe import Event, Observer
from bot.ports import Clock, Tokens

TIMEOUT = httpx.Timeout(10.0, connect=5.0)
LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=100, keepalive_expiry=60.0)
OK, UNAUTHORIZED, NOT_FOUND = 200, 401, 404
ERROR = 400


class GraphMeetings:
    """`bot.ports.Meetings` with the app's own token (app-only).

    `graph_url` is https without a last slash; the bearer token goes to that host and no other, redirects are not
    followed (ENGINE 4.6). Nothing is tried again here but once after a 401 with a new token (ENGINE R27).
    """

    def __init__(
        self, graph_url: str, tokens: Tokens, trust: ssl.SSLContext, clock: Clock, observe: Observer, *, binding: str
    ) -> None:
        parts = urlsplit(graph_url)
        self._url = graph_url
        self._scope = f"{parts.scheme}://{parts.netloc}/.default"
        self._tokens = tokens
        self._clock = clock
        self._observe = observe
        self._binding_version = "v1.0" if binding == "off" else binding
        transport = AiohttpTransport(verify=trust, limits=LIMITS)
        self._client = httpx.AsyncClient(transport=transport, timeout=TIMEOUT, follow_redirects=False, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def scope(self) -> str:
        """What a token for Graph is asked for, such as `https://graph.microsoft.com/.default`."""
        return self._scope

    async def close(self) -> None:
        """Close the pooled connections."""
        await self._client.aclose()

    def freeze(self, host_oid: str, request: MeetingRequest) -> FrozenRequest:
        """Return the exact bytes of a room's request. Pure."""
        return wire.freeze(host_oid, request, binding_version=self._binding_version)

    async def create_or_get(self, tenant: str, request: FrozenRequest, *, reference: str) -> Meeting:
        """Make the meeting, or find the one made before: 201 or 200 (facts/graph 1.3)."""
        response = await self._authorised(tenant, "POST", request, reference)
        body = _json(response)
        if response.status_code >= ERROR:
            had_thread = "chatInfo" in json.loads(request.body)
            raise self._error(response, body, had_thread=had_thread)
        return wire.read_meeting(body)

    async def delete(self, tenant: str, organizer_oid: str, meeting_id: str, *, reference: str) -> None:
        """Delete a meeting: 204, and 404 is as good (facts/graph 1.6)."""
        request = FrozenRequest("v1.0", wire.meeting_path(organizer_oid, meeting_id), "")
        response = await self._authorised(tenant, "DELETE", request, reference)
        if response.status_code >= ERROR and response.status_code != NOT_FOUND:
            raise self._error(response, _json(response), had_thread=False)

    def _error(self, response: httpx.Response, body: Any, *, had_thread: bool) -> MeetingsError:  # noqa: ANN401 - any JSON
        now = self._clock.now()
        return wire.read_error(response.status_code, response.headers, body, now=now, had_thread=had_thread)

    async def _authorised(self, tenant: str, method: str, request: FrozenRequest, reference: str) -> httpx.Response:
        """Send with a token; one that Graph no longer takes is replaced once."""
        token = await self._tokens.token(tenant, self._scope)
        response = await self._send(method, request, token, reference)
        if response.status_code != UNAUTHORIZED:
            return response
        self._tokens.revoked(tenant, self._scope, token)
        fresh = await self._tokens.token(tenant, self._scope)
        return await self._send(method, request, fresh, reference)

    async def _send(self, method: str, request: FrozenRequest, token: str, reference: str) -> httpx.Response:
        started = self._clock.now()
        client_request_id = str(uuid.uuid4())
        try:
            response = await self._client.request(
                method,
                f"{self._url}/{request.version}{request.path}",
                content=request.body.encode() or None,
                headers=wire.headers(token, client_request_id, request.language),
            )
        except (httpx.HTTPError, aiohttp.ClientError, TimeoutError) as error:
            raise _no_answer(error, client_request_id) from error
        self._observe(
            Event(
                "graph.answered",
                {
                    "ref": reference,
                    "method": method,
                    "status": response.status_code,
                    "ms": self._clock.now() - started,
                    "request_id": response.headers.get("request-id", ""),
                    "client_request_id": client_request_id,
                },
            )
        )
        return response


def _no_answer(error: Exception, client_request_id: str) -> NotNow:
    """A connection that was never made had no effect; anything after that may have had one (ENGINE R3, R15).

    Asked of aiohttp's own error: httpx-aiohttp 0.2 calls a connection that broke in the middle a ConnectTimeout.
    """
    never_made = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
    unclear = not isinstance(error.__cause__ or error, never_made)
    detail = f"no answer from Graph: {type(error.__cause__ or error).__name__}"
    return NotNow(detail, client_request_id=client_request_id).after(None, unclear=unclear)


def _json(response: httpx.Response) -> Any:  # noqa: ANN401 - any JSON
    try:
        return response.json()
    except ValueError:
        return None
