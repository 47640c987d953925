"""How much runs at once in this process: bounded for each kind of work, and for each chat within it (ENGINE R12).

A chat that waits for its own place holds nobody else's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

AT_ONCE = 64
IN_ONE_CHAT = 4


class Places:
    """`at_once` pieces of work of each kind, `in_one_chat` of them in the same chat."""

    def __init__(self, at_once: int = AT_ONCE, in_one_chat: int = IN_ONE_CHAT) -> None:
        self._at_once = at_once
        self._in_one_chat = in_one_chat
        self._kinds: dict[str, asyncio.Semaphore] = {}
        self._chats: dict[tuple[str, str], asyncio.Semaphore] = {}
        self._wanted: dict[tuple[str, str], int] = {}

    @asynccontextmanager
    async def of(self, kind: str, chat: str) -> AsyncIterator[None]:
        """Hold a place for one piece of work while the block runs."""
        key = (kind, chat)
        self._wanted[key] = self._wanted.get(key, 0) + 1
        try:
            own = self._chats.setdefault(key, asyncio.Semaphore(self._in_one_chat))
            everybody = self._kinds.setdefault(kind, asyncio.Semaphore(self._at_once))
            async with own, everybody:
                yield
        finally:
            self._wanted[key] -= 1
            if not self._wanted[key]:
                del self._wanted[key], self._chats[key]
