"""What the three servers share: HTTPS on loopback, the journal, faults and gates around every operation."""

from __future__ import annotations

import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from bot.sandbox.authority import Authority
from bot.sandbox.canaries import Canaries
from bot.sandbox.clock import Clock, WallClock
from bot.sandbox.faults import Faults, Injection
from bot.sandbox.gates import Dropped, Gates
from bot.sandbox.journal import Exchange, Journal, masked, masked_headers, readable
from bot.sandbox.listener import Listener
from bot.sandbox.tenant import Tenant

Answer = Callable[["Call"], Awaitable[web.Response]]
_MAX_BODY = 1024 * 1024
_SECRETIVE = frozenset({"entra", "tokens"})
"""Servers whose bodies are written down without what is secret in them."""


@dataclass(slots=True)
class Stage:
    """What all servers of one cloud share."""

    clock: Clock = field(default_factory=WallClock)
    tenant: Tenant = field(default_factory=Tenant)
    journal: Journal = field(default_factory=Journal)
    faults: Faults = field(default_factory=Faults)
    canaries: Canaries = field(default_factory=Canaries)
    gates: Gates = field(init=False)

    def __post_init__(self) -> None:
        """Let waiters hear of what is held."""
        self.gates = Gates(self.journal.changed)


@dataclass(slots=True)
class Call:
    """One request on its way through a server; `body` is its JSON (or form), None if there is none."""

    request: web.Request
    exchange: Exchange
    body: Any = None
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def part(self, name: str) -> str:
        """Return a decoded part of the path."""
        return self.request.match_info[name]

    def query(self, name: str) -> str:
        """Return a value of the query, "" if absent."""
        return self.request.query.get(name, "")


CALL = web.RequestKey("call", Call)


class Refused(Exception):
    """The request is answered with this error."""

    def __init__(self, status: int, code: str, message: str = "", **headers: str) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers


class Server(ABC):
    """One loopback server, over HTTPS if `secure`. Subclasses add routes, judge callers and word errors."""

    name = ""
    secure = True

    def __init__(self, stage: Stage, authority: Authority) -> None:
        self.stage = stage
        self.url = ""
        self._authority = authority
        self._app = web.Application(middlewares=[self._journalled], client_max_size=_MAX_BODY)
        self._runner: web.AppRunner | None = None
        self._listener: Listener | None = None

    async def start(self, port: int) -> None:
        """Listen on 127.0.0.1 (port 0: any free one) and set `url`. Raises OSError if the port is taken."""
        self._runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        if self._runner.server is None:
            raise RuntimeError("the runner was set up and has no server")
        self._listener = Listener(self._runner.server, self._authority.server_context if self.secure else None)
        self.url = f"{'https' if self.secure else 'http'}://localhost:{self._listener.open(port)}"

    async def refuse(self) -> None:
        """Close the port; what is open stays open."""
        if self._listener is not None:
            self._listener.refuse()

    async def stop(self) -> None:
        """Close the port and every connection. Stopping twice is harmless."""
        if self._listener is not None:
            # Not closed politely: TLS would wait for peers that were killed.
            await self._listener.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def route(self, method: str, path: str, operation: str, answer: Answer) -> None:
        """Answer `method path` as `operation`; where the answer depends on more, it may rename `exchange.operation`."""

        async def handle(request: web.Request) -> web.Response:
            call = request[CALL]
            call.exchange.operation = self.operation(call, operation)
            return await self._play(call, answer)

        self._app.router.add_route(method, path, handle)

    def operation(self, call: Call, operation: str) -> str:
        """Return the name of the operation; a subclass may look into the call."""
        del call
        return operation

    def admit(self, call: Call) -> None:  # noqa: B027 - a service that lets everybody in needs none
        """Judge the caller; raises Refused."""

    @abstractmethod
    def error(self, call: Call, refused: Refused) -> web.Response:
        """Return an error in the words of the service."""

    def dress(self, call: Call, response: web.Response) -> None:  # noqa: B027 - not every service puts some on
        """Add the headers that the service puts on every answer."""

    async def _play(self, call: Call, answer: Answer) -> web.Response:
        await self.stage.gates.pass_through("before", call.exchange)
        injection = self.stage.faults.strike(call.exchange)
        if injection is None or injection.fault.after:
            response = await self._answered(call, answer)
            self.stage.journal.changed()
            await self.stage.gates.pass_through("after", call.exchange)
            if injection is None or response.status >= 400:  # noqa: PLR2004 - a refusal has no effect to lose
                call.exchange.fault = ""
                return response
        return self._failed(call, injection)

    async def _answered(self, call: Call, answer: Answer) -> web.Response:
        try:
            self.admit(call)
            return await answer(call)
        except Refused as refused:
            return self.error(call, refused)

    def _failed(self, call: Call, injection: Injection) -> web.Response:
        fault = injection.fault
        if not fault.status:
            raise Dropped
        headers = {}
        if injection.retry_after is not None:
            headers["Retry-After"] = f"{injection.retry_after:g}"
        return self.error(call, Refused(fault.status, fault.code, fault.message, **headers))

    @web.middleware
    async def _journalled(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        journal = self.stage.journal
        exchange = journal.begin(self.name, request.method, request.path_qs, self.stage.clock.now())
        started = time.perf_counter()
        call = request[CALL] = Call(request, exchange)
        exchange.request_headers = masked_headers(request.headers)
        exchange.source = request.remote or ""
        try:
            call.body = await _body(request)
            exchange.request = masked(call.body) if self.name in _SECRETIVE else call.body
            response = await handler(request)
        except Dropped:
            if request.transport is not None:
                request.transport.abort()
            response = web.Response(status=500)
            self._close(exchange, None, started)
            return response
        except web.HTTPException as error:
            response = web.json_response({"message": error.reason}, status=error.status)
        if isinstance(response, web.Response):
            self.dress(call, response)
            exchange.unheard = request.transport is None or request.transport.is_closing()
            self._close(exchange, response, started)
        return response

    def _close(self, exchange: Exchange, response: web.Response | None, started: float) -> None:
        if response is not None:
            exchange.status = response.status
            exchange.response_headers = masked_headers(response.headers)
            body = response.body if isinstance(response.body, bytes) else b""
            data = readable(body, response.content_type)
            exchange.response = masked(data) if self.name in _SECRETIVE else data
        exchange.ms = (time.perf_counter() - started) * 1000
        exchange.done = True
        self.stage.journal.changed()


async def _body(request: web.Request) -> Any:  # noqa: ANN401 - any JSON
    raw = await request.read()
    if request.content_type == "application/x-www-form-urlencoded":
        return dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))
    return readable(raw, request.content_type)
