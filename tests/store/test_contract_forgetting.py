"""Who is forgotten is in no row of no table afterwards, and everybody else's meetings go on (ENGINE 2.17)."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.calls import Attendance, Stay, Watched
from bot.decisions import (
    Effect,
    ExpectCall,
    MakeRoom,
    PlanMessage,
    Record,
    SaveAttendance,
    SaveChat,
    SaveInstaller,
    SaveNote,
    SavePerson,
    SaveStep,
    SaveWatch,
    SetTimer,
)
from bot.messages import Purpose, Whisper
from bot.model import (
    ChatKind,
    FrozenRequest,
    Invited,
    Meeting,
    Options,
    Person,
    Ring,
    Ringing,
    RingState,
    Room,
    RoomState,
    TimerKind,
)
from bot.operator import forget
from bot.ports import Store
from bot.store.auditing import Wanted
from bot.store.records import Records, open_records
from bot.store.sqlite import open_sqlite
from bot.store.tables import TABLES, Bound
from bot.stories import Exchange, Step

if TYPE_CHECKING:  # conftest is pytest's to import
    from tests.store.conftest import Engine, Make

Sql = Callable[..., Awaitable[list[tuple[Any, ...]]]]
ANA = Person("29:ana-1", "oid-of-ana", 'Ana "A" Limões', "ana.l@t.example")
BEN = Person("29:ben-1", "oid-of-ben", "Ben Okafor", "ben@t.example")
NAMED = [table.name for table in TABLES if table.bound]


def a_room(make: Make, who: Person) -> Room:
    """Return an open meeting that names somebody wherever one can."""
    meeting = Meeting("id", "https://join", f"With {who.name}", who.oid, invited=(Invited(who), Invited(BEN)))
    return make.room(
        state=RoomState.OPEN,
        subject=f"Meeting with {who.name}, now",
        starter=who,
        host=who,
        people=(who, BEN),
        request=FrozenRequest("beta", f"/users/{who.oid}/onlineMeetings", f'{{"participants": "{who.oid}"}}'),
        meeting=replace(meeting, join_text=f"{who.name} invites you"),
        options=Options(invited=(Invited(who),)),
        ringing=Ringing((Ring(who, RingState.JOINED, make.now),), asked_by=who),
        opened_at=make.now,
    )


def effects(make: Make, who: Person) -> tuple[Effect, ...]:
    """Return what fills each table with somebody, and with Ben beside."""
    room = a_room(make, who)
    whisper = make.message("to-who", purpose=Purpose.WHISPER, room_id="", to=who, due_at=None)
    about = Whisper("running", {"starter": who.name, "names": [who.name, BEN.name]})
    stays = (Stay(1, "p1", 1, make.now, who.oid, who.name), Stay(1, "p2", 1, make.now, BEN.oid, BEN.name))
    return (
        MakeRoom(room),
        PlanMessage(make.message(due_at=None)),
        PlanMessage(whisper),
        PlanMessage(replace(whisper, message_id="to-ben", intent_key="to-ben", to=BEN, content=about)),
        SetTimer(make.timer("end|room", due_at=make.now + 9**9, payload={"oids": [who.oid, BEN.oid]})),
        SetTimer(
            make.timer(
                "find|who",
                kind=TimerKind.FIND,
                due_at=make.now + 9**9,
                payload={"turn": asdict(make.turn("f", person=who))},
            )
        ),
        SaveChat(make.chat(settings={"ring": [who.oid, BEN.oid]})),
        SaveNote(make.tenant, f"policy|{who.oid}", "", make.now + 9**9, who.id),
        SaveNote(make.tenant, "graph", "", make.now + 9**9),
        SaveAttendance("room", Attendance(inside=2, names=(who.name, BEN.name), shown="names"), stays),
        SaveWatch(Watched("room", make.tenant, "mark", "key", "beta", expires_at=make.now)),
        SavePerson(make.tenant, who.oid, {"plain": True}, 0),
        SavePerson(make.tenant, BEN.oid, {"plain": True}, 0),
        SaveInstaller(make.chat(), who),
        ExpectCall("nonce", make.tenant, "room"),
        Record(make.tenant, who.oid, "host", make.thread, "room", f"{who.oid} {BEN.oid}", "7F3K-92QD"),
        SaveStep(Step(make.tenant, "7F3K-92QD", make.now, "open", 1, "open", (Exchange("POST", 201),))),
    )


async def lived(store: Store, sql: Sql, make: Make, who: Person) -> None:
    """Let somebody be in every table of the tenant, and in another tenant too."""
    receipt = await store.receive(make.turn("asked", person=who), make.now)
    assert receipt.claim
    await store.settle_turn(receipt.claim, make.reply(*effects(make, who)), make.now, "f")
    own = make.chat(thread_id="a:own-chat", kind=ChatKind.PERSONAL, name=who.name)
    await store.receive(make.turn("own", person=who, chat=own, text="secret words"), make.now)
    await store.receive(make.turn("ben", person=BEN, mentions=(who,), text=f"ring {who.name}"), make.now + 1)
    await store.receive(make.turn("away", person=who, chat=make.chat(tenant="other")), make.now)
    await store.exchange_begins(make.tenant, who.oid, "x", make.now)
    await sql("INSERT INTO personal_chats VALUES ('tenant', ?, 'a:own-chat', 1)", who.id)
    await sql("INSERT INTO sends VALUES ('m', 1, 'tenant', 'a:own-chat', 0, 1)")


async def naming(sql: Sql, *texts: str) -> dict[str, int]:
    """Return by table how many rows hold one of these texts anywhere, whatever its columns are."""
    rows = {table.name: await sql(f"SELECT * FROM {table.name}") for table in TABLES}  # noqa: S608 - the list's own
    found = {name: sum(any(text in repr(row) for text in texts) for row in all_) for name, all_ in rows.items()}
    return {name: count for name, count in found.items() if count}


@pytest.fixture
def records(engine: Engine) -> Callable[[], Awaitable[Records]]:
    """Return what opens the same database as an administrator does while nobody uses it."""

    async def opened() -> Records:
        url = getattr(engine, "url", "") or f"sqlite:///{engine.path}"  # type: ignore[attr-defined]  # one or the other
        return await open_records(url, writing=True)

    return opened


async def test_a_person_leaves_no_trace_and_meetings_go_on(
    store: Store, engine: Engine, make: Make, records: Callable[[], Awaitable[Records]]
) -> None:
    """First it is only counted; then no row of the tenant names the person, Ben is where he was, the meeting runs."""
    await lived(store, engine.rows, make, ANA)
    marks = (ANA.oid, ANA.id, ANA.upn, "Limões", "a:own-chat", "secret words")
    before, bens = await naming(engine.rows, *marks), await naming(engine.rows, BEN.oid)
    opened = await records()
    looked = await forget.done(opened, make.tenant, ANA.oid, act=False)
    assert await naming(engine.rows, *marks) == before
    assert any("would change. Nothing was changed" in line for line in looked)
    told = await forget.done(opened, make.tenant, ANA.oid, act=True)
    assert told[:-1] == looked[:-1]
    assert "1 row" in " ".join(told)
    left = await naming(engine.rows, *marks)
    assert left == {"inbox": 1}, "the other tenant's row is not this tenant's to forget"
    assert await naming(engine.rows, BEN.oid) == bens
    room = await store.room("room")
    assert room is not None
    assert (room.state, room.starter, room.subject) == (
        RoomState.OPEN,
        Person("forgotten"),
        "Meeting with forgotten, now",
    )
    assert [person.name for person in room.people] == ["", BEN.name]
    assert (await store.claim(make.now + 9**10, 99)).timers
    assert (await forget.done(opened, make.tenant, ANA.oid, act=True)) == ["Nothing names this person."]
    (line,) = [line for line in await opened.audit(Wanted(make.tenant)) if line.action == "forget"]
    assert (line.actor_oid, line.detail) == ("", "a person")
    await opened.close()


async def test_nothing_is_left_in_the_file_either(tmp_path: Path, make: Make) -> None:
    """What was deleted is overwritten, so that not even who has a copy of the SQLite file reads it."""
    path = tmp_path / "muster.db"

    async def sql(text: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            return connection.execute(text, values).fetchall()

    store = await open_sqlite(str(path), owner="one")
    await lived(store, sql, make, ANA)
    await store.close()
    marks = (ANA.upn.encode(), ANA.id.encode(), b"secret words", "Limões".encode())
    assert held(tmp_path, marks) == set(marks)
    records = await open_records(f"sqlite:///{path}", writing=True)
    await records.of_person(make.tenant, ANA.oid, act=True)
    await records.of_tenant("other", act=True)
    await records.close()
    assert held(tmp_path, marks) == set()


def held(folder: Path, marks: tuple[bytes, ...]) -> set[bytes]:
    """Return what of this stands in any file of a folder."""
    return {mark for file in folder.iterdir() for mark in marks if mark in file.read_bytes()}


async def test_a_tenant_leaves_entirely(
    store: Store, engine: Engine, make: Make, records: Callable[[], Awaitable[Records]]
) -> None:
    """Every table loses a tenant's rows, each counted before; another tenant's stay."""
    await lived(store, engine.rows, make, ANA)
    opened = await records()
    counted = await opened.of_tenant(make.tenant, act=False)
    assert [name for name in NAMED if not counted[name]] == [], "a table that is not filled proves nothing here"
    assert await opened.of_tenant(make.tenant, act=True) == counted
    assert set((await opened.of_tenant(make.tenant, act=True)).values()) == {0}
    assert await naming(engine.rows, "'tenant'") == {}
    assert await naming(engine.rows, "'other'") == {"inbox": 1, "chats": 1}
    assert await forget.done(opened, make.tenant, "", act=True) == ["Nothing names this tenant."]
    await opened.close()


@pytest.mark.parametrize("name", ["open", "state", "end", "tenant", "Berlin", "running", "teams"])
async def test_whoever_is_called_like_a_word_of_ours_breaks_nothing(
    store: Store, engine: Engine, make: Make, records: Callable[[], Awaitable[Records]], name: str
) -> None:
    """Who names themselves as a state, a column or a city takes no meeting, timer, zone or link along when they go."""
    who = replace(ANA, name=name)
    link = "https://teams.example/meet/open"
    other = replace(a_room(make, BEN), room_id="bens", external_id="bens", topic="bens", zone="Europe/Berlin")
    other = replace(other, meeting=Meeting("id", link, "Ben's"))
    about = Whisper("running", {"names": [BEN.name]}, zone="Europe/Berlin")
    told = make.message("told", purpose=Purpose.WHISPER, room_id="bens", to=BEN, content=about, due_at=make.now)
    chat = make.chat(thread_id="19:bens", settings={"zone": "Europe/Berlin", "start": "owners"})
    receipt = await store.receive(make.turn("bens", person=BEN), make.now)
    assert receipt.claim
    end = make.timer("end|bens", subject="bens", due_at=make.now + 9**9)
    decided = make.reply(MakeRoom(other), PlanMessage(told), SaveChat(chat), SetTimer(end))
    await store.settle_turn(receipt.claim, decided, make.now, "f")
    await lived(store, engine.rows, make, who)
    words = "SELECT content FROM messages WHERE message_id = 'told'"
    before, said = await store.room("bens"), await engine.rows(words)
    opened = await records()
    await opened.of_person(make.tenant, who.oid, act=True)
    await opened.close()
    after = await store.room("bens")
    assert after
    assert before
    assert replace(after, version=before.version) == before
    assert (await store.room("room") or other).state is RoomState.OPEN
    kept = await store.chat(make.tenant, "19:bens")
    assert kept
    assert kept.settings["zone"] == "Europe/Berlin"
    claims = await store.claim(make.now + 9**10, 99)
    assert "end|bens" in {claim.timer.timer_key for claim in claims.timers}
    assert await engine.rows(words) == said


@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(name=st.text(min_size=3, max_size=12).map(lambda text: f"Q{text}Z".replace("\x00", "")), tail=st.uuids())
@example(name='Q\\"\\\\"{Z', tail="0f")
async def test_whatever_somebody_is_called_they_are_forgotten(name: str, tail: object, make: Make) -> None:
    """Quotes, brackets and signs of any script in a name hide nobody, in no table."""
    who = Person(f"29:{tail}", f"oid-{tail}", name, f"{tail}@t.example")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "muster.db"

        async def sql(text: str, *values: object) -> list[tuple[Any, ...]]:
            with closing(sqlite3.connect(path, isolation_level=None)) as connection:
                return connection.execute(text, values).fetchall()

        store = await open_sqlite(str(path), owner="one")
        await lived(store, sql, make, who)
        await store.close()
        records = await open_records(f"sqlite:///{path}", writing=True)
        await records.of_person(make.tenant, who.oid, act=True)
        await records.of_person("other", who.oid, act=True)
        await records.close()
        assert (
            await naming(sql, *{text for one in (name, who.id, who.oid, who.upn) for text in (one, repr(one)[1:-1])})
            == {}
        )


async def test_every_table_and_column_is_on_the_list(tmp_path: Path) -> None:
    """A new table or column has no place before it is said whose it is, how long it is kept and what it may name."""
    path = tmp_path / "muster.db"
    await (await open_sqlite(str(path), owner="one")).close()
    with closing(sqlite3.connect(path)) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert names == {table.name for table in TABLES}
        for table in TABLES:
            columns = connection.execute(f"PRAGMA table_info({table.name})").fetchall()
            keys = [name for _, name, *_, place in sorted(columns, key=lambda column: column[5]) if place]
            texts = {name for _, name, kind, *_ in columns if kind == "TEXT"}
            assert table.key == tuple(keys), table.name
            assert texts == {*table.key, *table.texts} - set(table.numbers), table.name
            assert ("tenant" in texts) == (table.bound is Bound.TENANT), table.name
            assert table.kept


async def test_every_table_is_emptied_in_time(store: Store, engine: Engine, make: Make) -> None:
    """What is over is gone after MUSTER_KEEP_DAYS or sooner, from every table but those that say why not."""
    await lived(store, engine.rows, make, ANA)
    await engine.rows("UPDATE rooms SET state = 'ended', ended_at = ?", make.now)
    await engine.rows("UPDATE chats SET gone_at = ?", make.now)
    await engine.rows("UPDATE inbox SET state = 'done'")
    await engine.rows("UPDATE notes SET until = ?", make.now)
    await engine.rows("INSERT INTO replicas VALUES ('dead', ?)", make.now)
    await engine.rows("INSERT INTO keys VALUES ('key', '', '', ?)", make.now)
    await engine.rows("DELETE FROM timers")  # each ends by itself when it is due
    week = 7 * 86_400_000
    await store.sweep(make.now + week, week)
    kept = {table.name: (await engine.rows(f"SELECT COUNT(*) FROM {table.name}"))[0][0] for table in TABLES}  # noqa: S608 - the list's own
    assert {"rooms", "messages", "audit", "steps", "roster", "chats"} <= {name for name, count in kept.items() if count}
    await store.sweep(make.now + week + 2, week)
    await store.sweep(make.now + week + 2, week)
    left = {table.name: (await engine.rows(f"SELECT COUNT(*) FROM {table.name}"))[0][0] for table in TABLES}  # noqa: S608 - the list's own
    assert {name for name, count in left.items() if count} == {table.name for table in TABLES if table.stays}


async def test_what_was_typed_is_gone_when_it_is_done(store: Store, engine: Engine, make: Make) -> None:
    """The words of a turn are in the inbox while it waits, and in no table once it is answered."""
    receipt = await store.receive(make.turn(text="meet now Quarterly numbers"), make.now)
    assert await naming(engine.rows, "Quarterly numbers") == {"inbox": 1}
    assert receipt.claim
    await store.settle_turn(receipt.claim, make.reply(), make.now, "f")
    assert await naming(engine.rows, "Quarterly numbers") == {}
