"""SQLite: one writer thread with a queue, one commit per batch, a job that fails by itself (ENGINE R24)."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

from filelock import FileLock

from bot.errors import StoreError
from bot.ports import Store
from bot.store import operations, sqlite_file
from bot.store.jobs import Jobs
from bot.store.sqlite_file import store_path
from bot.store.statements import SEVERAL, Migration, Operation, Rows, T, Terms, load, migrations
from bot.store.store import TransactionalStore

__all__ = ["SqliteDriver", "open_sqlite", "store_path"]

BUSY_SECONDS = 2.0
"""How long to wait for another program that holds the file, such as a backup."""
CACHED_STATEMENTS = 256
WRITTEN = "RETURNING 1 AS written"
"""The end of a statement that only says whether it wrote: SQLite counts instead, and needs no table for that."""
FULL = 2
ALONE: Mapping[str, Rows] = {
    "lane_lock": [{"locked": 1}],
    "room_lock": [{"locked": 1}],
    "thread_lock": [{"taken": 1}],
}
"""What other engines lock, and what they answer: with one writer at a time everything is this transaction's already."""
Picks = Callable[[Any], Sequence[Any]]
"""Returns a statement's parameters in their places."""
_NAMED = re.compile(r":([a-z_]+)")
"""What `PRAGMA synchronous` says when every commit is on the disk."""


async def open_sqlite(
    path: str, *, owner: str, chat_send_gap_ms: int = 3_000, lease_ms: int = 30_000, exclusive: bool = True
) -> Store:
    """Open the file, bring its schema up to date, and return the store.

    `owner` is this process's random id, which its leases carry; the other two are in ms. Without `exclusive`
    (tests and doctor) another process may use the file too. Raises SettingsError naming MUSTER_STORE, or StoreError.
    """
    driver = SqliteDriver(path, exclusive=exclusive)
    await driver.start()
    terms = Terms(owner, lease_ms, chat_send_gap_ms)
    if exclusive:
        await driver.run(lambda: operations.inherit(terms))
    return TransactionalStore(driver, terms)


@dataclass(frozen=True, slots=True)
class _Job:
    begin: Callable[[], Operation[Any]]
    done: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Outcome:
    job: _Job
    result: Any = None
    error: Exception | None = None


class SqliteDriver:
    """Runs operations in its writer thread; the event loop only ever waits for futures.

    One that is `reading` leaves the file as it is, and may do so while the bot runs; `more` are statements besides
    those of the bot. `commits` counts the transactions committed so far.
    """

    def __init__(self, path: str, *, exclusive: bool, reading: bool = False, more: str = "") -> None:
        self._path = path
        self._exclusive = exclusive
        self._reading = reading
        self._more = more
        self._jobs: Jobs[_Job] = Jobs()
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._closed = False
        self.commits = 0

    async def start(self) -> None:
        """Open the file in the writer thread. Raises SettingsError or StoreError."""
        opened: asyncio.Future[Any] = self._loop.create_future()
        thread = threading.Thread(target=self._work, args=(opened,), name="store", daemon=True)
        thread.start()
        await opened

    async def run(self, begin: Callable[[], Operation[T]], *, first: bool = False) -> T:
        """Queue an operation and return its result once its batch is committed."""
        if self._closed:
            raise StoreError("the store is closed")
        done: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put(_Job(begin, done), first=first)
        return await done

    async def close(self) -> None:
        """Finish what is queued, close the file and let the next process have it."""
        if not self._closed:
            self._closed = True
            self._jobs.close()
        await asyncio.shield(self._ended)

    # --- in the writer thread ----------------------------------------------------------------------------

    def _work(self, opened: asyncio.Future[Any]) -> None:
        lock: FileLock | None = None
        try:
            if self._reading:
                sqlite_file.present(self._path)
            else:
                sqlite_file.prepare(self._path)
            lock = sqlite_file.lock(self._path) if self._exclusive else None
            writer = _Writer(self._path, reading=self._reading, more=self._more)
        except Exception as error:  # noqa: BLE001 - whatever it is, the one who opens the store is to know it
            _release(lock)  # before anybody is told: the next attempt may come at once
            self._tell(_settle, opened, None, error)
        else:
            self._tell(_settle, opened, None, None)
            self._serve(writer)
            writer.close()
            _release(lock)
        self._tell(_settle, self._ended, None, None)

    def _serve(self, writer: _Writer) -> None:
        while jobs := self._jobs.batch():
            outcomes = writer.transact(jobs)
            self.commits = writer.commits
            self._tell(_resolve, outcomes)

    def _tell(self, callback: Callable[..., None], *args: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(callback, *args)


class _Writer:
    """The one connection. Every sqlite3.Error leaves it as StoreError."""

    def __init__(self, path: str, *, reading: bool = False, more: str = "") -> None:
        self.commits = 0
        self._begin = "BEGIN" if reading else "BEGIN IMMEDIATE"
        self._prepared: dict[str, tuple[str, Picks]] = {}
        self._columns: dict[str, tuple[str, ...]] = {}
        try:
            self._connection = sqlite3.connect(
                f"{Path(path).resolve().as_uri()}?mode={'ro' if reading else 'rwc'}",
                uri=True,
                timeout=BUSY_SECONDS,
                isolation_level=None,
                cached_statements=CACHED_STATEMENTS,
            )
        except sqlite3.Error as error:
            raise _translated(error) from error
        try:
            if not reading:
                self._be_durable()
                migrate(self._connection, migrations())
        except BaseException as error:
            self._connection.close()
            if isinstance(error, sqlite3.Error):
                raise _translated(error) from error
            raise
        loaded = load("sqlite", "sqlite3", more)
        texts = {name: getattr(loaded, name).sql for name in loaded.available_queries if "_cursor" not in name}
        self._counted = frozenset(name for name, text in texts.items() if WRITTEN in text)
        self._prepared = {name: in_places(text.replace(WRITTEN, "")) for name, text in texts.items()}

    def _be_durable(self) -> None:
        """Acknowledged means on the disk (ENGINE R10, R24): asked for, and then asserted."""
        (mode,) = self._connection.execute("PRAGMA journal_mode = WAL").fetchone()
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA temp_store = MEMORY")  # what a savepoint may have to undo, and no file for it
        self._connection.execute("PRAGMA secure_delete = ON")  # not every build of SQLite overwrites what it deletes
        (synchronous,) = self._connection.execute("PRAGMA synchronous").fetchone()
        if (mode, synchronous) != ("wal", FULL):
            raise StoreError(f"SQLite will not write durably here: journal {mode}, synchronous {synchronous}")

    def transact(self, jobs: list[_Job]) -> list[_Outcome]:
        """Run the jobs in one transaction and commit once.

        One that fails must leave the others alone, which takes a savepoint for each. Nearly none does, and a savepoint
        keeps a copy of every page that is written: so they are there only when all is done over.
        """
        try:
            self._connection.execute(self._begin)
            try:
                outcomes = [_Outcome(job, self._run(job.begin())) for job in jobs]
            except Exception:  # noqa: BLE001 - whose it was and what it is: that is found out now
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                self._connection.execute(self._begin)
                outcomes = [self._attempt(job) for job in jobs]
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            with suppress(sqlite3.Error):  # SQLite may have rolled back by itself; the next batch begins anew
                self._connection.execute("ROLLBACK")
            return [_Outcome(job, error=_translated(error)) for job in jobs]
        self.commits += 1
        return outcomes

    def _attempt(self, job: _Job) -> _Outcome:
        self._connection.execute("SAVEPOINT job")
        try:
            result = self._run(job.begin())
        except Exception as error:
            if not self._connection.in_transaction:
                raise  # SQLite gave up the whole transaction (disk full): every job of it failed
            self._connection.execute("ROLLBACK TO SAVEPOINT job")
            self._connection.execute("RELEASE SAVEPOINT job")
            return _Outcome(job, error=_translated(error) if isinstance(error, sqlite3.Error) else error)
        self._connection.execute("RELEASE SAVEPOINT job")
        return _Outcome(job, result)

    def _run(self, operation: Operation[T]) -> T:
        try:
            name, parameters = next(operation)
            while True:
                rows: Any = (
                    self._rows(name, parameters) if name != SEVERAL else [self._rows(*one) for one in parameters]
                )
                name, parameters = operation.send(rows)
        except StopIteration as ended:
            result: T = ended.value
            return result
        finally:
            operation.close()

    def _rows(self, name: str, parameters: Any) -> Rows:  # noqa: ANN401 - a statement's, by name
        """Return the rows as dictionaries: sqlite3.Row looks for each name from the first column on."""
        if name in ALONE:
            return ALONE[name]
        sql, picks = self._prepared[name]
        cursor = self._connection.execute(sql, picks(parameters))
        if name in self._counted:
            return [{"written": 1}] * cursor.rowcount
        found = cursor.fetchall()
        if not found:
            return []
        columns = self._columns.get(name)
        if columns is None:
            columns = self._columns[name] = tuple(column[0] for column in cursor.description)
        return [dict(zip(columns, row, strict=True)) for row in found]

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def migrate(connection: sqlite3.Connection, steps: list[Migration]) -> None:
    """Apply the steps that are not recorded yet, each in one transaction with its record (ENGINE C14)."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL)"
    )
    for step in steps:
        connection.execute("BEGIN IMMEDIATE")
        try:
            known = connection.execute("SELECT 1 FROM schema_version WHERE version = ?", (step.version,)).fetchone()
            if not known:
                for statement in _statements(step.sql):
                    connection.execute(statement)
                connection.execute("INSERT INTO schema_version VALUES (?, ?)", (step.version, step.name))
        except BaseException:  # whatever ends it, a step is there as a whole or not at all (C14)
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def _statements(script: str) -> list[str]:
    """Split a script: `executescript` would commit in the middle of a step."""
    statements, text = [], ""
    for line in script.splitlines():
        text += line + "\n"
        if sqlite3.complete_statement(text):
            statements.append(text)
            text = ""
    return statements


def in_places(sql: str) -> tuple[str, Picks]:
    """Return a statement with `?` for its parameters, and what picks them: by name it takes sqlite3 twice as long."""
    names = _NAMED.findall(sql)
    places = _NAMED.sub("?", sql)
    if len(names) > 1:
        return places, itemgetter(*names)
    return places, lambda parameters: tuple(parameters[name] for name in names)


def _release(lock: FileLock | None) -> None:
    if lock:
        lock.release()


def _translated(error: sqlite3.Error) -> StoreError:
    translated = StoreError(f"SQLite: {getattr(error, 'sqlite_errorname', type(error).__name__)}")
    translated.__cause__ = error
    return translated


def _resolve(outcomes: list[_Outcome]) -> None:
    for outcome in outcomes:
        _settle(outcome.job.done, outcome.result, outcome.error)


def _settle(future: asyncio.Future[Any], result: object, error: Exception | None) -> None:
    if future.done():
        return  # whoever waited was cancelled meanwhile
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
