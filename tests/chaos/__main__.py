"""`make chaos`: replicas are killed and frozen while people ask, and the verdict says what was lost or done twice.

SEED draws another plan, MINUTES sets the length, BREAK runs a build broken on purpose, `--proof` runs all of those.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from tests.chaos.broken import BREAKS
from tests.chaos.plan import Plan, Sizes, draw
from tests.chaos.proofs import SIZES
from tests.chaos.proofs import options as hurried
from tests.chaos.running import Options, run
from tests.chaos.verdict import Verdict
from tests.database.server import available, running, schema

LEASE_SECONDS = 30.0
STALL_SECONDS = 11.0
"""A little longer than the ten seconds for which anybody waits for an answer: who hung up is then beyond doubt."""


def main(arguments: list[str]) -> int:
    """Run what the command line asks for; 0 is green, 1 is red (with `--proof`: 0 when every broken build is red)."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--requests", type=int, default=1_000)
    parser.add_argument("--chats", type=int, default=200)
    parser.add_argument("--replicas", type=int, default=3)
    parser.add_argument("--store", default="", help="a MUSTER_STORE; without one a database of its own is started")
    parser.add_argument("--break", dest="broken", choices=[name for name in BREAKS if name], default="")
    parser.add_argument("--reading", action="store_true", help="the chats let the bot read: no card may be doubled")
    parser.add_argument("--proof", action="store_true", help="run every broken build and say which came out red")
    parser.add_argument("--sound", action="store_true", help="with --proof: run the sound build under the same plans")
    options = parser.parse_args(arguments)
    seed = options.seed if options.seed is not None else secrets.randbelow(1_000_000)
    if options.proof:
        return proof(seed, sound=options.sound)
    if options.broken:
        return 0 if short(options.broken, seed).green else 1
    sizes = Sizes(
        requests=options.requests,
        chats=options.chats,
        replicas=options.replicas,
        seconds=options.minutes * 60,
        kills=max(1, round(options.minutes * 1.2)),
        freezes=max(1, round(options.minutes * 0.6)),
        lease=LEASE_SECONDS,
        stall=STALL_SECONDS,
        topical=0.3,
    )
    return 0 if long(draw(seed, sizes), options.store, reading=options.reading).green else 1


def long(plan: Plan, store: str, *, reading: bool = False) -> Verdict:
    """Run a plan with the product's own times."""
    options = Options(
        "", lease_ms=0, deadline_ms=0, unclear_ms=0, tries=20, teams_seconds=15.0, patience=240.0, quiet=40.0
    )
    return shown(plan, replace(options, store=store, reading=reading))


def short(broken: str, seed: int, *, sound: bool = False) -> Verdict:
    """Run the plan that a broken build fails."""
    return shown(draw(seed, SIZES[broken]), hurried(broken, sound=sound))


def shown(plan: Plan, options: Options) -> Verdict:
    """Run, print what came of it, return the verdict."""
    sizes = plan.sizes
    told = f" BREAK={options.broken}" if options.broken else " READING=1" if options.reading else ""
    print(
        f"chaos SEED={plan.seed}{told}: {sizes.requests} requests, {sizes.chats} chats, {sizes.replicas} replicas, "
        f"{sizes.seconds:.0f} s, {sizes.kills} kills, {sizes.freezes} freezes",
        flush=True,
    )
    began = time.monotonic()
    with ExitStack() as stack:
        store = options.store or own_store(stack)
        verdict = asyncio.run(run(plan, replace(options, store=store)))
    print("\n".join(verdict.lines()), f"in {time.monotonic() - began:.0f} s, SEED={plan.seed}", flush=True)
    return verdict


def own_store(stack: ExitStack) -> str:
    """Return the address of a new database that goes with the run: PostgreSQL where it is there, else a SQLite file."""
    if available():
        return asyncio.run(schema(stack.enter_context(running())))
    print("no PostgreSQL here: the replicas share a SQLite file, which only tests may do", flush=True)
    return f"sqlite:///{Path(stack.enter_context(tempfile.TemporaryDirectory())) / 'chaos.db'}"


def proof(seed: int, *, sound: bool) -> int:
    """Run every broken build; return 0 when each came out red (`sound`: the real one, and when it never did)."""
    verdicts = {name: short(name, seed, sound=sound) for name in SIZES}
    print(f"\n{'BREAK':<12} {'verdict':<8} found by the rules")
    for name, verdict in verdicts.items():
        rules = ", ".join(f"{rule} ({times})" for rule, times in verdict.rules.items())
        print(f"{name:<12} {'green' if verdict.green else 'RED':<8} {rules or 'none'}")
    return int(any(verdict.green is not sound for verdict in verdicts.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
