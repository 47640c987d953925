"""What PostgreSQL in particular promises: several processes, one order; errors that say what to do and no secret."""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import asyncpg
import pytest
from aiohttp import web

from bot import cli
from bot.calls import Attendance
from bot.decisions import MakeRoom, Reply, SaveAttendance, SetTimer, View
from bot.errors import SettingsError, StoreError
from bot.leases import ReceiptKind, TurnClaim
from bot.model import Person, RoomState, TimerKind
from bot.ports import Store
from bot.settings import Settings
from bot.store import postgres as engine_module
from bot.store import rows, sqlite_file
from bot.store.opening import forgetful, open_store
from bot.store.postgres import PostgresDriver, _Query, several
from bot.store.statements import Operation, Terms, Value
from bot.store.store import TransactionalStore
from bot.teams.ids import LONGEST_ID
from tests.database import server

if TYPE_CHECKING:  # conftest is pytest's to import
    from tests.store.conftest import Make

ID = "11111111-2222-3333-4444-555555555555"
BLOCKED = "SELECT pid FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
"""Asks who waits for whoever asks."""
NOTE: dict[str, Value] = {"tenant": "t", "note_key": "k", "about": "", "value": "v", "until": 1}


@pytest.fixture
async def two(postgres_url: str) -> AsyncIterator[tuple[Store, Store]]:
    """Two replicas on one database, started at the same instant."""
    stores = await asyncio.gather(*(open_store(postgres_url, owner=name) for name in ("one", "two")))
    yield stores[0], stores[1]
    for store in stores:
        await store.close()


async def test_replicas_start_together(postgres_url: str) -> None:
    """Replicas that start on an empty database at the same instant migrate it once."""
    stores = await asyncio.gather(*(open_store(postgres_url, owner=f"{n}") for n in range(4)))
    await asyncio.gather(*(store.ready() for store in stores))
    await asyncio.gather(*(store.close() for store in stores))


async def test_the_longest_ids_can_be_kept(two: tuple[Store, Store], make: Make) -> None:
    """Ids as long as the door lets in fit into every index, however little they can be compressed."""
    ids = [secrets.token_hex(LONGEST_ID // 2) for _ in range(4)]
    chat = replace(make.chat(thread_id=ids[0]), team_id=ids[1])
    turn = make.turn(chat=chat, person=Person(ids[2], ids[3]), conversation_id=ids[0])
    assert (await two[0].receive(turn, make.now)).kind is ReceiptKind.NEW


async def test_one_turn_on_two_replicas(two: tuple[Store, Store], make: Make) -> None:
    """A turn that reaches both replicas at once is new on one of them and a copy on the other, every time."""
    for n in range(20):
        chat = make.chat(thread_id=f"19:{n}@thread.v2")
        turn = make.turn(f"{n}", chat=chat)
        receipts = await asyncio.gather(*(store.receive(turn, make.now) for store in two))
        assert sorted(receipt.kind for receipt in receipts) == sorted([ReceiptKind.NEW, ReceiptKind.COPY])
        assert len([receipt for receipt in receipts if receipt.claim]) == 1


async def test_the_same_words_on_two_replicas(two: tuple[Store, Store], make: Make) -> None:
    """The same words under two activity ids on both replicas at once are one turn and one echo."""
    for n in range(20):
        chat = make.chat(thread_id=f"19:{n}@thread.v2")
        turns = [make.turn(f"{n}{which}", chat=chat, echo_key="e") for which in "ab"]
        receipts = await asyncio.gather(*(s.receive(t, make.now) for s, t in zip(two, turns, strict=True)))
        assert sorted(receipt.kind for receipt in receipts) == sorted([ReceiptKind.NEW, ReceiptKind.ECHO])


async def test_one_lane_on_two_replicas(two: tuple[Store, Store], make: Make) -> None:
    """Of two people's turns in one chat at once on two replicas only one may run; the other comes with its end."""
    for n in range(20):
        chat = make.chat(thread_id=f"19:{n}@thread.v2")
        turns = [make.turn(f"{n}{who}", chat=chat, person=Person(f"29:{who}", who)) for who in ("ana", "ben")]
        receipts = await asyncio.gather(*(s.receive(t, make.now) for s, t in zip(two, turns, strict=True)))
        ((store, claim),) = [(s, r.claim) for s, r in zip(two, receipts, strict=True) if r.claim]
        settled = await store.settle_turn(claim, make.reply(), make.now + 1, "f")
        assert len(settled.work.turns) == 1


async def test_lanes_never_overlap(two: tuple[Store, Store], make: Make) -> None:
    """Replicas that receive, claim and settle all at once never run two turns of a chat together, and run them all."""
    running: set[str] = set()
    done: list[str] = []

    async def run(store: Store, claim: TurnClaim | None) -> None:
        while claim:
            thread = claim.turn.chat.thread_id
            assert thread not in running
            running.add(thread)
            await store.ready()  # others get their chance meanwhile
            running.discard(thread)
            settled = await store.settle_turn(claim, make.reply(), make.now + 1, "f")
            assert not settled.stale
            done.append(claim.turn.turn_key)
            claim = next(iter(settled.work.turns), None)

    async def receive(n: int) -> None:
        # Stamped in an order that is not the order of arrival.
        person = Person(f"29:{n}", f"{n}")
        turn = make.turn(f"{n}", chat=make.chat(thread_id=f"19:{n % 3}"), person=person, received_at=make.now - n % 7)
        store = two[n % 2]
        await run(store, (await store.receive(turn, make.now)).claim)

    async def claim(store: Store) -> None:
        for _ in range(15):
            work = await store.claim(make.now + 1, 8)
            await asyncio.gather(*(run(store, turn) for turn in work.turns))

    await asyncio.gather(*(receive(n) for n in range(60)), *(claim(store) for store in two))
    for store in two:
        await claim(store)
    assert sorted(done, key=int) == [f"{n}" for n in range(60)]


async def test_one_room_on_two_replicas(two: tuple[Store, Store], make: Make) -> None:
    """Two replicas that decide for one place at once make one room; the other decision is taken anew and sees it."""
    claims = []
    for n, store in enumerate(two):
        turn = make.turn(f"{n}", chat=make.chat(thread_id=f"19:{n}"), person=Person(f"29:{n}"))
        receipt = await store.receive(turn, make.now)
        assert receipt.claim
        claims.append(receipt.claim)
    decided = [make.reply(MakeRoom(make.room(f"r{n}"))) for n in range(2)]
    outcomes = await asyncio.gather(
        *(s.settle_turn(c, d, make.now, "f") for s, c, d in zip(two, claims, decided, strict=True)),
        return_exceptions=True,
    )
    assert len([outcome for outcome in outcomes if isinstance(outcome, StoreError)]) == 1


async def test_who_is_alive(two: tuple[Store, Store], make: Make) -> None:
    """Replicas count each other: for 30 s after a heartbeat, and no longer once one has left."""
    one, other = two
    assert await one.alive(make.now) == 1
    assert await other.alive(make.now + 1) == 2
    assert await one.alive(make.now + 29_999) == 2
    assert await one.alive(make.now + 30_002) == 1
    await other.alive(make.now + 30_003)
    await other.close()
    assert await one.alive(make.now + 30_004) == 1


async def test_deadlock_is_begun_again(postgres_url: str) -> None:
    """Two operations in each other's way are both done: the server ends one, and that one is begun again."""
    driver = PostgresDriver(postgres_url)
    await driver.start()
    for key in "ab":
        await driver.run(lambda key=key: saving({**NOTE, "note_key": key}))  # type: ignore[misc]  # a loop's value, kept
    met = asyncio.Barrier(2)

    async def cross(first: str, second: str) -> None:
        """Hold one row until the other one holds its own, once."""
        connection = await asyncpg.connect(postgres_url)
        with suppress(asyncpg.DeadlockDetectedError):
            async with connection.transaction():
                await connection.execute("UPDATE notes SET value = 'x' WHERE note_key = $1", first)
                await met.wait()
                await met.wait()
                await connection.execute("UPDATE notes SET value = 'x' WHERE note_key = $1", second)
        await connection.close()

    def operation() -> Operation[str]:
        yield "note_save", {**NOTE, "note_key": "a"}
        yield "note_save", {**NOTE, "note_key": "b"}
        return "done"

    async def ours() -> str:
        await met.wait()
        running = asyncio.ensure_future(driver.run(operation))
        await met.wait()
        return await running

    _, said = await asyncio.gather(cross("b", "a"), ours())
    assert said == "done"
    await driver.close()


def saving(note: dict[str, Value]) -> Operation[None]:
    """Save a note."""
    yield "note_save", note


async def test_in_vain(postgres_url: str) -> None:
    """What can never be written ends in a StoreError after a few attempts, with nothing written."""
    driver = PostgresDriver(postgres_url)
    await driver.start()
    lines: dict[str, Value] = dict.fromkeys(driver._queries["audit_insert"].names, "x") | {"now": 1}

    def twice() -> Operation[None]:
        yield "audit_insert", lines
        yield "audit_insert", lines

    with pytest.raises(StoreError, match=r"^PostgreSQL: UniqueViolationError \(23505\)$"):
        await driver.run(twice)
    assert driver.begun_again == engine_module.ATTEMPTS
    with pytest.raises(StoreError, match="NotNull"):
        await driver.run(lambda: saving({**NOTE, "value": None}))
    await driver.run(lambda: saving(NOTE))
    await driver.close()
    await driver.close()
    with pytest.raises(StoreError, match="closed"):
        await driver.run(lambda: saving(NOTE))


async def test_connection_lost(postgres_url: str, make: Make) -> None:
    """When the server ends the connections, what was asked meanwhile is a StoreError, and the next call goes on."""
    store = await open_store(postgres_url, owner="one")
    other = await asyncpg.connect(postgres_url)
    transaction = other.transaction()
    await transaction.start()
    await other.execute("LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE")
    waiting = asyncio.ensure_future(store.receive(make.turn(), make.now))
    pids: list[asyncpg.Record] = []
    while not pids:
        pids = await other.fetch(BLOCKED)
    await other.fetch("SELECT pg_terminate_backend($1)", pids[0]["pid"])
    with pytest.raises(StoreError):
        await waiting
    await transaction.rollback()
    await other.close()
    assert (await store.receive(make.turn(), make.now)).claim
    await store.close()


async def test_who_came_meanwhile_is_not_lost_to_the_answer_about_a_subscription(
    two: tuple[Store, Store], postgres_url: str, make: Make
) -> None:
    """Graph tells of people while it answers that it will: what one replica hears the other one does not write over."""
    receipt = await two[0].receive(make.turn(), make.now)
    assert receipt.claim
    subscribe = make.timer("subscribe|room", kind=TimerKind.SUBSCRIBE)
    opened = make.reply(MakeRoom(make.room(state=RoomState.OPEN)), SetTimer(subscribe))
    (claim,) = (await two[0].settle_turn(receipt.claim, opened, make.now, "f")).work.timers

    def heard(view: View) -> Reply:
        assert view.room
        return Reply((SaveAttendance("room", replace(view.room.attendance, heard=True)),))

    other = await asyncpg.connect(postgres_url)
    async with other.transaction():
        await other.execute("UPDATE rooms SET attendance = $1", rows.attendance_text(Attendance(inside=3)))
        answered = asyncio.ensure_future(two[1].settle_timer(claim, heard, make.now, "g"))
        while not await other.fetch(BLOCKED):
            pass
    await answered
    await other.close()
    room = await two[0].room("room")
    assert room
    assert (room.attendance.inside, room.attendance.heard) == (3, True)


async def test_who_stands_still_holds_nobody_up(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a frozen process has locked is free again, also where the server does not take it for idle."""
    other = await engine_module._opened(postgres_url, 1)
    monkeypatch.setattr(engine_module, "TRANSACTION_MS", "300")
    frozen = await engine_module._opened(postgres_url, 1)
    first, second = await frozen.acquire(), await other.acquire()
    try:
        if await second.fetchval("SELECT current_setting('transaction_timeout', true)") is None:
            pytest.skip("this server is older than PostgreSQL 17")
        await first.execute("CREATE TABLE held (x INT)")
        await first.execute("BEGIN; LOCK TABLE held")
        assert await second.fetch("SELECT x FROM held") == [], "it would wait for three seconds, and then fail"
    finally:
        frozen.terminate()
        other.terminate()


async def test_nobody_there(tmp_path: object) -> None:
    """A database that does not answer is a StoreError; its password is in no word of it."""
    with pytest.raises(StoreError) as caught:
        await open_store(f"postgresql://muster:s3cret@/muster?host={tmp_path}", owner="one")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("name", ["no_such_database", "bad port", "a slash in the password"])
async def test_wrong_settings(postgres_server: str, name: str) -> None:
    """A database that is not there, or an address without sense, is a mistake in MUSTER_STORE."""
    wrong = {
        "no_such_database": urlsplit(postgres_server)._replace(path="/no_such_database").geturl(),
        "bad port": "postgresql://muster:s3cret@localhost:port/muster",
        "a slash in the password": "postgresql://muster:s3cret/x@localhost/muster",
    }
    with pytest.raises(SettingsError, match="MUSTER_STORE") as caught:
        await open_store(wrong[name], owner="one")
    assert "s3cret" not in str(caught.value)


async def test_not_durable_refused(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that will not write durably, whoever changed it on the way, is not used."""
    monkeypatch.setattr(engine_module, "DURABLE", "remote_apply")
    with pytest.raises(StoreError, match="durably"):
        await open_store(postgres_url, owner="one")


def test_no_store_at_start(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """When the store is away at the start, the process says so in one line and ends with 1."""

    def build(_settings: Settings) -> web.Application:
        raise StoreError("PostgreSQL: nobody there")

    given = {"MicrosoftAppId": ID, "MicrosoftAppTenantId": ID, "MicrosoftAppPassword": "x"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert cli.run([], build) == 1
    assert capsys.readouterr().err == "Muster cannot start: PostgreSQL: nobody there\n"


@pytest.mark.parametrize(
    ("url", "container", "warned"),
    [
        ("sqlite:////srv/muster.db", True, True),
        ("sqlite:////srv/muster.db", False, False),
        ("sqlite:////data/muster.db", True, False),
        ("sqlite:////run/muster.db", True, True),
        ("postgresql://x", True, False),
    ],
)
def test_forgetful(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, *, container: bool, warned: bool) -> None:
    """A file inside a container is warned about, with what to set; one on a volume and PostgreSQL are not."""
    mounts = tmp_path / "mounts"
    mounts.write_text("overlay / overlay rw\n/dev/sda1 /data ext4 rw\ntmpfs /run tmpfs rw\n", encoding="utf-8")
    monkeypatch.setattr(sqlite_file, "MOUNTS", mounts)
    text = forgetful(url, container=container)
    assert ("Set MUSTER_STORE=postgresql://" in text and url in text) is warned


async def test_locked(postgres_url: str, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another program holds a table nothing is promised; afterwards it goes on."""
    monkeypatch.setitem(engine_module.SESSION, "lock_timeout", "50")
    store = await open_store(postgres_url, owner="one")
    other = await asyncpg.connect(postgres_url)
    async with other.transaction():
        await other.execute("LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(StoreError, match="LockNotAvailable"):
            await store.receive(make.turn(), make.now)
    await other.close()
    assert (await store.receive(make.turn(), make.now)).claim
    await store.close()


async def test_close_waits_no_longer_than_it_may(
    postgres_url: str, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that closes while PostgreSQL hangs does not hang with it; what hung is a StoreError."""
    driver = PostgresDriver(postgres_url)
    await driver.start()
    store = TransactionalStore(driver, Terms("one"))
    monkeypatch.setattr(engine_module, "ANSWER_SECONDS", 0.05)
    other = await asyncpg.connect(postgres_url)
    async with other.transaction():
        await other.execute("LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE")
        hanging = asyncio.ensure_future(store.receive(make.turn(), make.now))
        while not await other.fetch(BLOCKED):
            pass
        await store.close()
        with pytest.raises(StoreError):
            await hanging
    await other.close()


def test_postgres_is_tested_here() -> None:
    """Where the wheel with the server exists (CPython, not Windows) these tests are never skipped."""
    may_skip = sys.implementation.name != "cpython" or sys.platform == "win32"
    assert server.available() or may_skip


def test_statements_side_by_side_keep_their_own_parameters() -> None:
    """Several statements asked for at once mean what each of them means alone."""
    sql = several([_Query("SELECT $1 AS a;", ("x",)), _Query("UPDATE t SET b = $2, c = $1", ("y", "z"), selects=False)])
    assert "SELECT $1 AS a\n" in sql
    assert "UPDATE t SET b = $3, c = $2\n" in sql
    assert "FROM s0" in sql
    assert "FROM s1" not in sql
