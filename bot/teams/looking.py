"""How a public address answers: the status, and the time that its server has (https://www.rfc-editor.org/rfc/rfc9110#name-date)."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import aiohttp

TIMEOUT = aiohttp.ClientTimeout(total=10.0, connect=5.0)


@dataclass(frozen=True, slots=True)
class Looked:
    """`status` is 0 without an answer; `at` the server's clock in ms UTC, exact to a second, None if it did not say."""

    status: int = 0
    at: int | None = None


async def looked(session: aiohttp.ClientSession, url: str) -> Looked:
    """Send a GET without a token and follow nothing. Never raises."""
    try:
        async with session.get(url, allow_redirects=False, timeout=TIMEOUT) as response:
            return Looked(response.status, date_of(response.headers.get("Date", "")))
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return Looked()


def date_of(header: str) -> int | None:
    """Return an HTTP date as ms UTC, None for what is none."""
    try:
        return int(parsedate_to_datetime(header).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
