"""What a stranger may send: so many bytes, in so much time (ENGINE 4.10)."""

from __future__ import annotations

import asyncio

from aiohttp import web

from bot.errors import DoorError

BODY_BYTES = 256 * 1024
BODY_SECONDS = 20.0


async def bounded(request: web.Request) -> bytes:
    """Return a request's body. Raises DoorError 408, 413."""
    if (request.content_length or 0) > BODY_BYTES:
        raise DoorError(413, "size")
    raw = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.content.iter_any():
                raw += chunk
                if len(raw) > BODY_BYTES:
                    raise DoorError(413, "size")
    except TimeoutError:
        raise DoorError(408, "slow") from None
    return bytes(raw)
