"""The schema: its steps, and that the hot statements find their indices."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from bot.store.postgres import open_postgres
from bot.store.sqlite import migrate, open_sqlite
from bot.store.statements import Migration, load, migrations

pytestmark = pytest.mark.usefixtures("untraced")


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Where the database goes."""
    return str(tmp_path / "muster.db")


def connected(path: str) -> sqlite3.Connection:
    """Open the file as the writer does."""
    return sqlite3.connect(path, isolation_level=None)


def test_half_applied_migration(path: str) -> None:
    """A step that breaks leaves no trace, the steps before it stay, and the mended one is applied (C14)."""
    first = Migration(1, "0001_a.sql", "CREATE TABLE a (x TEXT);")
    broken = Migration(2, "0002_b.sql", "CREATE TABLE b (x TEXT);\nINSERT INTO nowhere VALUES (1);")
    mended = Migration(2, "0002_b.sql", "CREATE TABLE b (x TEXT);\nINSERT INTO b VALUES ('1;2');")
    with closing(connected(path)) as connection:
        with pytest.raises(sqlite3.Error):
            migrate(connection, [first, broken])
        names = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1"
        assert connection.execute(names).fetchall() == [("a",), ("schema_version",)]
    with closing(connected(path)) as connection:
        migrate(connection, [first, mended])
        migrate(connection, [first, mended])
        assert connection.execute("SELECT version FROM schema_version").fetchall() == [(1,), (2,)]
        assert connection.execute("SELECT x FROM b").fetchall() == [("1;2",)]


def test_migrations_are_numbered() -> None:
    """The steps of the schema are numbered from 1, each once."""
    steps = migrations()
    assert steps[0].version == 1
    assert len({step.version for step in steps}) == len(steps)


HOT = [
    "turn_find",
    "turn_before",
    "lane_waits",
    "turns_expire",
    "turns_poison",
    "lanes_due",
    "turns_claim",
    "lane_claim",
    "turn_finish",
    "turn_outcome",
    "turn_fail",
    "turn_lease",
    "room_find",
    "rooms_unfinished",
    "rooms_elsewhere",
    "rooms_last",
    "room_save",
    "message_by_activity",
    "messages_gone",
    "messages_unclear",
    "messages_not_again",
    "messages_late",
    "message_claim",
    "threads_due",
    "thread_heads",
    "thread_seen",
    "tenant_sent",
    "thread_later",
    "send_ended",
    "message_adopt",
    "message_find",
    "whisper_routes",
    "rooms_started",
    "note_until",
    "turns_gone",
    "thread_gone",
    "chat_gone",
    "message_settled",
    "message_free",
    "message_sent",
    "cards_want",
    "thread_last_sent",
    "message_due",
    "timers_claim",
    "timer_finish",
    "timer_end",
    "timer_drop",
    "next_due",
    "notes_find",
    "notes_about",
    "card_of",
    "signin_find",
    "signin_end",
    "turns_waiting",
    "turns_go_on",
    "roster_of",
    "watch_of",
    "watch_find",
    "key_find",
]


@pytest.mark.parametrize("name", HOT)
async def test_no_scan(path: str, name: str) -> None:
    """No statement of the hot path reads a whole table."""
    store = await open_sqlite(path, owner="one")
    await store.close()
    query = getattr(load("sqlite", "sqlite3"), name)
    parameters = dict.fromkeys(query.parameters or [], 1)
    with closing(connected(path)) as connection:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query.sql}", parameters)]
    assert plan
    allowed = {"ahead", "head", "lane", "kinds", "due", "t", "a", "CONSTANT"}
    scans = [step for step in plan if step.startswith("SCAN") and step.split()[1] not in allowed]
    assert not scans, plan


WAITING = "(state = 'new'::text)"
"""The condition of an index that holds only the turns that wait: reading all of it is reading what there is to do."""


async def test_no_scan_on_postgresql(postgres_url: str) -> None:
    """PostgreSQL finds the rows of every hot statement by an index, and by more of its key than the tenant."""
    await (await open_postgres(postgres_url, owner="one")).close()
    loaded = load("postgres", "asyncpg")
    connection = await asyncpg.connect(postgres_url)
    await connection.execute("SET enable_seqscan = off")  # empty tables are scanned where nothing forbids it
    slow = []
    for name in HOT:
        sql, names = getattr(loaded, name).sql, loaded.driver_adapter.var_sorted[name]
        types = (await connection.prepare(sql)).get_parameters()
        lists = {"lanes": '[["tenant", "thread"]]', "kinds": '["open"]'}
        values = [lists.get(key, "1" if kind.name == "text" else 1) for key, kind in zip(names, types, strict=True)]
        plan = json.loads(await connection.fetchval(f"EXPLAIN (FORMAT JSON) {sql}", *values))[0]["Plan"]
        slow += [f"{name}: {step}" for step in steps(plan) if not found_by_key(step)]
    await connection.close()
    assert slow == []


def steps(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every step of a plan that reads a table or an index."""
    if plan["Node Type"].endswith("Scan") and {"Relation Name", "Index Name"} & plan.keys():
        yield plan
    for below in plan.get("Plans", []):
        yield from steps(below)


def found_by_key(step: dict[str, Any]) -> bool:
    """Say whether a step looks for a key, or reads an index that holds only what waits."""
    key = step.get("Index Cond", step.get("Recheck Cond", ""))
    narrow = key.replace("(", "").partition(" AND ")[2] or not key.startswith("(tenant =")
    return bool(key and narrow) or ("Index" in step["Node Type"] and WAITING in step.get("Filter", ""))
