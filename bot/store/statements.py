"""How an operation speaks: it yields named statements and is sent their rows (sans-IO), on any engine."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Protocol, TypeVar, cast

import aiosql

T = TypeVar("T")
Value = str | int | None


class Row(Protocol):
    """One row; its values by column name."""

    def __getitem__(self, name: str, /) -> Any:  # noqa: ANN401 - a column's type is the schema's business
        """Return the value of a column."""
        ...


Statement = tuple[str, Mapping[str, Value]]
"""The name of a query in `sql/*.sql` and its parameters."""
Rows = Sequence[Row]
Operation = Generator[Statement, Rows, T]
"""The logic of one transaction: runs the same over every engine."""
SEVERAL = ""
"""The name of what is several statements in one: its parameters are a list of them, and their rows a list of rows."""


def side_by_side(statements: Sequence[Statement]) -> Operation[list[Rows]]:
    """Return the rows of statements none of which needs to see what another one writes, nor writes the same row.

    An engine that is far away is asked once for all of them (PostgreSQL); they may run in any order.
    """
    if len(statements) == 1:
        return [(yield statements[0])]
    return cast("list[Rows]", (yield cast("Statement", (SEVERAL, statements)))) if statements else []


class Driver(Protocol):
    """One engine: runs an operation in one transaction."""

    async def run(self, begin: Callable[[], Operation[T]], *, first: bool = False) -> T:
        """Run a fresh operation and return its result once it is committed; `first`: before others that wait.

        Raises StoreError when nothing was written, and whatever the operation itself raises.
        """
        ...

    async def close(self) -> None:
        """Finish what is queued and let go of files and connections."""
        ...


@dataclass(frozen=True, slots=True)
class Terms:
    """Who takes leases and for how long (ms), and how far apart (ms) sends to one thread are (ENGINE R17).

    `shared` says whether other processes may use the same database.
    """

    owner: str
    lease_ms: int = 30_000
    chat_send_gap_ms: int = 3_000
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema: its number, its file's name and its SQL."""

    version: int
    name: str
    sql: str


SHARED = (
    *("transactions", "chats", "inbox", "rooms", "messages", "sends", "timers", "signins", "people", "calls"),
    *("ringing", "counts"),
)


@lru_cache(maxsize=2)
def load(engine: str, adapter: str) -> Any:  # noqa: ANN401 - aiosql's Queries has its queries as attributes
    """Return the queries for an engine (`sqlite`, `postgres`) through its adapter in aiosql (`sqlite3`, `asyncpg`)."""
    folder = files("bot.store") / "sql"
    names = (*SHARED, f"claim_{engine}")
    text = "\n".join((folder / f"{name}.sql").read_text("utf-8") for name in names)
    return aiosql.from_str(text, adapter)


def migrations() -> list[Migration]:
    """Return the steps of the schema in their order."""
    folder = files("bot.store") / "sql" / "migrations"
    found = [entry for entry in folder.iterdir() if re.fullmatch(r"\d{4}_\w+\.sql", entry.name)]
    steps = [Migration(int(entry.name[:4]), entry.name, entry.read_text("utf-8")) for entry in found]
    return sorted(steps, key=lambda step: step.version)
