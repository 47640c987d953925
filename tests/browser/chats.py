"""A person at Microsoft 365 Agents Playground, in a browser, in front of the real bot (facts/clients)."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from bot.sandbox.child import ROOT, Child, Stopped
from bot.sandbox.playground import INSTALLS_WITHIN_SECONDS
from tests.browser.tools import HERE, MissingTool, Tools, environment

CHATS = ("1:1", "group chat", "channel")
_READY = re.compile(r"ok  Playground +(http://\S+)")
_TALKS_WITHIN = 300


async def talked(tools: Tools, pictures: Path | None) -> tuple[list[str], list[str]]:
    """Say `meet now` in each kind of chat and press what the card offers; return what was seen, and what went wrong.

    Both are lines for people. Raises MissingTool when the Playground cannot be had.
    """
    command = (sys.executable, str(ROOT / "app.py"), "demo", "--playground", "--port", "0")
    with tempfile.TemporaryDirectory(prefix="muster-browser-") as folder:
        demo = Child(command, {**environment(), "MUSTER_SETUP": "off", "PYTHONUNBUFFERED": "1"}, Path(folder))
        await demo.start()
        try:
            await demo.ready(lambda: bool(_address(demo)), seconds=INSTALLS_WITHIN_SECONDS)
            return _judged(_driven(tools, _address(demo), pictures))
        except Stopped as stopped:
            told = [line.strip() for line in stopped.lines if line.startswith("  no  ")] or stopped.lines[-1:]
            raise MissingTool(f"{stopped} ({' '.join(told)})") from stopped
        finally:
            await demo.stop()


def _address(demo: Child) -> str:
    found = next(filter(None, map(_READY.search, demo.lines)), None)
    return found[1] if found else ""


def _driven(tools: Tools, address: str, pictures: Path | None) -> str:
    command = [tools.node, str(HERE / "chats.mjs"), tools.chromium, address, *([str(pictures)] if pictures else [])]
    done = subprocess.run(  # noqa: S603 - node with our own script
        command, env=environment(), stdout=subprocess.PIPE, text=True, timeout=_TALKS_WITHIN, check=False
    )
    return done.stdout


def _judged(told: str) -> tuple[list[str], list[str]]:
    visits = {visit["chat"]: visit for visit in map(json.loads, told.splitlines())}
    seen = [f"{chat:<10} {' → '.join(text[:32] for text in visit['seen'])}" for chat, visit in visits.items()]
    wrong = [f"Playground, {chat}: nobody got there" for chat in CHATS if chat not in visits]
    wrong += [f"Playground, {chat}: {visit['problem']}" for chat, visit in visits.items() if visit["problem"]]
    return seen, wrong
