"""What the rules look at: the files git knows, or would on `git add`."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module", autouse=True)
def nothing_is_traced(untraced: None) -> None:
    """Judge files, of which none is run."""


@pytest.fixture(scope="session")
def root() -> Path:
    """The top of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def files(root: Path) -> list[Path]:
    """Every file of the project; without git (an unpacked archive) every file outside hidden and made folders."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=root, capture_output=True, check=True, text=True).stdout  # noqa: S603 - git
        paths = [root / name for name in listed.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        paths = [path for path in root.rglob("*") if not any(part in str(path) for part in ("/.venv", "__pycache__"))]
    return sorted(path for path in paths if path.is_file())


@pytest.fixture(scope="session")
def modules(files: list[Path]) -> dict[Path, ast.Module]:
    """Every Python file and its syntax tree."""
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in files if path.suffix == ".py"}


@pytest.fixture(scope="session")
def production(modules: dict[Path, ast.Module], root: Path) -> dict[Path, ast.Module]:
    """Those of them that are not tests."""
    return {path: tree for path, tree in modules.items() if path.relative_to(root).parts[0] != "tests"}


@pytest.fixture(scope="session")
def tests(modules: dict[Path, ast.Module], root: Path) -> dict[Path, ast.Module]:
    """Those of them that are."""
    return {path: tree for path, tree in modules.items() if path.relative_to(root).parts[0] == "tests"}
