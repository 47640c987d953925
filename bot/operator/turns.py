"""`python app.py turns`: what was set aside after its fifth failure, to run again or to forget (ENGINE C3)."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time

from bot.errors import UsageError
from bot.leases import Stuck
from bot.ports import Store
from bot.settings import Settings
from bot.store.opening import open_store, seen
from bot.stories import spelled
from cards.times import exact

MOST = 1_000
WHICH = "Which one? `turns drop 7F3K-92QD` forgets one for ever, `turns drop --all` all that `turns list` shows."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options of `turns`."""
    steps = "list what was set aside (the default), replay: let it run again, drop: forget it"
    parser.add_argument("step", choices=("list", "replay", "drop"), nargs="?", default="list", help=steps)
    what = "a key, its beginning, or a reference (default: all, but for drop)"
    parser.add_argument("key", nargs="?", default="", help=what)
    parser.add_argument("--all", action="store_true", help="all of them")


def run(options: argparse.Namespace) -> int:
    """Do the step on the store of the settings. Raises SettingsError, StoreError."""
    try:
        print("\n".join(asyncio.run(_run(options.step, options.key, everything=options.all))))
    except UsageError as error:
        print(error.meant, file=sys.stderr)
        return 2
    return 0


async def _run(step: str, key: str, *, everything: bool) -> list[str]:
    store = await open_store(seen(Settings.from_env().store.reveal()), owner="turns")
    try:
        return await done(store, step, key, everything=everything)
    finally:
        await store.close()


async def done(store: Store, step: str, key: str = "", *, everything: bool = False) -> list[str]:
    """Do one step, `list`, `replay` or `drop`, and return the lines to print.

    `key` is a turn's key, the beginning of one, or its reference; empty: all of them, which has to be said to `drop`
    what nobody gets back. Raises UsageError for that, and for a key that is none of theirs, StoreError.
    """
    if key and everything:
        raise UsageError(key, f"--all is all of them, and {key!r} is one. Which is it?")
    if step == "drop" and not (key or everything):
        raise UsageError(key, WHICH)
    found = [turn for turn in await store.stuck(MOST) if not key or _is(turn, key)]
    if key and not found:
        raise UsageError(key, f"No turn that was set aside has the key {key!r}. See them: python app.py turns list")
    if not found:
        return ["Nothing was set aside."]
    if step == "drop" and len(found) > 1 and not everything:
        raise UsageError(key, f"Two or more begin with {key!r}. See them: python app.py turns list")
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
    return f"{turn.turn_key[:12]}  {turn.reference}  {turn.kind}  {exact(turn.received_at)}  {turn.thread_id}"
