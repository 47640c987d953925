"""`python app.py`: what somebody reads who types it for the first time, or wrong, or at three in the morning."""

from __future__ import annotations

import errno
import os
import socket
import sys
from pathlib import Path

import pytest

import app
from bot import cli
from tests.operator.test_turns import SETTINGS

TENANT = "00000000-0000-0000-0000-000000000002"


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings that name a SQLite file that is not there."""
    path = tmp_path / "muster.db"
    for name, value in {**SETTINGS, "MUSTER_STORE": f"sqlite:///{path}"}.items():
        monkeypatch.setenv(name, value)
    return path


def left(*words: str) -> int | str | None:
    """Return the exit status of a command line that leaves by itself, as argparse does."""
    with pytest.raises(SystemExit) as gone:
        cli.run([*words], app.build)
    return gone.value.code


def test_help_says_what_a_command_takes(capsys: pytest.CaptureFixture[str]) -> None:
    """`help` lists the commands and the exit statuses, and `help audit` says what audit does and takes."""
    assert cli.run(["help"], app.build) == 0
    assert "Exit status: 0 done, 1 failed" in " ".join(capsys.readouterr().out.split())
    assert left("help", "audit") == 0
    told = capsys.readouterr().out
    assert "Who did what when, by object ids." in told
    assert "--since WHEN" in told
    assert left("help", "frobnicate") == 2


@pytest.mark.parametrize(
    "words",
    [
        ("turns",),
        ("turns", "drop"),
        ("why", "7F3K-92QD"),
        ("audit",),
        ("forget", "--tenant", TENANT),
        ("forget", "--tenant", TENANT, "--yes"),
    ],
)
def test_a_store_that_is_not_there_is_not_an_empty_one(
    nowhere: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    """Who looks something up, or has somebody forgotten, where the bot's file is not, is told that; no file is made."""
    assert cli.run([*words], app.build) == 2
    out, err = capsys.readouterr()
    absent = f"MUSTER_STORE is {str(nowhere)!r}, which is not there. Run this where the bot runs."
    assert (out, err) == ("", f"`{words[0]}` cannot start:\n  {absent}\n")
    assert not list(nowhere.parent.iterdir())


@pytest.mark.parametrize("words", [("audit",), ("why", "7F3K-92QD"), ("forget",), ("forget", "--tenant", TENANT)])
@pytest.mark.parametrize("typed", ["contoso", ""])
def test_a_mistyped_id_is_not_looked_for(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], typed: str
) -> None:
    """What is no id is refused: nothing is not everybody, and "nobody did anything" would be no answer to a name."""
    assert left(*words, "--user" if TENANT in words else "--tenant", typed) == 2
    assert f"{typed!r} is no id such as 00000000-" in capsys.readouterr().err


@pytest.mark.parametrize("words", [("doctor", "--next"), ("serve",)])
def test_without_settings_the_first_step_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    """Who has not registered anything yet, or is in another shell, reads how to come by the settings."""
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    assert cli.run([*words], app.build) == 2
    told = capsys.readouterr().err
    assert "python app.py register" in told
    assert "set -a; . ./muster.env" in told


def test_an_address_that_is_taken_is_said(nowhere: Path) -> None:
    """Where the port is taken, not allowed or of no machine here, the setting is named; other errors are none of it."""
    taken = OSError(errno.EADDRINUSE, "error while attempting to bind")
    said = cli.unheard(taken, "127.0.0.1", 3978)
    assert said.startswith(f"PORT is 3978, which cannot be listened on ({os.strerror(errno.EADDRINUSE)})")
    for error in (socket.gaierror(-2, "unknown"), OSError(errno.EADDRNOTAVAIL, "error while attempting to bind")):
        assert cli.unheard(error, "bot.example", 3978).startswith("HOST is 'bot.example', which is no address")
    assert cli.unheard(PermissionError(errno.EACCES, "denied", str(nowhere)), "::", 80) == ""
    assert cli.unheard(ConnectionResetError(errno.ECONNRESET, "gone"), "::", 80) == ""


def test_who_reads_only_the_beginning_sees_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """`python app.py permissions | head -1` ends quietly when `head` has read enough."""
    there, here = os.pipe()
    os.close(there)
    with os.fdopen(here, "w") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        assert cli.run(["permissions"], app.build) == 1
