"""What a door reads of a stranger at most: so many bytes in so many seconds, so many requests at once (ENGINE 4.10)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import orjson
from aiohttp import web

from bot.errors import DoorError

BODY_BYTES = 256 * 1024
"""What is read where a door does not say otherwise."""
BODY_SECONDS = 20.0
PER_ADDRESS = 256
"""Requests of one address at the same time; behind a reverse proxy all of Microsoft is one address."""
HALF_READ = frozenset({"size", "slow", "body"})
"""Refusals after which the connection holds the rest of a body and is good for nothing more."""
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


class Crowd:
    """Counts who is inside."""

    def __init__(self, per_address: int = PER_ADDRESS) -> None:
        self._per_address = per_address
        self._inside: dict[str, int] = {}

    @contextmanager
    def joined(self, address: str) -> Iterator[None]:
        """Count a request of an address while it lasts. Raises DoorError 429 for one too many."""
        inside = self._inside.get(address, 0)
        if inside >= self._per_address:
            raise DoorError(429, "crowd", retry_after=1)
        self._inside[address] = inside + 1
        try:
            yield
        finally:
            self._inside[address] -= 1
            if not self._inside[address]:
                del self._inside[address]


async def body_of(request: web.Request, most: int = BODY_BYTES, seconds: float = BODY_SECONDS) -> bytes:
    """Return a body of at most `most` bytes that came within so many seconds. Raises DoorError 400, 408, 413."""
    if (request.content_length or 0) > most:
        raise DoorError(413, "size")
    chunks = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.content.iter_any():
                chunks += chunk
                if len(chunks) > most:
                    raise DoorError(413, "size")
    except TimeoutError:
        raise DoorError(408, "slow") from None
    except (web.RequestPayloadError, aiohttp.ClientPayloadError, aiohttp.http_exceptions.BadHttpMessage, OSError):
        raise DoorError(400, "body") from None
    return bytes(chunks)


def read_json(body: bytes) -> Any:  # noqa: ANN401 - any JSON
    """Return what JSON from outside says, with U+FFFD for each NUL: PostgreSQL's text has none. Raises ValueError.

    Halves of surrogate pairs, which UTF-8 cannot hold, are no JSON to orjson.
    """
    return orjson.loads(_NUL.sub(rb"\1\\ufffd", body) if b"\\u0000" in body else body)


def refused(error: DoorError) -> web.Response:
    """Return the response to who may not come in."""
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after is not None else {}
    response = web.Response(status=error.status, headers=headers)
    if error.reason in HALF_READ:
        response.force_close()
    return response
