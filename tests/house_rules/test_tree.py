"""What lies where, and what no file may say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

TOP = {
    *("pyproject.toml", "app.py", "bot", "cards", "manifest", "tests", "infra"),
    *("README.md", "CHANGELOG.md", "DECISIONS.md", "CONTRIBUTING.md", "LICENSE", "Makefile"),
    *(".ci", ".dockerignore", ".editorconfig", ".gitattributes", ".gitignore"),
}
# Spelt apart, so that this file passes its own rule.
MACHINE_PATHS = re.compile(r"/(?:work|farm|tmp|root|home|Users)" + r"/[a-z]")
HOSTS = re.compile("|".join((r"pypi\." + "org", r"files\.python" + "hosted", r"registry\.npm" + "js")))
TEXT = {".py", ".md", ".txt", ".toml", ".json", ".sh", ".sql", ".bicep", ".yml", ".yaml", ""}


def test_the_top_level_is_as_agreed(files: list[Path], root: Path) -> None:
    """At the top lies what DESIGN section 2 names, and nothing else."""
    assert {path.relative_to(root).parts[0] for path in files} <= TOP


def test_no_file_knows_the_machine_it_was_written_on(files: list[Path], root: Path) -> None:
    """No path of one computer and no address of a package registry stands in any file."""
    told = [
        f"{path.relative_to(root)}:{number}: {line.strip()[:80]}"
        for path in files
        if path.suffix in TEXT
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if MACHINE_PATHS.search(line) or HOSTS.search(line)
    ]
    assert told == []


def test_locks_name_no_place(root: Path) -> None:
    """The locks pin every package by version and hash and leave open where it is fetched from."""
    for name in ("serve", "demo", "test", "peers", "assurance"):
        lock = (root / "infra" / "locks" / f"{name}.txt").read_text(encoding="utf-8")
        assert "://" not in lock
        assert not re.search(r"^\s*--(?!hash)", lock, re.MULTILINE), "no index, no links, no options"
        pinned = re.findall(r"^[\w.-]+(?:\[[\w,]+\])?==\S+.*\\$", lock, re.MULTILINE)
        assert len(pinned) == len(re.findall(r"^\w.*", lock, re.MULTILINE)) > 0, "each line pins, and goes on to hashes"


def test_larger_sets_contain_the_smaller(root: Path) -> None:
    """Whoever has the test set can run the demo, who has the demo set can serve, and peers run the tests' versions."""
    pins = {
        name: set(re.findall(r"^([\w.-]+==\S+)", (root / f"infra/locks/{name}.txt").read_text("utf-8"), re.MULTILINE))
        for name in ("serve", "demo", "test", "peers", "assurance")
    }
    assert pins["serve"] < pins["demo"] < pins["test"] < pins["peers"]
    assert pins["test"] < pins["assurance"]


def test_no_module_is_called_utils(files: list[Path]) -> None:
    """Each file is named for what it does."""
    assert [path.name for path in files if re.match(r"(utils?|helpers?|misc|common)\b", path.name)] == []


def test_importing_the_app_does_nothing(root: Path) -> None:
    """`import app` with an empty environment opens no file of its own, no socket, no process, and prints nothing."""
    code = (
        "import sys\n"
        "seen = []\n"
        "wanted = ('socket.', 'subprocess.', 'os.system', 'os.exec', 'sqlite3.connect')\n"
        "sys.addaudithook(lambda event, _: seen.append(event) if event.startswith(wanted) else None)\n"
        "import app\n"
        "assert not seen, seen\n"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", code], cwd=root, env={}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
