"""infra/Dockerfile: what the production image is and is not."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from functools import cache
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parents[2]
IMPORT = re.compile(r"^\s*(?:from|import) ((?:bot|cards|tests)(?:\.[\w.]+)?)(?=\s)", re.MULTILINE)
DOCKERFILE = (ROOT / "infra" / "Dockerfile").read_text(encoding="utf-8")


def copied() -> list[str]:
    """What the final image copies from the checkout."""
    final = DOCKERFILE.split("\nFROM ")[-1]
    return [source for line in re.findall(r"^COPY (?!--)(.+)$", final, re.MULTILINE) for source in line.split()[:-1]]


def let_through(path: str) -> bool:
    """Say whether .dockerignore lets a path through: its last rule that fits the path or a folder of it counts."""
    folders = [path, *(str(parent) for parent in PurePosixPath(path).parents)]
    through = True
    for rule in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = rule.removeprefix("!").removeprefix("**/")
        fits = any(fnmatch(name, pattern) or ("**/" in rule and fnmatch(Path(name).name, pattern)) for name in folders)
        if rule and not rule.startswith("#") and fits:
            through = rule.startswith("!")
    return through


@cache
def in_the_image() -> frozenset[str]:
    """Every file of the checkout that the final image has."""
    found: set[str] = set()
    for source in copied():
        path = ROOT / source
        files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
        found |= {name for file in files if let_through(name := file.relative_to(ROOT).as_posix())}
    return frozenset(found)


def test_hadolint_has_nothing_to_say() -> None:
    """The Dockerfile follows the practices that its linter knows."""
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("hadolint is not installed")
    said = subprocess.run([hadolint, str(ROOT / "infra" / "Dockerfile")], capture_output=True, text=True, check=False)  # noqa: S603 - the linter found above
    assert (said.stdout, said.returncode) == ("", 0)


def test_the_process_is_not_root() -> None:
    """The bot runs as a numbered user without a home."""
    final = DOCKERFILE.split("\nFROM ")[-1]
    assert re.search(r"^USER 10001$", final, re.MULTILINE)
    assert final.index("USER 10001") < final.index("ENTRYPOINT")


def test_the_sandbox_stays_out_of_the_image() -> None:
    """Nothing that plays Microsoft and no test is shipped: of the bot, only what answers people."""
    image = in_the_image()
    assert {"app.py", "bot/cli.py", "bot/operator/register.py", "infra/locks/serve.txt"} <= image
    assert [path for path in image if re.match(r"bot/sandbox/|tests/|infra/(?!locks/serve)|.*__pycache__", path)] == []


def test_the_image_has_what_its_modules_import() -> None:
    """No module of the image needs one that stayed outside, other than the demo and the tests, which are not there."""
    image = in_the_image()
    for path in image:
        if not path.endswith(".py"):
            continue
        for name in IMPORT.findall((ROOT / path).read_text(encoding="utf-8")):
            place = name.replace(".", "/")
            there = {f"{place}.py", f"{place}/__init__.py"} & image or any(one.startswith(f"{place}/") for one in image)
            assert there or name == "bot.sandbox", f"{path} imports {name}"


def test_everything_copied_is_there() -> None:
    """Each path that the image copies exists in the checkout and is let through to the build."""
    for source in copied():
        assert (ROOT / source).exists(), source
        assert any(path == source or path.startswith(f"{source}/") for path in in_the_image()), source


def test_what_is_secret_stays_outside_the_build() -> None:
    """Settings files, databases and keys that lie in the checkout never reach the build."""
    for path in (
        "muster.env",
        "infra/secrets/database-password",
        "muster.db",
        ".env",
        "bot/sandbox/ca.py",
        "certs/a.pem",
    ):
        assert not let_through(path), path


def test_the_image_writes_nothing_of_its_own() -> None:
    """A read-only root does: Python writes no bytecode, and nobody's home is there to be written to."""
    final = DOCKERFILE.split("\nFROM ")[-1]
    assert "PYTHONDONTWRITEBYTECODE=1" in final
    assert "--no-create-home" in final
    assert "chown" not in final, "the bot may not change its own files"
    assert "VOLUME" not in final


def test_the_image_asks_the_bot_how_it_is() -> None:
    """The health check asks /healthz with Python, since a slim image has no curl, and its code compiles."""
    (code,) = re.findall(r'CMD \["\.venv/bin/python", "-c", "(.+)"\]', DOCKERFILE)
    compile(code.replace('\\"', '"'), "healthcheck", "exec")
    assert "/healthz" in code
