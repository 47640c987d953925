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


def parsed(files: list[Path], root: Path, *, tests: bool) -> dict[Path, ast.Module]:
    """Return the tests' Python files, or all others, and their syntax trees."""
    chosen = (path for path in files if path.suffix == ".py" and (path.relative_to(root).parts[0] == "tests") == tests)
    return {path: ast.parse(path.read_bytes()) for path in chosen}


@pytest.fixture(scope="session")
def production(files: list[Path], root: Path) -> dict[Path, ast.Module]:
    """Every Python file that is no test, and its syntax tree."""
    return parsed(files, root, tests=False)


@pytest.fixture(scope="session")
def tests(files: list[Path], root: Path) -> dict[Path, ast.Module]:
    """Every Python file of the tests, and its syntax tree."""
    return parsed(files, root, tests=True)


@pytest.fixture(scope="session")
def modules(production: dict[Path, ast.Module], tests: dict[Path, ast.Module]) -> dict[Path, ast.Module]:
    """All of them: a worker that judges one half alone has not read the other."""
    return {**production, **tests}
