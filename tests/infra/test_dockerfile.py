"""infra/Dockerfile: what the production image is and is not."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "infra" / "Dockerfile").read_text(encoding="utf-8")


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
    """Nothing that plays Microsoft is shipped: the build never sees bot/sandbox."""
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignored.index("!bot") < ignored.index("bot/sandbox")
    assert "tests" not in DOCKERFILE


def test_everything_copied_is_there() -> None:
    """Each path that the image copies exists in the checkout and is let through to the build."""
    let_through = [
        line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] == "!"
    ]
    for line in re.findall(r"^COPY (?!--)(.+)$", DOCKERFILE, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert any(source == path or source.startswith(f"{path}/") for path in let_through), source


def test_the_image_asks_the_bot_how_it_is() -> None:
    """The health check asks /healthz with Python, since a slim image has no curl, and its code compiles."""
    (code,) = re.findall(r'CMD \["\.venv/bin/python", "-c", "(.+)"\]', DOCKERFILE)
    compile(code.replace('\\"', '"'), "healthcheck", "exec")
    assert "/healthz" in code
