"""What the browser tests need and do not bring: Node.js, what npm fetches for them, and a Chromium."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
MODULES = HERE / "node_modules"
OLDEST_NODE = 20
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
TELLING = re.compile(r"^npm error (?!code)|launch: |Error: ")
"""Which of many lines says what is wrong."""
FETCHED_WITHIN = 300
"""Seconds."""


class MissingTool(Exception):
    """Something is not here and could not be fetched; the text says what, and what would repair it."""


@dataclass(frozen=True, slots=True)
class Tools:
    """Where Node.js and Chromium are; an empty `chromium` is the one that Playwright fetched."""

    node: str
    chromium: str


def fetched() -> Tools:
    """Return the tools, fetching from npm what is not here yet; raises MissingTool."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise MissingTool(f"Node.js is not here. Repair: install {OLDEST_NODE} or newer from https://nodejs.org")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603 - node, found here
    if int(version.strip().lstrip("v").partition(".")[0]) < OLDEST_NODE:
        raise MissingTool(
            f"Node.js {version.strip()} is too old. Repair: {OLDEST_NODE} or newer from https://nodejs.org"
        )
    _packages(npm)
    chromium = _chromium(node)
    _run([node, str(HERE / "chromium.mjs"), chromium], "Chromium does not start. Repair: set CHROMIUM to one that does")
    return Tools(node, chromium)


def _packages(npm: str) -> None:
    """Fetch what package-lock.json names, unless it is here already."""
    stamp = MODULES / ".lock-digest"
    digest = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == digest:
        return
    _run([npm, "ci", "--ignore-scripts"], "npm could not fetch the renderer and what drives the browser")
    stamp.write_text(digest, encoding="utf-8")


def _chromium(node: str) -> str:
    """Return this machine's Chromium, CHROMIUM's before all others, or "" for the one that Playwright fetches."""
    candidates = [os.environ.get("CHROMIUM", ""), *(shutil.which(name) or "" for name in BROWSERS)]
    if found := next(filter(None, candidates), ""):
        return found
    if MAC.exists():
        return str(MAC)
    if not list(MODULES.glob("playwright-core/.local-browsers/chromium*")):
        fetch = [node, str(MODULES / "playwright-core" / "cli.js"), "install", "--only-shell", "chromium"]
        _run(fetch, "there is no Chromium, and Playwright could not fetch one. Repair: install it, or set CHROMIUM")
    return ""


def environment() -> dict[str, str]:
    """Return the environment for Node.js: the Chromium that Playwright fetches stays in `node_modules`."""
    return {**os.environ, "PLAYWRIGHT_BROWSERS_PATH": "0"}


def _run(command: list[str], failure: str) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - npm and Playwright, with arguments of our own
            command,
            cwd=HERE,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=FETCHED_WITHIN,
            check=False,
        )
    except subprocess.TimeoutExpired as slow:
        raise MissingTool(f"{failure} ({FETCHED_WITHIN} s were not enough)") from slow
    if done.returncode:
        said = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        telling = list(filter(TELLING.search, said)) or said or [f"exit {done.returncode}"]
        raise MissingTool(f"{failure} ({telling[0].strip()})")
