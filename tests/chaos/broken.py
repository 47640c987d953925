"""Builds that are broken on purpose: the verdict has to find each of them out (ENGINE 5).

Each takes the place of real parts through `app.Replaced`; the product has no switch for any of it.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import aiosql

import app
from bot.errors import Unclear
from bot.leases import Receipt, ReceiptKind, Work
from bot.messages import Rendered
from bot.model import Chat, FrozenRequest, Meeting, Person, Turn
from bot.ports import Meetings, Messenger, Store
from bot.store import postgres, sqlite, statements

OpenStore = Callable[..., Awaitable[Store]]
"""Opens a store as `bot.store.opening.open_store` does."""


class Around:
    """Hands every call on to the part it stands around."""

    def __init__(self, part: Any) -> None:  # noqa: ANN401 - a store, meetings or a messenger
        self._part = part

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the part has
        return getattr(self._part, name)


class NoDedupe(Around):
    """Takes every delivery for a new turn."""

    async def receive(self, turn: Turn, now: int) -> Receipt:
        """T1 under keys that nobody had before."""
        key = secrets.token_hex(32)
        receipt: Receipt = await self._part.receive(replace(turn, turn_key=key, echo_key=key), now)
        return receipt


class NoIntent(Around):
    """Asks Graph under a new external id each time, as a bot does that draws it when it calls."""

    async def make(self, tenant: str, request: FrozenRequest, *, reference: str, by: Person | None = None) -> Meeting:
        """Send other bytes on every retry."""
        body = json.loads(request.body) | {"externalId": secrets.token_hex(16)}
        meeting: Meeting = await self._part.make(
            tenant, replace(request, body=json.dumps(body)), reference=reference, by=by
        )
        return meeting


class AckFirst(Around):
    """Says that a turn is durable, and writes it down a little later."""

    def __init__(self, part: Store) -> None:
        super().__init__(part)
        self._writing: set[asyncio.Future[Any]] = set()

    async def receive(self, turn: Turn, now: int) -> Receipt:
        """Promise first."""

        def write() -> None:
            task = asyncio.ensure_future(self._part.receive(turn, now))
            self._writing.add(task)
            task.add_done_callback(self._written)

        asyncio.get_running_loop().call_later(0.5, write)
        return Receipt(ReceiptKind.NEW, turn.turn_key)

    def _written(self, task: asyncio.Future[Any]) -> None:
        self._writing.discard(task)
        receipt = task.result()
        if receipt.claim:  # the claimer finds it as soon as this lease is handed back
            self._writing.add(asyncio.ensure_future(self._part.release(Work(turns=(receipt.claim,)), 0)))


class RetryPost(Around):
    """Repeats a post at once when its answer was lost, as an HTTP client with a retry setting does."""

    async def post(self, chat: Chat, conversation_id: str, content: Rendered, *, nonce: str) -> str:
        """Post until somebody answers."""
        return await _at_once(lambda: self._part.post(chat, conversation_id, content, nonce=nonce))

    async def whisper(self, chat: Chat, conversation_id: str, to: Person, content: Rendered, *, nonce: str) -> str:
        """Whisper until somebody answers."""
        return await _at_once(lambda: self._part.whisper(chat, conversation_id, to, content, nonce=nonce))


async def _at_once(send: Callable[[], Awaitable[str]]) -> str:
    for _ in range(3):
        with suppress(Unclear):
            return await send()
    return await send()


FINISHING = ("turn_finish", "turn_fail", "timer_finish", "message_settled", "message_free")
"""The statements with which the holder of a lease writes down how its work ended."""


def unfenced(sql: str) -> str:
    """Return the statements without the question whether whoever finishes work still holds its lease."""
    fence = re.compile(r"\s+AND lease_owner = CAST\(:owner AS TEXT\) AND fence = CAST\(:fence AS BIGINT\)")
    parts = re.split(r"^(?=-- name: )", sql, flags=re.MULTILINE)
    return "".join(
        fence.sub("", part).replace(", owner, fence", "", 1) if part.startswith(_NAMED) else part for part in parts
    )


_NAMED = tuple(f"-- name: {name}(" for name in FINISHING)


def unindexed(sql: str) -> str:
    """Return the statements without the index that says whose a room's place is; another one may still object."""
    return re.sub(r"(ON CONFLICT) \(tenant, scope_key, topic\) WHERE state IN \([^)]*\)( DO NOTHING)", r"\1\2", sql)


def with_sql(open_store: OpenStore, change: Callable[[str], str], *, without_index: bool = False) -> OpenStore:
    """Return a way to open a store whose statements are changed before the engine loads them."""

    async def opened(url: str, **terms: Any) -> Store:  # noqa: ANN401 - as open_store takes them
        real_sql, real_steps = aiosql, statements.migrations
        changed = SimpleNamespace(from_str=lambda text, adapter: real_sql.from_str(change(text), adapter))
        drop = [statements.Migration(9999, "broken.sql", "DROP INDEX IF EXISTS rooms_place;")] * without_index
        modules: tuple[Any, ...] = (postgres, sqlite)
        vars(statements)["aiosql"] = changed
        for module in modules:
            module.migrations = lambda: [*real_steps(), *drop]
        try:
            return await open_store(url, **terms)
        finally:
            vars(statements)["aiosql"] = real_sql
            for module in modules:
                module.migrations = real_steps

    return opened


@dataclass(frozen=True, slots=True)
class Break:
    """One way to be broken: what is put around the edges, and how the store is opened."""

    wrap_store: Callable[[Store], Any] = lambda store: store
    wrap_meetings: Callable[[Meetings], Any] = lambda meetings: meetings
    wrap_messenger: Callable[[Messenger], Any] = lambda messenger: messenger
    store: Callable[[OpenStore], OpenStore] = lambda open_store: open_store
    lease_ms: int = 0


BREAKS: dict[str, Break] = {
    "": Break(),
    "dedupe": Break(wrap_store=NoDedupe),
    "intent": Break(wrap_meetings=NoIntent),
    "lease": Break(lease_ms=1),
    "fence": Break(store=lambda real: with_sql(real, unfenced)),
    "room-index": Break(store=lambda real: with_sql(real, unindexed, without_index=True)),
    "ack-first": Break(wrap_store=AckFirst),
    "retry-post": Break(wrap_messenger=RetryPost),
}
"""What `make chaos BREAK=` takes, and "" for the bot as it is."""


def replaced(name: str, open_store: OpenStore, lease_ms: int) -> app.Replaced:
    """Return the parts of a build broken in this way. Raises KeyError for an unknown one."""
    how = BREAKS[name]
    opened = how.store(open_store)
    return app.Replaced(
        open_store=opened,
        lease_ms=how.lease_ms or lease_ms,
        wrap_store=how.wrap_store,
        wrap_meetings=how.wrap_meetings,
        wrap_messenger=how.wrap_messenger,
    )
