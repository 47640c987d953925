"""Restarts the bot when its code changes, so that a saved file is what the chat talks to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

LOOKS_EVERY_SECONDS = 1.0
WATCHED = ("app.py", "bot", "cards")
_KINDS = frozenset({".py", ".sql", ".json"})

State = dict[Path, int]
Pause = Callable[[float], Awaitable[None]]


def snapshot(root: Path) -> State:
    """Return when each file of the bot below `root` was last written, in ns."""
    state: State = {}
    for name in WATCHED:
        path = root / name
        files = [path] if path.is_file() else path.rglob("*")
        for file in files:
            if file.suffix in _KINDS:
                try:
                    state[file] = file.stat().st_mtime_ns
                except OSError:
                    # Saved by renaming: it is there again at the next look.
                    continue
    return state


def changed(before: State, after: State) -> list[Path]:
    """Return the files that were written, added or removed, in order of their names."""
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))


async def watch(root: Path, restart: Callable[[list[Path]], Awaitable[None]], pause: Pause = asyncio.sleep) -> None:
    """Call `restart` with the changed files after each change below `root`, until cancelled."""
    state = await asyncio.to_thread(snapshot, root)
    while True:
        await pause(LOOKS_EVERY_SECONDS)
        now = await asyncio.to_thread(snapshot, root)
        files = changed(state, now)
        state = now
        if files:
            await restart(files)
