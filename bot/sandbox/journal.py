"""What went over the wire: every exchange with the four servers and with the bot, in order, and waiting for more."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_SECRET_HEADERS = frozenset({"authorization", "cookie", "set-cookie"})
_SECRET_FIELDS = frozenset(
    {"client_secret", "client_assertion", "access_token", "refresh_token", "passcode", "token", "clientState"}
)
HANGS = 60.0
"""Seconds without what is waited for after which it never comes, on the slowest machine too."""
_JOIN_SECRET = re.compile(r"([?&](?:p|code|state)=)[^\s\"&]+")


@dataclass(slots=True)
class Exchange:
    """One request and its answer. `status` is None while it runs or where the connection closed without an answer.

    `server` is `entra`, `graph`, `teams`, `tokens`, `bot`, or `front` for what Graph tells it; `operation` what it was
    for, such as `graph.createOrGet`;
    `at` the ms UTC it arrived, `ms` how long it took, `number` its place in the journal (from 1); `path` has the query.
    `fault` names the fault that answered, if one did. `source` is the address that asked, `unheard` whether it had
    hung up before the answer was there. Bodies are as sent; `printable()` masks what is secret.
    """

    number: int
    server: str
    method: str
    path: str
    at: int
    operation: str = ""
    status: int | None = None
    request: Any = None
    response: Any = None
    request_headers: dict[str, str] = field(default_factory=dict)
    response_headers: dict[str, str] = field(default_factory=dict)
    ms: float = 0.0
    fault: str = ""
    source: str = ""
    unheard: bool = False
    done: bool = False

    def printable(self) -> dict[str, Any]:
        """Return the exchange as JSON-able data without tokens, secrets and passcodes."""
        return {
            "number": self.number,
            "server": self.server,
            "operation": self.operation,
            "method": self.method,
            "path": _JOIN_SECRET.sub(r"\1***", self.path),
            "status": self.status,
            "ms": round(self.ms, 1),
            "request": masked(self.request),
            "response": masked(self.response),
        }


class Journal:
    """All exchanges since the start, in the order of arrival. Waiters are woken by each change; nothing polls."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self._waiters: set[asyncio.Future[None]] = set()

    def begin(self, server: str, method: str, path: str, at: int) -> Exchange:
        """Write down that a request arrived, and return its record."""
        exchange = Exchange(len(self.exchanges) + 1, server, method, path, at)
        self.exchanges.append(exchange)
        return exchange

    def find(
        self, operation: str = "", *, server: str = "", where: Callable[[Exchange], bool] = lambda _: True
    ) -> list[Exchange]:
        """Return the finished exchanges of an operation (`graph.createOrGet`) or of a server, in order."""
        return [
            exchange
            for exchange in self.exchanges
            if exchange.done
            and (not operation or exchange.operation == operation)
            and (not server or exchange.server == server)
            and where(exchange)
        ]

    def counts(self) -> Counter[str]:
        """Return how many exchanges of each operation arrived."""
        return Counter(exchange.operation for exchange in self.exchanges)

    def changed(self) -> None:
        """Wake everybody who waits."""
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def until(self, holds: Callable[[], bool], *, seconds: float = HANGS) -> None:
        """Wait until `holds()`; it is asked now and after each change. Raises TimeoutError after `seconds`."""
        async with asyncio.timeout(seconds):
            while not holds():
                waiter = asyncio.get_running_loop().create_future()
                self._waiters.add(waiter)
                try:
                    await waiter
                finally:
                    self._waiters.discard(waiter)

    async def wait(self, operation: str, count: int = 1, *, seconds: float = HANGS) -> list[Exchange]:
        """Wait for `count` finished exchanges of an operation and return them all. Raises TimeoutError."""
        await self.until(lambda: len(self.find(operation)) >= count, seconds=seconds)
        return self.find(operation)


def masked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers with the values of the secret ones hidden."""
    return {name: "***" if name.lower() in _SECRET_HEADERS else value for name, value in headers.items()}


def masked(data: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return JSON data with secret fields hidden, also in links (`?p=`)."""
    if isinstance(data, dict):
        return {key: "***" if key in _SECRET_FIELDS and value else masked(value) for key, value in data.items()}
    if isinstance(data, list):
        return [masked(item) for item in data]
    return _JOIN_SECRET.sub(r"\1***", data) if isinstance(data, str) else data


def readable(body: bytes, content_type: str) -> Any:  # noqa: ANN401 - any JSON
    """Return a body as data: JSON parsed, a form as a dict, anything else as text; None if empty."""
    if not body:
        return None
    text = body.decode("utf-8", "replace")
    if "json" in content_type:
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text
