"""What the browser tests keep in the repository: what a screen reader finds on each card, and the README's pictures."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.text import Text

from bot.sandbox.child import ROOT
from tests.browser.tools import HERE
from tests.browser.verdict import heard_otherwise

ARIA = HERE / "aria"
PICTURES = ROOT / "infra" / "pictures"
CHOSEN = {"open-en-light-800": "open.png", "open-en-dark-320": "open-phone-dark.png"}
"""Which drawings of the gallery README shows, by the names they have there."""
LARGEST = 60_000
"""Bytes."""


def differences(spoken: Mapping[str, str]) -> list[str]:
    """Return how what a screen reader finds now differs from what is kept, as lines."""
    kept = {path.stem: path.read_text(encoding="utf-8") for path in ARIA.glob("*.txt")}
    return [
        line
        for language in sorted({*kept, *spoken})
        for line in heard_otherwise(language, kept.get(language, ""), spoken.get(language, ""))
    ]


def keep(spoken: Mapping[str, str], drawn: Path) -> None:
    """Write what a screen reader finds and the README's pictures anew; `drawn` has the gallery's pictures."""
    shutil.rmtree(ARIA, ignore_errors=True)
    ARIA.mkdir()
    for language, text in spoken.items():
        (ARIA / f"{language}.txt").write_text(text, encoding="utf-8")
    PICTURES.mkdir(exist_ok=True)
    for name, called in CHOSEN.items():
        shutil.copyfile(drawn / f"{name}.png", PICTURES / called)
    (PICTURES / "demo.svg").write_text(_terminal(_demo()), encoding="utf-8")
    large = [path.name for path in PICTURES.iterdir() if path.stat().st_size > LARGEST]
    if large:
        raise ValueError(f"larger than {LARGEST} bytes: {', '.join(large)}")


def _demo() -> str:
    """Return what `make demo` shows in a terminal of its first request."""
    reads, writes = os.openpty()
    environ = {**os.environ, "TERM": "xterm", "COLUMNS": "80", "MUSTER_SETUP": "off"}
    command = [sys.executable, str(ROOT / "app.py"), "demo", "--port", "0", "--say", "@Muster meet now Retro"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=writes, env=environ) as child:  # noqa: S603 - ours
        os.close(writes)
        said: list[str] = []
        # Linux raises an error when the other end of a terminal is closed.
        with open(reads, encoding="utf-8", newline="") as terminal, contextlib.suppress(OSError):  # noqa: PTH123 - a descriptor has no path
            said.extend(terminal)
        child.wait()
    return "".join(said).replace("\r", "")


def _terminal(text: str) -> str:
    """Return a picture of a terminal that shows a text; it fetches no font."""
    console = Console(record=True, width=80, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(f"$ make demo\n{text}".rstrip()))
    drawn = console.export_svg(title="make demo", unique_id="demo")
    return re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)
