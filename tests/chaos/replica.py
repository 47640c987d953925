"""One replica of the bot as a process: `python replica.py BREAK LEASE_MS UNCLEAR_MS`, settings in the environment.

With a BREAK of "-" it is the bot as it is. LEASE_MS and UNCLEAR_MS of 0 leave the product's own times; a short run
hurries them, because it cannot wait for thirty seconds.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from aiohttp import web

import app
from bot import backoff, worker
from bot.ports import Store
from bot.settings import Settings
from bot.store import opening
from bot.store.sqlite import open_sqlite, store_path
from tests.chaos.broken import replaced

LEASE_MS = 30_000


async def open_store(url: str, *, owner: str, lease_ms: int) -> Store:
    """Open the store; several replicas may share one SQLite file here, which the product refuses."""
    if url.startswith("sqlite"):
        return await open_sqlite(store_path(url), owner=owner, lease_ms=lease_ms, exclusive=False)
    return await opening.open_store(url, owner=owner, lease_ms=lease_ms)


def hurry(lease_ms: int, unclear_ms: int) -> int:
    """Shorten the waits of a run and return the lease in ms."""
    if unclear_ms:
        backoff.UNCLEAR_WAIT = unclear_ms
    if lease_ms:
        worker.HEARTBEAT_SECONDS = lease_ms / 3000
    return lease_ms or LEASE_MS


if __name__ == "__main__":
    name, lease, unclear = sys.argv[1:4]
    settings = Settings.from_env()
    logging.basicConfig(level=settings.log.upper(), format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    web.run_app(
        app.build(settings, replaced(name.strip("-"), open_store, hurry(int(lease), int(unclear)))),
        host=settings.host,
        port=settings.port,
        print=lambda text: print(text.splitlines()[0], file=sys.stderr, flush=True),  # noqa: T201 - whoever started it waits for the line
        access_log=None,
    )
