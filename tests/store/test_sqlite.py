"""What SQLite in particular promises: one process, durable commits in batches, errors that say what to do."""

from __future__ import annotations

import asyncio
import os
import resource
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.errors import SettingsError, StoreError
from bot.model import Person
from bot.store import sqlite as engine_module
from bot.store import sqlite_file
from bot.store.sqlite import SqliteDriver, in_places, open_sqlite, store_path
from bot.store.statements import Operation, Terms, Value, load
from bot.store.store import TransactionalStore

if TYPE_CHECKING:  # conftest is pytest's to import
    from tests.store.conftest import Make


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Where the database goes."""
    return str(tmp_path / "muster.db")


@pytest.mark.parametrize(
    ("url", "expected"),
    [("sqlite:///muster.db", "muster.db"), ("sqlite:////var/lib/m.db", "/var/lib/m.db")],
)
def test_store_path(url: str, expected: str) -> None:
    """A relative and an absolute path can be named."""
    assert store_path(url) == expected


@pytest.mark.parametrize("url", ["postgresql://x", "sqlite://muster.db", "sqlite:///", "sqlite:///:memory:", "x"])
def test_store_path_refused(url: str) -> None:
    """What names no file is refused with the setting's name."""
    with pytest.raises(SettingsError, match="MUSTER_STORE"):
        store_path(url)


def test_parameters_in_their_places() -> None:
    """Each statement is given its parameters where it names them, one that it names twice in both places."""
    assert in_places(":a, CAST(:b AS TEXT), :a")[0] == "?, CAST(? AS TEXT), ?"
    loaded = load("sqlite", "sqlite3")
    queries = [getattr(loaded, name) for name in loaded.available_queries if "_cursor" not in name]
    for query in queries:
        sql, picks = in_places(query.sql)
        named = {name: number for number, name in enumerate(query.parameters or [])}
        picked = picks(named)
        assert len(picked) == sql.count("?"), query.sql
        assert set(picked) == set(named.values()), query.sql


async def test_one_process(path: str) -> None:
    """A second process is refused and told which setting to change; when the first has ended it may start."""
    first = await open_sqlite(path, owner="one")
    with pytest.raises(SettingsError, match=r"MUSTER_STORE.*another process"):
        await open_sqlite(path, owner="two")
    await first.ready()
    await first.close()
    await first.close()
    second = await open_sqlite(path, owner="two")
    await second.close()


async def test_owner_only(path: str) -> None:
    """Nobody but the owner may read the file, whatever it was before."""
    os.close(os.open(path, os.O_CREAT, 0o666))
    os.chmod(path, 0o666)  # noqa: S103, PTH101 - too open on purpose; the path as it is given
    store = await open_sqlite(path, owner="one")
    for name in (path, f"{path}-wal"):
        assert stat.S_IMODE(os.stat(name).st_mode) == 0o600  # noqa: PTH116 - the same
    await store.close()


async def test_durable(path: str) -> None:
    """The journal is a WAL, and data outlives the process."""
    store = await open_sqlite(path, owner="one")
    await store.close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


async def test_not_durable_refused(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that will not write durably is not used."""
    monkeypatch.setattr(engine_module, "FULL", 3)
    with pytest.raises(StoreError, match="durably"):
        await open_sqlite(path, owner="one")


async def test_nowhere(tmp_path: Path) -> None:
    """A path that cannot be written is a mistake in the settings."""
    with pytest.raises(SettingsError, match=r"MUSTER_STORE.*cannot be written"):
        await open_sqlite(str(tmp_path / "missing" / "muster.db"), owner="one")
    (tmp_path / "muster.db.lock").mkdir()
    with pytest.raises(SettingsError, match=r"MUSTER_STORE.*cannot be locked"):
        await open_sqlite(str(tmp_path / "muster.db"), owner="one")


async def test_network_file_system(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file on a network file system is refused."""
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\nserver:/x {tmp_path} nfs4 rw 0 0\n")
    monkeypatch.setattr(sqlite_file, "MOUNTS", mounts)
    with pytest.raises(SettingsError, match=r"MUSTER_STORE.*network file system \(nfs4\)"):
        await open_sqlite(path, owner="one")


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/data/m.db", "cifs"), ("/data/local/m.db", ""), ("/database/m.db", ""), ("/with blank/m.db", "nfs")],
)
def test_which_mount(path: str, expected: str) -> None:
    """The mount nearest to the file decides."""
    mounts = "d / ext4 rw 0 0\ns /data ext4 rw 0 0\ns /data cifs rw 0 0\nl /data/local xfs rw 0 0\n"
    assert sqlite_file.network_file_system(path, mounts + "n /with\\040blank nfs rw 0 0\n") == expected


async def test_no_mounts_file(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where mounts cannot be listed, the file is used."""
    monkeypatch.setattr(sqlite_file, "MOUNTS", tmp_path / "missing")
    store = await open_sqlite(path, owner="one")
    await store.ready()
    await store.close()


async def test_corrupt(path: str, tmp_path: Path) -> None:
    """A file that is no database is a StoreError, and the next process can try."""
    (tmp_path / "muster.db").write_bytes(b"not a database" * 100)
    for _ in range(2):
        with pytest.raises(StoreError, match="SQLITE_NOTADB"):
            await open_sqlite(path, owner="one")


async def test_unopenable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path that SQLite itself cannot open is a StoreError."""
    monkeypatch.setattr(sqlite_file, "prepare", lambda _path: None)
    with pytest.raises(StoreError):
        await open_sqlite(str(tmp_path), owner="one", exclusive=False)


async def test_locked(path: str, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another program holds the file nothing is promised; afterwards it goes on."""
    monkeypatch.setattr(engine_module, "BUSY_SECONDS", 0.0)
    store = await open_sqlite(path, owner="one")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="SQLITE_BUSY"):
            await store.receive(make.turn(), make.now)
        other.execute("ROLLBACK")
    assert (await store.receive(make.turn(), make.now)).claim
    await store.close()


async def test_disk_full(path: str, make: Make) -> None:
    """When the disk is full nothing is promised and nothing is half written; with room again it goes on."""
    store = await open_sqlite(path, owner="one")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    room = os.stat(f"{path}-wal").st_size + 8_192  # noqa: PTH116 - the path as it is given
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
    try:
        with pytest.raises(StoreError):
            await store.receive(make.turn(text="x" * 100_000), make.now)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (await store.receive(make.turn(), make.now)).claim
    await store.close()


async def test_batches(path: str, make: Make) -> None:
    """What waits together is committed together: fewer commits than turns, and all of them are there."""
    driver = SqliteDriver(path, exclusive=True)
    await driver.start()
    store = TransactionalStore(driver, Terms("one"))
    before = driver.commits
    turns = [make.turn(f"{n}", person=Person(f"29:{n}")) for n in range(300)]
    receipts = await asyncio.gather(*(store.receive(turn, make.now) for turn in turns))
    assert len({receipt.original_key for receipt in receipts}) == 300
    assert 0 < driver.commits - before < 300
    await store.close()


async def test_a_job_fails_alone(path: str, make: Make) -> None:
    """A job that fails in a batch takes nothing with it: the others are committed, its own writes are undone."""
    driver = SqliteDriver(path, exclusive=True)
    store = TransactionalStore(driver, Terms("one"))
    await driver.start()
    note: dict[str, Value] = {"tenant": "t", "note_key": "k", "about": "", "value": "v", "until": 1}

    def raising() -> Operation[None]:
        yield "note_save", note
        raise ZeroDivisionError

    def refused() -> Operation[None]:
        yield "note_save", note
        yield "note_save", {**note, "value": None}

    def found() -> Operation[int]:
        return len((yield "notes_find", {"tenant": "t", "about": "", "who": "", "now": 0}))

    outcomes = await asyncio.gather(
        driver.run(raising),
        store.receive(make.turn(), make.now),
        driver.run(refused),
        driver.run(found),
        return_exceptions=True,
    )
    assert isinstance(outcomes[0], ZeroDivisionError)
    assert isinstance(outcomes[2], StoreError)
    assert outcomes[3] == 0
    assert (await store.receive(make.turn(), make.now)).kind == "copy"
    await store.close()


async def test_transaction_given_up(path: str) -> None:
    """When SQLite itself gives up the transaction, nothing of it was promised; the next one goes on."""
    driver = SqliteDriver(path, exclusive=True)
    await driver.start()

    def save(key: str) -> Callable[[], Operation[None]]:
        def operation() -> Operation[None]:
            yield "note_save", {"tenant": "t", "note_key": key, "about": "", "value": "v", "until": 1}

        return operation

    with closing(connected(path)) as other:
        other.execute(
            "CREATE TRIGGER given_up BEFORE INSERT ON notes WHEN NEW.note_key = 'bad'"
            " BEGIN SELECT RAISE(ROLLBACK, 'given up'); END"
        )
    with pytest.raises(StoreError, match="SQLITE_CONSTRAINT_TRIGGER"):
        await driver.run(save("bad"))
    await driver.run(save("good"))
    await driver.close()


async def test_close_finishes_the_queue(path: str, make: Make) -> None:
    """Closing finishes what is queued, refuses what comes later, and a cancelled caller harms nobody."""
    store = await open_sqlite(path, owner="one")
    cancelled = asyncio.ensure_future(store.receive(make.turn("a"), make.now))
    queued = asyncio.ensure_future(store.receive(make.turn("b"), make.now))
    await asyncio.sleep(0)
    cancelled.cancel()
    await store.close()
    assert (await queued).original_key == "b"
    with pytest.raises(StoreError, match="closed"):
        await store.ready()


def test_loop_that_went_away(path: str) -> None:
    """A loop that is closed without closing the store leaves a file that the next one can use."""

    async def leave() -> SqliteDriver:
        driver = SqliteDriver(path, exclusive=False)
        await driver.start()
        return driver

    async def again() -> None:
        store = await open_sqlite(path, owner="two", exclusive=False)
        await store.ready()
        await store.close()

    driver = asyncio.run(leave())
    driver._jobs.close()
    asyncio.run(again())


def connected(path: str) -> sqlite3.Connection:
    """Open the file as the writer does."""
    return sqlite3.connect(path, isolation_level=None)
