"""`make day`: a company of 300,000 people lives a Monday, and the verdict says what was lost or doubled.

The day is lived in virtual time by the real engine, against a Graph and a connector that keep Microsoft's limits. Then
SQLite's work for one request is counted beside ever more rooms, and the minute of nine o'clock is replayed in real time
by two replicas on PostgreSQL. SEED draws another day, BREAK lives it with a build broken on purpose.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.chaos.broken import BREAKS
from tests.database.server import NOT_HERE, available
from tests.day.growth import steps
from tests.day.peak import replayed
from tests.day.plan import IN_A_CHAT, Sizes, draw
from tests.day.running import Day, live

BROKEN = ("dedupe", "intent", "retry-post")
"""The breaks that come to light without anybody being killed."""
GROWN = (1_000, 1_000_000)
FLAT = 1.2
PARTS = ("day", "growth", "peak")


def main(arguments: list[str]) -> int:
    """Run what the command line asks for; 0 is green, 1 is red."""
    whole = Sizes()
    parser = argparse.ArgumentParser(
        prog="python -m tests.day", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=None, help="draws the day (default: a new one, which is printed)")
    parser.add_argument("--chats", type=int, default=whole.chats)
    parser.add_argument("--meetings", type=int, default=whole.meetings)
    parser.add_argument("--break", dest="broken", choices=BROKEN, default="", help="a broken build; it comes out red")
    parser.add_argument("--only", choices=PARTS, default="", help="one part alone")
    options = parser.parse_args(arguments)
    seed = options.seed if options.seed is not None else secrets.randbelow(1_000_000)
    sizes = Sizes(chats=options.chats, meetings=options.meetings)
    print(f"seed {seed}: {sizes.chats:,} chats, {sizes.chats * IN_A_CHAT:,} people, {sizes.meetings:,} meetings")
    wanted = [part for part in PARTS if options.only in {"", part}] if not options.broken else ["day"]
    green = [_part(part, seed, sizes, options.broken) for part in wanted]
    return int(not all(green))


def _part(part: str, seed: int, sizes: Sizes, broken: str) -> bool:
    began = time.monotonic()
    parts: dict[str, Callable[[], bool]] = {
        "day": partial(_day, seed, sizes, broken),
        "growth": _growth,
        "peak": partial(_peak, seed, sizes),
    }
    green = parts[part]()
    print(f"  ({time.monotonic() - began:.0f} s)", flush=True)
    return green


def _day(seed: int, sizes: Sizes, broken: str) -> bool:
    print(f"\nthe day in virtual time{f', broken: {broken}' if broken else ''}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "day.db"
        verdict = live(Day(seed, sizes, draw(seed, sizes), path, broken=BREAKS[broken], tell=_progress))
    if sys.stdout.isatty():
        print("\r\x1b[K", end="")
    print("\n".join(verdict.lines()))
    return verdict.green


def _progress(line: str) -> None:
    """Say how far the day is: on a terminal in one line that changes, else every two hours."""
    if sys.stdout.isatty():
        print(f"\r\x1b[K  {line}", end="", flush=True)
    elif line[:5].endswith("00") and int(line[:2]) % 2 == 0:
        print(f"  {line}", flush=True)


def _growth() -> bool:
    print("\nSQLite's steps for one request, beside so many rooms", flush=True)
    counted = []
    for rooms in GROWN:
        with tempfile.TemporaryDirectory() as folder:
            counted.append(steps(Path(folder) / "grown.db", rooms))
        print(f"  {rooms:>9,}  {counted[-1]:9.0f}", flush=True)
    flat = counted[-1] <= FLAT * counted[0]
    print(f"{'green' if flat else 'RED'}: {counted[-1] / counted[0]:.2f} times as much")
    return flat


def _peak(seed: int, sizes: Sizes) -> bool:
    print("\nnine o'clock in real time: two replicas on PostgreSQL, the sandbox's cloud", flush=True)
    if not available():
        print(f"left out: {NOT_HERE}")
        return True
    lines = replayed(draw(seed, sizes))
    print("\n".join(lines))
    return lines[-1].startswith("green")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
