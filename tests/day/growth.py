"""What a request costs as rooms grow: SQLite's own steps for the same requests beside ever more finished ones."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from functools import partial
from pathlib import Path

from tests.day.plan import DAY, HOUR, MONDAY, TENANT, Sizes, draw
from tests.day.running import Day, live
from tests.day.simulated import Weather
from tests.day.virtual import open_here

CALM = Weather(unheard=0.0, busy=0.0)
ASKED = Sizes(chats=12, meetings=12, peak=0.0, joining=0.0, copies=0.5, first=10 * HOUR, last=10 * HOUR + 60, minutes=1)
"""The requests that are measured: a minute of them."""
QUIET = 60.0
"""Seconds after the last of them in which nothing is asked."""
OPEN = 10
"""Of so many rooms one is still open, with the timer of its end."""
IDS = {
    "rooms": ("room_id", "scope_key", "external_id", "home_thread", "starter_oid", "join_hash"),
    "messages": ("message_id", "intent_key", "thread_id", "room_id", "activity_id"),
    "inbox": ("turn_key", "original_key", "echo_key", "thread_id", "from_id"),
    "chats": ("thread_id",),
    "sends": ("message_id", "thread_id"),
    "timers": ("timer_key", "subject"),
    "audit": ("audit_id", "room_id", "thread_id"),
    "notes": ("note_key", "about"),
}
"""The columns in which one meeting's rows differ from another's."""
SPREAD = {"sends": ("at", 2), "rooms": ("created_at", 1_000), "inbox": ("received_at", 1_000)}
"""Columns of times, and by how many ms the rows differ; of what was sent only an hour is kept."""


def steps(path: Path, rooms: int) -> float:
    """Return how many steps SQLite's machine takes for one request where there are so many rooms already.

    `path` is where a new file goes.
    """
    requests = draw(1, ASKED)
    live(Day(1, ASKED, requests, path, CALM, afterwards=QUIET))
    grow(path, rooms)
    counted: Counter[str] = Counter()

    def watch(connection: sqlite3.Connection) -> None:
        connection.set_progress_handler(partial(counted.update, {"steps": 1}), 1)

    later = [request.later(len(requests), days=1) for request in requests]
    verdict = live(Day(2, ASKED, later, path, CALM, opened=partial(open_here, watch=watch), afterwards=QUIET))
    if verdict.lost or verdict.doubled:
        raise AssertionError("\n".join(verdict.lines()))
    return counted["steps"] / len(requests)


def grow(path: Path, rooms: int) -> None:
    """Multiply the rows of a day that is over until there are so many rooms; what waits is not multiplied."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM timers")
        there = connection.execute("SELECT COUNT(*) FROM rooms").fetchone()[0]
        times = max(1, rooms // there)
        connection.execute("UPDATE rooms SET state = 'ended', ended_at = created_at")
        connection.execute("UPDATE messages SET due_at = NULL")
        member = (TENANT, "member|29:x", "x@contoso.example", MONDAY + 400 * DAY * 1_000, "29:x")
        connection.execute("INSERT INTO notes VALUES (?, ?, ?, ?, ?)", member)
        connection.execute("UPDATE sends SET at = ?", (MONDAY + (DAY + 10 * HOUR) * 1_000 - 2_000,))
        connection.execute(
            "INSERT INTO timers SELECT 'end|' || room_id, 'end', tenant, room_id, '{}', ?, 0, '', 0, 0 FROM rooms"
            " WHERE rowid % ? = 0",
            (MONDAY + 400 * DAY * 1_000, OPEN),
        )
        for table in IDS:
            _multiply(connection, table, times)
        connection.execute(
            "UPDATE rooms SET state = 'open', ended_at = NULL WHERE room_id IN (SELECT subject FROM timers)"
        )
        connection.commit()


def _multiply(connection: sqlite3.Connection, table: str, times: int) -> None:
    spread, apart = SPREAD.get(table, ("", 0))
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    chosen = [
        f"{name} || '~' || i" if name in IDS[table] else f"{name} - i * {apart}" if name == spread else name
        for name in columns
    ]
    connection.execute(
        f"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {times})"  # noqa: S608 - our tables
        f" INSERT INTO {table} SELECT {', '.join(chosen)} FROM {table}, n"
    )
