"""The engines that the contract suite runs on, and values to put into them."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import asyncpg
import pytest

from bot.decisions import Effect, Reply, View
from bot.messages import Message, Purpose
from bot.model import Chat, ChatKind, FrozenRequest, Person, Room, RoomState, Timer, TimerKind, Turn, TurnKind
from bot.ports import Decide, Store
from bot.store.postgres import open_postgres
from bot.store.sqlite import open_sqlite
from tests.database.server import in_schema

NOW = 1_790_000_000_000
TENANT = "tenant"
THREAD = "19:incidents@thread.tacv2"


class Engine(Protocol):
    """One database, opened by as many processes as a test needs."""

    async def open(self, owner: str) -> Store:
        """Open the database as the process with this id."""
        ...

    async def close(self) -> None:
        """Close every store."""
        ...

    async def rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Look into the tables from outside."""
        ...


class SqliteEngine:
    """A file; the lock is off so that a test can be two processes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stores: list[Store] = []

    async def open(self, owner: str) -> Store:
        """Open the file without its lock."""
        store = await open_sqlite(str(self.path), owner=owner, exclusive=False)
        self._stores.append(store)
        return store

    async def close(self) -> None:
        """Close every store that was opened."""
        for store in self._stores:
            await store.close()

    async def rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Run a statement in a connection of its own."""
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            return connection.execute(sql, parameters).fetchall()


class PostgresEngine:
    """A schema of its own, or one that is emptied; each store is a process with its own connections."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._stores: list[Store] = []

    async def open(self, owner: str) -> Store:
        """Connect."""
        store = await open_postgres(self.url, owner=owner)
        self._stores.append(store)
        return store

    async def close(self) -> None:
        """Close every store that was opened."""
        for store in self._stores:
            await store.close()

    async def rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Run a statement in a connection of its own, whose parameters are all `?` as in SQLite."""
        numbers = iter(range(1, 100))
        connection = await asyncpg.connect(self.url)
        try:
            found = await connection.fetch(re.sub(r"\?", lambda _: f"${next(numbers)}", sql), *parameters)
        finally:
            await connection.close()
        return [tuple(row) for row in found]


class Make:
    """Values with everything filled in, and decisions that return given effects."""

    now = NOW
    tenant = TENANT
    thread = THREAD

    def chat(self, **changes: Any) -> Chat:  # noqa: ANN401 - fields by name
        """Return a channel."""
        chat = Chat(TENANT, THREAD, ChatKind.CHANNEL, service_url="https://smba.example/emea", bot_id="28:bot")
        return replace(chat, **changes)

    def turn(self, key: str = "a", **changes: Any) -> Turn:  # noqa: ANN401 - fields by name
        """Return something Ana said; another key is another activity with other words."""
        fields: dict[str, Any] = {
            "turn_key": key,
            "echo_key": f"echo of {key}",
            "kind": TurnKind.SAID,
            "chat": self.chat(),
            "person": Person("29:ana", "oid-ana", "Ana Lima"),
            "conversation_id": f"{THREAD};messageid=1",
            "activity_id": key,
            "received_at": NOW,
            "expires_at": NOW + 300_000,
            "reference": "7F3K-92QD",
            "text": "meet now",
            **changes,
        }
        return Turn(**fields)

    def room(self, room_id: str = "room", **changes: Any) -> Room:  # noqa: ANN401 - fields by name
        """Return an opening room of the channel."""
        ana = Person("29:ana", "oid-ana", "Ana Lima")
        room = Room(
            room_id=room_id,
            tenant=TENANT,
            scope_key=f"chat:{THREAD}",
            topic="",
            state=RoomState.OPENING,
            version=1,
            subject="Retro",
            starter=ana,
            host=ana,
            home_thread=THREAD,
            home_conversation=f"{THREAD};messageid=1",
            request=FrozenRequest("beta", "/users/oid-ana/onlineMeetings/createOrGet", "{}"),
            external_id=room_id,
            created_at=NOW,
            give_up_at=NOW + 180_000,
            starts_at=NOW,
            ends_at=NOW + 3_600_000,
            reference="7F3K-92QD",
        )
        return replace(room, **changes)

    def message(self, message_id: str = "card", **changes: Any) -> Message:  # noqa: ANN401 - fields by name
        """Return the room's card, due now."""
        message = Message(
            message_id=message_id,
            intent_key=f"intent of {message_id}",
            tenant=TENANT,
            thread_id=THREAD,
            conversation_id=f"{THREAD};messageid=1",
            purpose=Purpose.CARD,
            due_at=NOW,
            room_id="room",
        )
        return replace(message, **changes)

    def timer(self, key: str = "open|room", **changes: Any) -> Timer:  # noqa: ANN401 - fields by name
        """Return the timer that asks Graph, due now."""
        return replace(Timer(key, TimerKind.OPEN, TENANT, "room", NOW, {"n": 1}), **changes)

    def reply(self, *effects: Effect, **fields: Any) -> Decide:  # noqa: ANN401 - fields by name
        """Return a decision that always asks for these effects."""

        def decide(_view: View) -> Reply:
            return Reply(effects, **fields)

        return decide

    def looking(self, views: list[View]) -> Decide:
        """Return a decision that only keeps what it was shown."""

        def decide(view: View) -> Reply:
            views.append(view)
            return Reply()

        return decide


@pytest.fixture
def make() -> Make:
    """Values to put into a store."""
    return Make()


@pytest.fixture(params=["sqlite", "postgres"])
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Engine]:
    """Every engine in turn: the contract is one."""
    engine: Engine
    if request.param == "sqlite":
        engine = SqliteEngine(tmp_path / "muster.db")
    else:
        # One schema for all tests of this worker, migrated by the first of them.
        name = f"muster_contract_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
        url = await emptied(request.getfixturevalue("postgres_server"), name)
        engine = PostgresEngine(url)
    yield engine
    await engine.close()


async def emptied(server: str, name: str) -> str:
    """Return a schema of that name in which the test before has left nothing behind; its tables stay."""
    url = in_schema(server, name)
    connection = await asyncpg.connect(url)
    tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    names = [row["tablename"] for row in tables if row["tablename"] != "schema_version"]
    if names:
        await connection.execute(";".join(f"DELETE FROM {name}" for name in names))  # noqa: S608 - our own tables
    else:
        await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {name}")
    await connection.close()
    return url


@pytest.fixture
async def store(engine: Engine) -> Store:
    """The database as the process `one` has it open."""
    return await engine.open("one")
