"""`new-command`: a command in an hour, by one new file and one line (EXPERIENCE 1.23)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot import scaffold
from bot.errors import UsageError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of what a new command touches and needs."""
    ignore = shutil.ignore_patterns("__pycache__")
    for folder in ("bot", "cards", "tests/commands"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_a_new_command_works_at_once(copy: Path) -> None:
    """After `new-command coffee` the command is listed, its own test passes, and so do those of all commands."""
    told = scaffold.new_command("coffee", copy)
    assert "bot/commands/coffee.py" in told[0]
    listed = (
        "from bot.commands import COMMANDS, table; assert COMMANDS[-1].name == 'coffee'; assert 'coffee' in table()"
    )
    assert ran(copy, "-c", listed) == ""
    assert "passed" in ran(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/commands/test_coffee.py")


def test_a_new_command_passes_the_gates(copy: Path) -> None:
    """What is written needs no tidying: formatter and linter have nothing to say."""
    scaffold.new_command("tea time", copy)
    written = ["bot/commands/tea_time.py", "tests/commands/test_tea_time.py", "bot/commands/__init__.py"]
    ran(copy, "-m", "ruff", "format", "--check", "--no-cache", *written)
    ran(copy, "-m", "ruff", "check", "--no-cache", *written)


def ran(folder: Path, *arguments: str) -> str:
    """What Python printed, run in a folder; it must succeed."""
    # It is a copy that runs there: nothing to trace.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_PROCESS")}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)  # noqa: S603 - ourselves
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", ["", "1st", "café", "import", "../evil", "x" * 40])
def test_a_name_that_cannot_be_is_refused(copy: Path, name: str) -> None:
    """A name that is no plain word is refused with an example, and nothing is written."""
    before = sorted(copy.rglob("*"))
    with pytest.raises(UsageError) as refused:
        scaffold.new_command(name, copy)
    assert "coffee" in refused.value.meant
    assert ("Python's own" in refused.value.meant) is (name == "import")
    assert sorted(copy.rglob("*")) == before


def test_a_command_is_never_overwritten(copy: Path) -> None:
    """A command that is there already stays as it is."""
    before = (copy / "bot/commands/help.py").read_bytes()
    with pytest.raises(UsageError, match="help"):
        scaffold.new_command("Help", copy)
    assert (copy / "bot/commands/help.py").read_bytes() == before


def test_a_list_of_another_shape_is_left_alone(copy: Path) -> None:
    """When the list of commands cannot be read, nothing is written."""
    registry = copy / "bot/commands/__init__.py"
    registry.write_text("COMMANDS = ()\n", encoding="utf-8")
    with pytest.raises(UsageError, match="nearest"):
        scaffold.new_command("coffee", copy)
    assert not (copy / "bot/commands/coffee.py").exists()
