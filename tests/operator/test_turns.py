"""`python app.py turns`: what was set aside can be seen, run again or forgotten."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import cli
from bot.errors import SettingsError, UsageError
from bot.leases import Stuck
from bot.operator import turns
from bot.store.sqlite import open_sqlite

SETTINGS = {
    "MicrosoftAppId": "00000000-0000-0000-0000-000000000001",
    "MicrosoftAppPassword": "secret",
    "MicrosoftAppTenantId": "00000000-0000-0000-0000-000000000002",
}


class Shelf:
    """A store with turns that were set aside."""

    def __init__(self, *found: Stuck) -> None:
        self.found = list(found)
        self.replayed: list[str] = []

    async def stuck(self, limit: int) -> list[Stuck]:
        """Return them."""
        return self.found[:limit]

    async def replay(self, turn_key: str, now: int) -> bool:
        """Keep which is to run again."""
        self.replayed.append(turn_key)
        return now > 0

    async def drop(self, turn_key: str) -> bool:
        """Forget one."""
        self.found = [turn for turn in self.found if turn.turn_key != turn_key]
        return True


def stuck(key: str, reference: str) -> Stuck:
    """Return a turn that was set aside."""
    return Stuck(key, "said", reference, "19:x", 1_790_000_000_000, 5)


@pytest.fixture
def shelf() -> Shelf:
    """Two turns."""
    return Shelf(stuck("aa" * 32, "7F3K-92QD"), stuck("bb" * 32, "7F3K-92QE"))


async def test_list_shows_reference_and_time(shelf: Shelf) -> None:
    """The list has one line for each, with what a person would read out."""
    first, second = await turns.done(shelf, "list", "")  # type: ignore[arg-type]  # only what the step asks of a store
    assert first == "aaaaaaaaaaaa  7F3K-92QD  said  2026-09-21 14:13:20 (UTC)  19:x"
    assert "7F3K-92QE" in second
    assert await turns.done(Shelf(), "list", "") == ["Nothing was set aside."]  # type: ignore[arg-type]  # as above


async def test_one_is_chosen_by_key_or_reference(shelf: Shelf) -> None:
    """The beginning of a key or the reference, however it is typed, choose one; no other is touched."""
    said = await turns.done(shelf, "replay", "7f3k92qe")  # type: ignore[arg-type]  # as above
    assert (said, shelf.replayed) == (["1 will run again."], ["bb" * 32])
    assert await turns.done(shelf, "drop", "aa") == ["1 forgotten."]  # type: ignore[arg-type]  # as above
    with pytest.raises(UsageError):
        await turns.done(shelf, "drop", "7F3K-0000")  # type: ignore[arg-type]  # as above


async def test_all_are_forgotten_only_when_all_are_said(shelf: Shelf) -> None:
    """Without a reference, with an empty one and with a beginning that several have, nobody's request is dropped."""
    alike = Shelf(*shelf.found, stuck("ab" * 32, "7F3K-92QF"))
    for key, says in (("", "turns drop --all"), ("a", "Two or more begin with 'a'")):
        with pytest.raises(UsageError) as caught:
            await turns.done(alike, "drop", key)  # type: ignore[arg-type]  # as above
        assert says in caught.value.meant
    with pytest.raises(UsageError):
        await turns.done(alike, "drop", "aa", everything=True)  # type: ignore[arg-type]  # as above
    assert len(alike.found) == 3
    assert await turns.done(alike, "drop", everything=True) == ["3 forgotten."]  # type: ignore[arg-type]  # as above
    assert await turns.done(alike, "drop", everything=True) == ["Nothing was set aside."]  # type: ignore[arg-type]  # as above
    assert await turns.done(shelf, "replay", "") == ["2 will run again."]  # type: ignore[arg-type]  # as above


def test_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The command opens the store that the settings name; an unknown key exits 2 and says what to do."""
    (tmp_path / "muster.db").touch()
    for name, value in {**SETTINGS, "MUSTER_STORE": f"sqlite:///{tmp_path}/muster.db"}.items():
        monkeypatch.setenv(name, value)
    assert cli.run(["turns"], build=lambda _: pytest.fail("nothing is served")) == 0
    assert capsys.readouterr().out == "Nothing was set aside.\n"
    assert cli.run(["turns", "drop", "7F3K-92QD"], build=lambda _: pytest.fail("nothing is served")) == 2
    assert "python app.py turns list" in capsys.readouterr().err
    assert cli.run(["turns", "drop"], build=lambda _: pytest.fail("nothing is served")) == 2
    assert "turns drop --all" in capsys.readouterr().err
    assert cli.run(["turns", "drop", "--all"], build=lambda _: pytest.fail("nothing is served")) == 0


async def test_a_running_bot_keeps_its_store(tmp_path: Path) -> None:
    """While the bot runs, its SQLite file is its own: the command says so and exits 2."""
    store = await open_sqlite(str(tmp_path / "muster.db"), owner="bot")
    with pytest.raises(SettingsError, match="another process uses"):
        await open_sqlite(str(tmp_path / "muster.db"), owner="turns")
    await store.close()
