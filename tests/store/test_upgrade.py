"""What the first version of the store left behind is understood, and a process of that version goes on meanwhile."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import aiosql
import asyncpg
import pytest

from bot.decisions import View
from bot.messages import MessageState
from bot.model import RoomState
from bot.ports import Store
from bot.store.postgres import apply_migrations, open_postgres
from bot.store.sqlite import migrate, open_sqlite
from bot.store.statements import Migration, migrations
from tests.database.server import schema
from tests.store.first_version import DATA, put_first_version

if TYPE_CHECKING:  # conftest is pytest's to import
    from tests.store.conftest import Make


@pytest.fixture(params=["sqlite", "postgres"])
async def old_store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """The first version's data, opened by this version."""
    if request.param == "sqlite":
        await put_first_version(f"sqlite:///{tmp_path}/muster.db")
        return await open_sqlite(str(tmp_path / "muster.db"), owner="new")
    url = await schema(request.getfixturevalue("postgres_server"))
    await put_first_version(url)
    return await open_postgres(url, owner="new")


async def test_first_version_goes_on(old_store: Store, make: Make) -> None:
    """After the upgrade the meeting is there, waiting turns run in their order, and the half-sent card is sent on."""
    now = make.now + 40_000  # every lease of the first version has ended
    work = await old_store.claim(now, 10)
    assert [claim.turn.person.name for claim in work.turns] == ["Ben Roth"]
    assert [claim.timer.timer_key for claim in work.timers] == ["open|room2"]
    views: list[View] = []
    settled = await old_store.settle_turn(work.turns[0], make.looking(views), now, "f")
    (room,) = views[0].rooms
    assert (room.state, room.subject, room.meeting is not None) == (RoomState.OPEN, "Retro", True)
    assert views[0].notes == {"binding": "refused"}
    assert [claim.turn.person.name for claim in settled.work.turns] == ["Chloe Diaz"]
    again = await old_store.claim(now + 5_000, 10)
    assert {claim.message.message_id: claim.message.state for claim in again.messages}["card2"] is MessageState.SENDING
    assert await old_store.alive(now) == 1
    await old_store.close()


def old_statements() -> Iterator[tuple[str, str, dict[str, str | int]]]:
    """Yield name, SQL and parameters of the first version's statements; a parameter has the type it is cast to."""
    text = (DATA / "wo1_statements.sql").read_text("utf-8")
    loaded = aiosql.from_str(text, "sqlite3")
    for name in loaded.available_queries:
        if "_cursor" not in name and not name.startswith("decision_"):
            query = getattr(loaded, name)
            types = dict(re.findall(r"CAST\(:(\w+) AS (\w+)\)", query.sql))
            yield name, query.sql, {key: 1 if kind == "BIGINT" else "x" for key, kind in types.items()}


def test_old_code_on_a_new_file(tmp_path: Path) -> None:
    """Each statement of the first version runs on a migrated file (ENGINE R25)."""
    shutil.copy(DATA / "wo1.db", tmp_path / "muster.db")
    with closing(sqlite3.connect(tmp_path / "muster.db", isolation_level=None)) as connection:
        migrate(connection, migrations())
        ran = 0
        for _, sql, parameters in old_statements():
            connection.execute(sql, parameters).fetchall()
            ran += 1
    assert ran > 50


async def test_old_code_on_a_new_database(postgres_url: str) -> None:
    """Each statement of the first version runs on a migrated PostgreSQL (ENGINE R25)."""
    connection = await asyncpg.connect(postgres_url)
    await apply_migrations(connection, migrations())
    for name, sql, parameters in old_statements():
        numbered = sql
        for number, parameter in enumerate(parameters, 1):
            numbered = numbered.replace(f"CAST(:{parameter} ", f"CAST(${number} ")
        try:
            await connection.fetch(numbered, *parameters.values())
        except asyncpg.PostgresError as error:
            pytest.fail(f"{name}: {error}")
    await connection.close()


async def test_half_applied_migration_on_postgres(postgres_url: str) -> None:
    """A step that breaks leaves no trace, the steps before it stay, and the mended one is applied (C14)."""
    first = Migration(1, "0001_a.sql", "CREATE TABLE a (x TEXT);")
    broken = Migration(2, "0002_b.sql", "CREATE TABLE b (x TEXT);\nINSERT INTO nowhere VALUES (1);")
    mended = Migration(2, "0002_b.sql", "CREATE TABLE b (x TEXT);\nINSERT INTO b VALUES ('1;2');")
    connection = await asyncpg.connect(postgres_url)
    with pytest.raises(asyncpg.UndefinedTableError):
        await apply_migrations(connection, [first, broken])
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1"
    assert [row["tablename"] for row in await connection.fetch(tables)] == ["a", "schema_version"]
    await connection.close()
    connection = await asyncpg.connect(postgres_url)
    for _ in range(2):
        await apply_migrations(connection, [first, mended])
    versions = await connection.fetch("SELECT version FROM schema_version ORDER BY 1")
    assert [row["version"] for row in versions] == [1, 2]
    assert await connection.fetchval("SELECT x FROM b") == "1;2"
    await connection.close()
