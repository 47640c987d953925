"""PostgreSQL: each operation in one transaction on a pooled connection; what several replicas share (ENGINE R24, R27).

READ COMMITTED: each statement sees what was committed before it began. Order and uniqueness come from row locks (a lane
by the row of its chat, see sql/claim_postgres.sql), unique indices and fences, so a statement that waited for another
replica's transaction goes on with what that one left.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

import asyncpg
import orjson
from aiosql.types import SQLOperationType

from bot.errors import SettingsError, StoreError
from bot.ports import Store
from bot.store.statements import SEVERAL, Migration, Operation, Rows, Statement, T, Terms, load, migrations
from bot.store.store import TransactionalStore

__all__ = ["PostgresDriver", "apply_migrations", "open_postgres"]

POOL_SIZE, POOL_SIZE_FIRST = 6, 2
"""Connections of one process, and those of what goes first; the server's number (100 by default) is shared by all."""
ATTEMPTS = 5
"""How often an operation is begun when the server ends it in favour of another one."""
CONNECT_SECONDS = 5.0
ACQUIRE_SECONDS = 5.0
ANSWER_SECONDS = 6.0
"""How long the client waits for an answer: a little longer than the server may take for one."""
MIGRATE_SECONDS = 120.0
CACHED_STATEMENTS = 256
DURABLE = "on"
"""What `synchronous_commit` says when every commit is on the disk (ENGINE R10, R24)."""
SESSION = {
    "application_name": "muster",
    "synchronous_commit": DURABLE,
    "default_transaction_isolation": "read committed",
    "statement_timeout": "5000",
    "lock_timeout": "3000",
    "idle_in_transaction_session_timeout": "10000",
    "TimeZone": "UTC",
}
MIGRATING = {**SESSION, "statement_timeout": "0", "lock_timeout": "0"}  # a replica waits for the one that migrates
TRANSACTION_MS = "15000"
"""How long a transaction may last. A process that freezes between the messages of one statement is neither idle nor in
a statement for the server, and would hold its locks for ever; PostgreSQL 17 and later end it by this alone."""
BOUNDED = """
    SELECT set_config('transaction_timeout', $1, false) WHERE current_setting('transaction_timeout', true) IS NOT NULL
"""
ONE_AT_A_TIME = "SELECT pg_advisory_lock(hashtext('muster schema'), hashtext(current_schema()))"
RECORDS = "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL)"

AGAIN = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.UniqueViolationError,  # another replica's row came between the look and the write: look again
)
WRONG_SETTINGS = (
    asyncpg.InvalidAuthorizationSpecificationError,  # a wrong password too
    asyncpg.InvalidCatalogNameError,
    asyncpg.InvalidSchemaNameError,
    asyncpg.InsufficientPrivilegeError,
)
# Never the words of the error: what could not be read as a port may be half a password.
NO_ADDRESS = (
    "MUSTER_STORE is no address that can be read. In a password, / ? # and @ are written as %2F %3F %23 and %40: "
    "postgresql://USER:PASSWORD@HOST:PORT/DATABASE."
)
AWAY = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)


async def open_postgres(url: str, *, owner: str, chat_send_gap_ms: int = 3_000, lease_ms: int = 30_000) -> Store:
    """Connect to `postgresql://...`, bring the schema up to date, and return the store.

    `owner` is this process's random id, which its leases carry; the other two are in ms. Raises SettingsError naming
    MUSTER_STORE (without its password), or StoreError while the server is away.
    """
    driver = PostgresDriver(url)
    await driver.start()
    return TransactionalStore(driver, Terms(owner, lease_ms, chat_send_gap_ms, shared=True))


@dataclass(frozen=True, slots=True)
class _Query:
    sql: str
    names: tuple[str, ...]
    selects: bool = True


class PostgresDriver:
    """Runs operations on a bounded pool of connections, whose statements are prepared once each.

    `more` are statements besides those of the bot. `begun_again` counts the operations that were begun anew because
    another one was in their way.
    """

    def __init__(self, url: str, *, more: str = "") -> None:
        self._url = url
        self._pool: Any = None  # asyncpg has no types
        self._pool_first: Any = None
        self._queries = _queries(more)
        self._several: dict[tuple[str, ...], str] = {}
        self.begun_again = 0

    async def start(self) -> None:
        """Migrate and open the pool. Raises SettingsError or StoreError."""
        try:
            await self._migrate()
            self._pool, self._pool_first = await asyncio.gather(
                _opened(self._url, POOL_SIZE), _opened(self._url, POOL_SIZE_FIRST)
            )
        except ValueError as error:
            raise SettingsError([NO_ADDRESS]) from error
        except WRONG_SETTINGS as error:
            raise SettingsError([f"MUSTER_STORE names a database that cannot be used: {error}."]) from error
        except AWAY as error:
            raise _translated(error) from error

    async def _migrate(self) -> None:
        connection = await asyncpg.connect(
            self._url, timeout=CONNECT_SECONDS, command_timeout=MIGRATE_SECONDS, server_settings=MIGRATING
        )
        try:
            await apply_migrations(connection, migrations())
        finally:
            await _shut(connection)

    async def run(self, begin: Callable[[], Operation[T]], *, first: bool = False) -> T:
        """Run a fresh operation in one transaction and return its result once that is committed.

        When the server ends it in favour of another one it is begun again, up to `ATTEMPTS` times in all. A StoreError
        during the commit leaves open whether it was: every operation has a key or a fence that makes a second one
        harmless.
        """
        pool = self._pool_first if first else self._pool
        if pool is None:
            raise StoreError("the store is closed")
        for left in reversed(range(ATTEMPTS)):
            try:
                return await self._transact(pool, begin)
            except AGAIN as error:
                self.begun_again += 1
                if not left:
                    raise _translated(error) from error
            except AWAY as error:
                raise _translated(error) from error
        raise AssertionError  # the last attempt returns or raises

    async def _transact(self, pool: Any, begin: Callable[[], Operation[T]]) -> T:  # noqa: ANN401 - asyncpg has no types
        async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection, connection.transaction():
            return await self._run(connection, begin())

    async def _run(self, connection: Any, operation: Operation[T]) -> T:  # noqa: ANN401 - asyncpg has no types
        try:
            name, parameters = next(operation)
            while True:
                if name == SEVERAL:
                    rows: Any = await self._fetch_several(connection, cast("list[Statement]", parameters))
                else:
                    query = self._queries[name]
                    rows = await connection.fetch(query.sql, *(parameters[name] for name in query.names))
                name, parameters = operation.send(rows)
        except StopIteration as ended:
            result: T = ended.value
            return result
        finally:
            operation.close()

    async def _fetch_several(self, connection: Any, statements: Sequence[Statement]) -> list[Rows]:  # noqa: ANN401 - as above
        names = tuple(name for name, _ in statements)
        sql = self._several.get(names)
        if sql is None:
            sql = self._several[names] = several([self._queries[name] for name in names])
        values = [parameters[key] for name, parameters in statements for key in self._queries[name].names]
        rows: list[list[Any]] = [[] for _ in names]
        for number, found in await connection.fetch(sql, *values):
            rows[number].append(orjson.loads(found))
        return list(rows)

    async def close(self) -> None:
        """Let what runs finish, and close the connections."""
        pools = [pool for pool in (self._pool, self._pool_first) if pool is not None]
        self._pool = self._pool_first = None
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await asyncio.gather(*(pool.close() for pool in pools))
        except AWAY:
            for pool in pools:
                pool.terminate()


async def _opened(url: str, size: int) -> Any:  # noqa: ANN401 - asyncpg has no types
    """Return a pool of at most `size` connections, one of which is there already."""
    return await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        timeout=CONNECT_SECONDS,
        command_timeout=ANSWER_SECONDS,
        statement_cache_size=CACHED_STATEMENTS,
        max_cached_statement_lifetime=0,
        server_settings=SESSION,
        init=_begun,
        reset=_as_it_is,
    )


async def apply_migrations(connection: Any, steps: list[Migration]) -> None:  # noqa: ANN401 - asyncpg has no types
    """Apply the steps that are not recorded yet, each in one transaction with its record (ENGINE C14).

    One process at a time does; the lock goes with the connection, so a process that dies holds up nobody.
    """
    await connection.execute(ONE_AT_A_TIME)
    await connection.execute(RECORDS)
    known = {row["version"] for row in await connection.fetch("SELECT version FROM schema_version")}
    for step in steps:
        if step.version not in known:
            async with connection.transaction():
                await connection.execute(step.sql)
                await connection.execute("INSERT INTO schema_version VALUES ($1, $2)", step.version, step.name)


async def _begun(connection: Any) -> None:  # noqa: ANN401 - asyncpg has no types
    await _assert_durable(connection)
    await connection.fetchval(BOUNDED, TRANSACTION_MS)


async def _assert_durable(connection: Any) -> None:  # noqa: ANN401 - asyncpg has no types
    """A pooler in between may have dropped what was asked for: then nothing could be promised."""
    said = await connection.fetchval("SHOW synchronous_commit")
    if said != DURABLE:
        raise StoreError(f"PostgreSQL will not write durably here: synchronous_commit {said}")


async def _as_it_is(connection: Any) -> None:  # noqa: ANN401 - asyncpg has no types
    """No session is ever changed, and what is locked ends with its transaction: nothing to ask the server for."""


async def _shut(connection: Any) -> None:  # noqa: ANN401 - asyncpg has no types
    with suppress(*AWAY):  # what was done is committed; the server sees the connection end anyway
        await connection.close(timeout=CONNECT_SECONDS)


def _queries(more: str) -> dict[str, _Query]:
    """Return the statements with `$1` for their first parameter, and so on."""
    loaded = load("postgres", "asyncpg", more)
    sorted_names = loaded.driver_adapter.var_sorted
    return {
        name: _Query(
            getattr(loaded, name).sql,
            tuple(sorted_names[name]),
            getattr(loaded, name).operation is not SQLOperationType.INSERT_UPDATE_DELETE,
        )
        for name in loaded.available_queries
        if "_cursor" not in name
    }


def several(queries: Sequence[_Query]) -> str:
    """Return one statement that runs these and answers the rows of each as JSON, with its place among them.

    All of it sees what was committed before it began, and none of it what the rest writes.
    """
    parts, answers, before = [], ["SELECT -1 AS place, '' AS found WHERE FALSE"], 0
    for place, query in enumerate(queries):
        sql = re.sub(r"\$(\d+)", lambda found, by=before: f"${int(found[1]) + by}", query.sql.rstrip().rstrip(";"))  # type: ignore[misc]  # mypy knows no type for a lambda's default
        before += len(query.names)
        parts.append(f"s{place} AS (\n{sql}\n)")
        if query.selects:
            answers.append(f"SELECT {place} AS place, row_to_json(s{place})::TEXT AS found FROM s{place}")  # noqa: S608 - numbers
    return f"WITH {', '.join(parts)} {' UNION ALL '.join(answers)}"


def _translated(error: Exception) -> StoreError:
    """The server's own words may quote a row; its five-character state says what is wrong."""
    state = getattr(error, "sqlstate", None)
    return StoreError(f"PostgreSQL: {type(error).__name__}" + (f" ({state})" if state else ""))
