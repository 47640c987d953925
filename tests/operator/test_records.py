"""`python app.py why`, `audit` and `forget`: beside a running bot, in forms for people and for programs."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from pathlib import Path

import pytest

from bot import cli
from bot.decisions import MakeRoom, Record, Reply
from bot.errors import SettingsError
from bot.model import Chat, ChatKind, Person, Turn, TurnKind
from bot.operator import audit
from bot.store import auditing
from bot.store.records import open_records
from bot.store.sqlite import open_sqlite
from tests.engine.test_rooms import a_room
from tests.operator.test_turns import SETTINGS

AT = 1_790_000_000_000
TENANT, OTHER, OID = (f"00000000-0000-0000-0000-00000000000{n}" for n in (2, 3, 4))


async def _asked(path: Path, tenant: str) -> None:
    store = await open_sqlite(str(path), owner=f"bot {tenant}", exclusive=False)
    chat, ana = Chat(tenant, "19:x", ChatKind.CHANNEL), Person("29:ana", OID, "Ana Lima")
    asked = ("19:x", tenant, AT, AT + 300_000, "7F3K-92QD")
    turn = Turn(f"turn {tenant}", "echo", TurnKind.SAID, chat, ana, *asked, "meet now")
    receipt = await store.receive(turn, AT)
    assert receipt.claim
    room = a_room(room_id=f"room {tenant}", tenant=tenant, starter=ana, host=ana, created_at=AT)
    record = Record(tenant, OID, "meet", "19:x", room.room_id, "a, b", "7F3K-92QD")
    await store.settle_turn(receipt.claim, lambda _: Reply((MakeRoom(room), record)), AT, tenant)
    await store.close()


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store in which somebody of each of two tenants asked for a meeting, named by the settings."""
    path = tmp_path / "muster.db"
    for name, value in {**SETTINGS, "MUSTER_STORE": f"sqlite:///{path}"}.items():
        monkeypatch.setenv(name, value)
    for tenant in (TENANT, OTHER):
        asyncio.run(_asked(path, tenant))
    return path


def line(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> str:
    """Run a command line and return what it printed."""
    assert cli.run([*words], build=lambda _: pytest.fail("nothing is served")) == status
    out, err = capsys.readouterr()
    return str(err if status else out)


@pytest.mark.usefixtures("store")
def test_why_tells_the_story_in_lines_or_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """The lines have times in UTC; JSON has them as ISO 8601, and either only the tenant that was named."""
    told = line(capsys, "why", "7f3k92qd", "--tenant", TENANT)
    assert told.startswith("The story of 7F3K-92QD\n2026-09-21 14:13:20 (UTC) · Asked in a channel, 19:x, by ")
    assert told.endswith(f"Tenant {TENANT}\n")
    both = json.loads(line(capsys, "why", "7F3K-92QD", "--json"))
    assert [story["tenant"] for story in both] == [TENANT, OTHER]
    assert both[0]["moments"][0].items() >= {"at": "2026-09-21T14:13:20.000Z", "what": "asked", "by": OID}.items()
    assert "Ana" not in json.dumps(both)


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("typed", "says"), [("7F3K", "'7F3K' is no reference."), ("2222-2222", "Nothing is known about")]
)
def test_what_is_not_known_is_said(capsys: pytest.CaptureFixture[str], typed: str, says: str) -> None:
    """Words that are no reference, and a reference that nobody has, exit 2 and say where to look."""
    said = line(capsys, "why", typed, status=2)
    assert said.startswith(says)
    assert "python app.py audit" in said


@pytest.mark.usefixtures("store")
def test_the_audit_is_for_people_and_for_programs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same lines as a table, as CSV with a heading and as one JSON object a line, however they are paged."""
    monkeypatch.setattr(auditing, "PAGE", 1)
    monkeypatch.setattr(audit, "PAGE", 1)
    one = {"at": "2026-09-21T14:13:20.000Z", "tenant": TENANT, "actor": OID, "action": "meet"}
    one |= {"meeting": f"room {TENANT}", "thread": "19:x", "detail": "a, b", "reference": "7F3K-92QD"}
    as_json = [json.loads(text) for text in line(capsys, "audit", "--tenant", TENANT, "--json").splitlines()]
    assert as_json == [one]
    assert list(csv.DictReader(io.StringIO(line(capsys, "audit", "--tenant", TENANT, "--csv")))) == [one]
    assert len(line(capsys, "audit", "--json").splitlines()) == 2
    table = line(capsys, "audit").splitlines()
    assert table[0].startswith("2026-09-21 14:13:20 (UTC)  ")
    assert table[-1] == "2 lines."
    assert line(capsys, "audit", "--tenant", TENANT).splitlines()[-1] == "1 line."
    assert line(capsys, "audit", "--since", "2026-09-21", "--until", "2026-09-21", "--json").count("\n") == 2
    assert line(capsys, "audit", "--until", "2026-09-21T14:13Z") == "Nobody did anything then.\n"
    assert line(capsys, "audit", "--until", "9999-12-31", "--json").count("\n") == 2
    assert "--since is 'yesterday'" in line(capsys, "audit", "--since", "yesterday", status=2)


def test_a_tenant_is_known_however_its_id_is_written(capsys: pytest.CaptureFixture[str], store: Path) -> None:
    """An id in capitals is the same tenant's, and what is no id is said instead of finding nothing."""
    shouted = "AAAAAAAA-0000-0000-0000-000000000005"
    asyncio.run(_asked(store, shouted.lower()))
    assert line(capsys, "audit", "--tenant", shouted).splitlines()[-1] == "1 line."
    assert f"Tenant {shouted.lower()}" in line(capsys, "why", "7F3K-92QD", "--tenant", shouted)
    for words in (("audit",), ("why", "7F3K-92QD"), ("forget",)):
        with pytest.raises(SystemExit, match="2"):
            line(capsys, *words, "--tenant", "contoso.com")
        assert "'contoso.com' is no id such as" in capsys.readouterr().err


@pytest.mark.usefixtures("store")
def test_forget_counts_first_and_acts_when_told_to(capsys: pytest.CaptureFixture[str]) -> None:
    """Without --yes nothing changes; with it a person, then the tenant, is gone, and a second time finds nothing."""
    person = ("forget", "--tenant", TENANT, "--user", OID)
    assert line(capsys, *person) == line(capsys, *person)
    assert "rooms: 1 row\n" in line(capsys, *person)
    assert line(capsys, *person, "--yes").splitlines()[-1].startswith("Done: ")
    assert line(capsys, *person, "--yes") == "Nothing names this person.\n"
    assert OID not in line(capsys, "audit", "--tenant", TENANT)
    assert "rows would change" in line(capsys, "forget", "--tenant", TENANT)
    assert "without this tenant now" in line(capsys, "forget", "--tenant", TENANT, "--yes")
    assert line(capsys, "forget", "--tenant", TENANT) == "Nothing names this tenant.\n"
    assert OID in line(capsys, "audit")


async def test_only_forgetting_needs_the_bot_stopped(tmp_path: Path) -> None:
    """Beside a running bot its file is read; to change it the bot is stopped first, and one that is absent is said."""
    path = tmp_path / "muster.db"
    with pytest.raises(SettingsError, match="which is not there"):
        await open_records(f"sqlite:///{path}")
    bot = await open_sqlite(str(path), owner="bot")
    await _asked(path, TENANT)
    records = await open_records(f"sqlite:///{path}")
    assert len(await records.stories("7F3K-92QD", AT)) == 1
    await records.close()
    with pytest.raises(SettingsError, match="another process uses"):
        await open_records(f"sqlite:///{path}", writing=True)
    await bot.close()
