"""Graph over HTTP: encode, send, decode. The only file that imports httpx, on aiohttp's transport (facts/speed)."""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
import uuid
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import aiohttp
import httpx
import orjson
from httpx_aiohttp import AiohttpTransport

from bot.bounded import read_json
from bot.errors import HostUnknown, MeetingsError, NotNow, Refused, SettingsError, SignInNeeded
from bot.graph import answers, events, refusals, retry, wire
from bot.graph.templates import template
from bot.model import FrozenRequest, Meeting, MeetingKey, MeetingRequest, Options, Person, Way
from bot.observe import Event, Observer, Value
from bot.ports import Clock, Tokens, UserTokens

TIMEOUT = {"timeout": httpx.Timeout(10.0, connect=5.0).as_dict()}
CONNECTIONS = 100
KEPT_SECONDS = 60.0
ALWAYS = {"Accept-Encoding": "gzip, deflate", "User-Agent": "Muster"}
"""What httpx unpacks, whatever aiohttp could."""
CLIENT_ERROR = 400
Read = TypeVar("Read")
"""What a request is asked for."""


def _guid() -> str:
    return str(uuid.UUID(int=random.getrandbits(128), version=4))


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf a request is sent: a tenant's app, or with `by` a person; `reference` goes into the log."""

    tenant: str
    reference: str
    by: Person | None = None

    def owner(self, oid: str) -> str:
        """Return the path below which somebody's things are."""
        return wire.whose(oid, Way.USER if self.by else Way.APP)


class GraphMeetings:
    """`bot.ports.Meetings` with the app's own token or that of a person who signed in; `ask` is for its siblings.

    `graph_url` is https without a path; the bearer token goes to that host and no other, redirects are not followed
    (ENGINE 4.6), cookies are not kept. Nothing is tried again here but once after a 401, with a new token
    (ENGINE R27). `binding` is `beta`, `v1.0` or `off`; `deadline` is in seconds; `new_id` makes client-request-ids.
    Without `users` nobody is signed in; nothing is asked for a tenant that is not one of `tenants` (small letters),
    whatever the store remembers (None: any). Raises SettingsError for another kind of address.
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
        tenants: Collection[str] | None = None,
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
        self._tenants = tenants
        # Without a client around it, which follows, authenticates and remembers: twice the CPU of the call itself.
        self._transport = AiohttpTransport(verify=trust, client=lambda: _session(trust))

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
        await self._transport.aclose()

    def freeze(self, host_oid: str, request: MeetingRequest) -> FrozenRequest:
        """Return the exact bytes of a room's request. Pure."""
        return wire.freeze(host_oid, request, binding_version=self._binding_version)

    async def make(self, tenant: str, request: FrozenRequest, *, reference: str, by: Person | None = None) -> Meeting:
        """Make the meeting, or find the one made before: 201 or 200 (facts/graph 1.3). Raises as the port says."""
        read = event_of if events.is_event(request) else partial(_linked, orjson.loads(request.body))
        return await self.ask(Caller(tenant, reference, by), "POST", request, read)

    async def update(
        self,
        tenant: str,
        meeting: Meeting,
        options: Options,
        *,
        reference: str,
        by: Person | None = None,
        language: str = "en",
        basics: bool = False,
    ) -> Meeting:
        """Set options; of whom is invited Graph wants the full list, so it is read first. Raises as the port says."""
        caller = Caller(tenant, reference, by)
        owner = caller.owner(meeting.organizer_oid)
        there = wire.look_up(owner, MeetingKey.ID, meeting.id, language)
        known = await self.ask(caller, "GET", there, answers.attendees) if options.invited else []
        patch = wire.update(owner, meeting.id, options, known, language, basics=meeting if basics else None)
        if patch is None:
            return await self.ask(caller, "GET", there, partial(_linked, {}))
        return await self.ask(caller, "PATCH", patch, partial(_linked, orjson.loads(patch.body)))

    async def find(
        self,
        tenant: str,
        value: str,
        *,
        organizer_oid: str,
        reference: str,
        key: MeetingKey = MeetingKey.JOIN_URL,
        by: Person | None = None,
        language: str = "en",
    ) -> Meeting | None:
        """Find a meeting by what is known of it: an empty collection and 404 are None. Raises as the port says."""
        caller = Caller(tenant, reference, by)
        request = wire.look_up(caller.owner(organizer_oid), key, value, language)
        try:
            found = await self.ask(caller, "GET", request, answers.found_meetings)
        except HostUnknown:
            return None
        return found[0] if found else None

    async def delete(
        self, tenant: str, organizer_oid: str, meeting_id: str, *, reference: str, by: Person | None = None
    ) -> None:
        """Delete a meeting: 204, and 404 is as good (facts/graph 1.6). Raises as the port says."""
        caller = Caller(tenant, reference, by)
        request = FrozenRequest("v1.0", wire.meeting_path(caller.owner(organizer_oid), meeting_id), "")
        with suppress(HostUnknown):
            await self.ask(caller, "DELETE", request, _as_it_is)

    async def read(self, tenant: str, path: str, *, reference: str) -> object:
        """Return the JSON that Graph v1.0 has at a path, query included, already encoded. Raises NotNow or Refused."""
        return await self.ask(Caller(tenant, reference), "GET", FrozenRequest("v1.0", path, ""), _as_it_is)

    async def ask(self, caller: Caller, method: str, request: FrozenRequest, read: Callable[[object], Read]) -> Read:
        """Send a request and return what `read` makes of the answer (JSON or None). Raises NotNow or Refused.

        A NotNow of `read`'s own is given the ids of this exchange.
        """
        response = await self._authorised(caller, method, request)
        if not response.is_success:
            raise self._error(response, had_thread=wire.had_thread(request), own=caller.by is not None)
        try:
            return read(_json(response))
        except NotNow as error:
            error.status = response.status_code
            error.request_id = response.headers.get("request-id", "")
            error.client_request_id = response.request.headers["client-request-id"]
            raise

    def _error(self, response: httpx.Response, *, had_thread: bool, own: bool) -> MeetingsError:
        status = response.status_code
        own_id = response.request.headers["client-request-id"]
        if status < CLIENT_ERROR:
            detail = f"{status} instead of an answer from Graph"
            return NotNow(detail, status=status, client_request_id=own_id).after(None, unclear=True)
        now, body = self._clock.now(), _json(response)
        error = refusals.read_error(status, response.headers, body, now=now, had_thread=had_thread, own=own)
        error.client_request_id = error.client_request_id or own_id
        return error

    async def _authorised(self, caller: Caller, method: str, request: FrozenRequest) -> httpx.Response:
        """Send with a token; one that Graph no longer takes is replaced once, and a second one forgotten too."""
        token = await self._token(caller)
        response = await self._send(method, request, token, caller.reference)
        if response.status_code == refusals.UNAUTHORIZED:
            self._revoked(caller, token)
            token = await self._token(caller)
            response = await self._send(method, request, token, caller.reference)
        if not response.is_success and refusals.challenged(response.status_code, response.headers):
            self._revoked(caller, token)
        return response

    async def _token(self, caller: Caller) -> str:
        """Return the token of the app or of the person. Raises NotNow, CredentialsWrong, SignInNeeded, Refused."""
        if self._tenants is not None and caller.tenant.lower() not in self._tenants:
            raise Refused("this tenant may not use the bot any more")
        if caller.by is None:
            return await self._tokens.token(caller.tenant, self.scope)
        token = await self._users.token(caller.tenant, caller.by) if self._users else None
        if token is None:
            raise SignInNeeded("no token of this person's: they have to sign in")
        return token

    def _revoked(self, caller: Caller, token: str) -> None:
        if caller.by is None:
            self._tokens.revoked(caller.tenant, self.scope, token)
        elif self._users:
            self._users.revoked(caller.tenant, caller.by, token)

    async def _send(self, method: str, request: FrozenRequest, token: str, reference: str) -> httpx.Response:
        client_request_id = self._new_id()
        told: dict[str, Value] = {"ref": reference, "method": method, "path": template(request.path)}
        told["client_request_id"] = client_request_id
        started = self._clock.now()
        try:
            async with asyncio.timeout(self._deadline):
                response = await self._exchange(
                    httpx.Request(
                        method,
                        f"{self._url}/{request.version}{request.path}",
                        content=request.body.encode() or None,
                        headers=wire.headers(token, client_request_id, request.language),
                        extensions=TIMEOUT,
                    )
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

    async def _exchange(self, request: httpx.Request) -> httpx.Response:
        response = await self._transport.handle_async_request(request)
        try:
            await response.aread()
        finally:
            await response.aclose()
        return response


def _linked(asked: Mapping[str, Any], body: object) -> Meeting:
    """Return a meeting that people can join; without a link it may be there all the same, and asking again finds it."""
    meeting = answers.read_meeting(body, asked)
    if not meeting.join_url:
        raise NotNow("Graph's answer has no join link").after(None, unclear=True)
    return meeting


def event_of(body: object) -> Meeting:
    """Return an event, with a join link or without one yet."""
    event = answers.read_event(body)
    if not event.event_id:
        raise NotNow("Graph's answer has no event").after(None, unclear=True)
    return event


def _as_it_is(body: object) -> object:
    return body


def _session(trust: ssl.SSLContext) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(ssl=trust, limit=CONNECTIONS, keepalive_timeout=KEPT_SECONDS)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), headers=ALWAYS)


def _never_sent(error: BaseException) -> bool:
    """Say whether no byte can have left: a connection that was never made had no effect (ENGINE R15).

    The transport calls a reset after the bytes a ConnectTimeout too, so aiohttp's own error beneath is asked.
    """
    return isinstance(error.__cause__, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)


def _json(response: httpx.Response) -> Any:  # noqa: ANN401 - any JSON
    try:
        return read_json(response.content)
    except ValueError:
        return None
