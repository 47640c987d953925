"""`python app.py turns`: what was set aside after its fifth failure, to run again or to forget (ENGINE C3)."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from datetime import UTC, datetime

from bot.errors import UsageError
from bot.leases import Stuck
from bot.ports import Store
from bot.settings import Settings
from bot.store.opening import open_store, seen
from bot.stories import spelled

MOST = 1_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options of `turns`."""
    steps = "list what was set aside (the default), replay: let it run again, drop: forget it"
    parser.add_argument("step", choices=("list", "replay", "drop"), nargs="?", default="list", help=steps)
    parser.add_argument("key", nargs="?", default="", help="a key, its beginning, or a reference (default: all)")


def run(options: argparse.Namespace) -> int:
    """Do the step on the store of the settings. Raises SettingsError, StoreError."""
    try:
        print("\n".join(asyncio.run(_run(options.step, options.key))))
    except UsageError as error:
        print(error.meant, file=sys.stderr)
        return 2
    return 0


async def _run(step: str, key: str) -> list[str]:
    store = await open_store(seen(Settings.from_env().store.reveal()), owner="turns")
    try:
        return await done(store, step, key)
    finally:
        await store.close()


async def done(store: Store, step: str, key: str) -> list[str]:
    """Do one step, `list`, `replay` or `drop`, and return the lines to print.

    `key` is a turn's key, the beginning of one, or its reference; empty: all of them. Raises UsageError for a key
    that is none of theirs, StoreError.
    """
    found = [turn for turn in await store.stuck(MOST) if not key or _is(turn, key)]
    if key and not found:
        raise UsageError(key, f"No turn that was set aside has the key {key!r}. See them: python app.py turns list")
    if not found:
        return ["Nothing was set aside."]
    if step == "list":
        return [_line(turn) for turn in found]
    changed = 0
    for turn in found:
        again = store.replay(turn.turn_key, int(time.time() * 1000)) if step == "replay" else store.drop(turn.turn_key)
        changed += await again
    return [f"{changed} will run again." if step == "replay" else f"{changed} forgotten."]


def _is(turn: Stuck, key: str) -> bool:
    return turn.turn_key.startswith(key) or turn.reference == spelled(key)


def _line(turn: Stuck) -> str:
    at = datetime.fromtimestamp(turn.received_at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"{turn.turn_key[:12]}  {turn.reference}  {turn.kind}  {at} UTC  {turn.thread_id}"
