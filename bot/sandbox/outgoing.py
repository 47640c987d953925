"""What the sandbox's Graph itself calls: the addresses that bots gave it, over HTTPS, with no other trust than ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import aiohttp

from bot.sandbox.authority import Authority

ANSWERED_WITHIN = aiohttp.ClientTimeout(total=10.0)


@dataclass(frozen=True, slots=True)
class Answered:
    """What an address said; status 0 is no answer."""

    status: int = 0
    content_type: str = ""
    text: str = ""


class Outgoing:
    """Posts; `close()` belongs to the cloud."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self._session: aiohttp.ClientSession | None = None

    async def post(self, url: str, body: Any = None) -> Answered:  # noqa: ANN401 - any JSON
        """Post JSON, or nothing, and return the answer."""
        if self._session is None:
            pool = aiohttp.TCPConnector(ssl=self._authority.client_context())
            self._session = aiohttp.ClientSession(connector=pool, timeout=ANSWERED_WITHIN, trust_env=False)
        try:
            async with self._session.post(url, json=body) as answer:
                return Answered(answer.status, answer.content_type, await answer.text())
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return Answered()

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None
