"""What the first version of the store left behind: a file, and the same rows for PostgreSQL."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import asyncpg

from bot.store.postgres import apply_migrations
from bot.store.sqlite import store_path
from bot.store.statements import migrations

DATA = Path(__file__).with_name("data")
FIRST = migrations()[:1]


async def put_first_version(store: str) -> None:
    """Put what the first version wrote into an empty MUSTER_STORE, as that version had it."""
    if store.startswith("sqlite"):
        await asyncio.to_thread(shutil.copy, DATA / "wo1.db", store_path(store))
        return
    connection = await asyncpg.connect(store)
    await apply_migrations(connection, FIRST)
    await connection.execute("DELETE FROM schema_version")  # its record is among the rows
    await connection.execute((DATA / "wo1.sql").read_text("utf-8"))
    await connection.close()
