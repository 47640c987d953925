"""One replica of the bot as a process: `python replica.py BREAK LEASE_MS UNCLEAR_MS [DEADLINE_MS] ADDRESS`.

Its settings are in the environment. With a BREAK of "-" it is the bot as it is. Times of 0 leave the product's own; a
short run hurries them, because it cannot wait for thirty seconds: how long a lease lasts, R15's pause, and how long
a send may take (less than a lease). It speaks from ADDRESS, so that the other side knows which replica asked,
and says on standard error which posts it wrote down.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from aiohttp import web

import app
from bot import backoff, worker
from bot.leases import MessageClaim, Sent, Settled
from bot.ports import Store
from bot.settings import Settings
from bot.store import opening
from bot.store.sqlite import open_sqlite, store_path
from bot.teams import connection
from tests.chaos.broken import Around, replaced

LEASE_MS = 30_000
STORED = "stored "
"""How a replica says that it wrote a post's id down (T4)."""


async def open_store(url: str, *, owner: str, lease_ms: int) -> Store:
    """Open the store; several replicas may share one SQLite file here, which the product refuses."""
    if url.startswith("sqlite"):
        return await open_sqlite(store_path(url), owner=owner, lease_ms=lease_ms, exclusive=False)
    return await opening.open_store(url, owner=owner, lease_ms=lease_ms)


def hurry(lease_ms: int, unclear_ms: int, deadline_ms: int = 0) -> int:
    """Shorten the waits of a run and return the lease in ms."""
    if unclear_ms:
        backoff.UNCLEAR_WAIT = unclear_ms
    if deadline_ms:
        vars(connection.Connection)["__init__"].__kwdefaults__ = {"seconds": deadline_ms / 1000}
    if lease_ms:
        worker.HEARTBEAT_SECONDS = lease_ms / 3000
    return lease_ms or LEASE_MS


class Telling(Around):
    """Says which posts were written down, once they are."""

    async def settle_message(self, claim: MessageClaim, sent: Sent, now: int) -> Settled:
        """T4."""
        settled: Settled = await self._part.settle_message(claim, sent, now)
        if sent.activity_id and not settled.stale:
            print(f"{STORED}{sent.activity_id}", file=sys.stderr, flush=True)  # noqa: T201 - whoever started it reads it
        return settled


class FromAddress(asyncio.SelectorEventLoop):
    """Connects from one address of this machine, where it has more than one."""

    source = ""

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:  # noqa: ANN401 - as any address is
        """Connect."""
        if sock.family == socket.AF_INET and self.source != "127.0.0.1":
            sock.bind((self.source, 0))
        await super().sock_connect(sock, address)


def telling(wrap: Callable[[Store], Any]) -> Callable[[Store], Any]:
    """Return what stands around a store, told about inside of it."""
    return lambda store: wrap(Telling(store))


if __name__ == "__main__":
    name, *times, FromAddress.source = sys.argv[1:]
    settings = Settings.from_env()
    logging.basicConfig(level=settings.log.upper(), format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    parts = replaced(name.strip("-"), open_store, hurry(*map(int, times)))
    web.run_app(
        app.build(settings, parts._replace(wrap_store=telling(parts.wrap_store))),
        host=settings.host,
        port=settings.port,
        print=lambda text: print(text.splitlines()[0], file=sys.stderr, flush=True),  # noqa: T201 - whoever started it waits for the line
        access_log=None,
        loop=FromAddress(),
    )
