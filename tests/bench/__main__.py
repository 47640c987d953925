"""`make bench`: Muster on both stores beside a bare aiohttp server and a plain botbuilder bot, in turns, in one table.

Bots run one at a time, on a core of their own, each round in another order; Teams and Microsoft's cloud are one other
process. Where perf counts instructions those are compared, else the CPU time; `--count` counts under valgrind.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager

import uvloop

from tests.bench import counting
from tests.bench.driver import numbers
from tests.bench.rounds import Measured, Sizes, measure
from tests.bench.table import BARE, COLUMNS, PLAIN, POSTGRES, SQLITE, machine, markdown, void
from tests.bench.world import World
from tests.database.server import available, running, schema

MODULES = {BARE: "bare", PLAIN: "plain", SQLITE: "muster", POSTGRES: "muster"}
DISK = "/var/tmp"  # noqa: S108 - a disk's, for a commit in memory costs nothing; what is made in it has its own name


def main(arguments: list[str]) -> int:
    """Run the rounds and print the table; 0, or 1 when the run is void or something was lost."""
    parser = argparse.ArgumentParser(prog="python app.py test bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=1_500, help="at saturation, for each bot and round")
    parser.add_argument("--seconds", type=float, default=3.0, help="at 20 a second, twice for each bot and round")
    parser.add_argument(
        "--only", action="append", choices=COLUMNS, default=[], help="without it: all that can run here"
    )
    parser.add_argument("--count", action="store_true", help="count instructions under valgrind: minutes more")
    options = parser.parse_args(arguments)
    if options.count and not counting.here():
        parser.error("--count needs valgrind")
    with ExitStack() as stack:
        stores = {SQLITE: ""}
        if available():
            server = stack.enter_context(running(()))
            stores[POSTGRES] = server
        names = [name for name in COLUMNS if name in {BARE, PLAIN, *stores} and name in (options.only or COLUMNS)]
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            rounds = runner.run(bench(names, stores, options))
    print("\n".join(["", machine(), "", *markdown(rounds)]))
    why = void(rounds) if {BARE, PLAIN} <= set(names) else "without both baselines nothing is compared"
    if why:
        print(f"\nVOID: {why}")
    lost = sum(measured.lost for done in rounds for measured in done.values())
    return int(bool(why or lost))


async def bench(
    names: list[str], stores: Mapping[str, str], options: argparse.Namespace
) -> list[Mapping[str, Measured]]:
    """Run every bot once in each round, and return what was measured."""
    rounds: list[dict[str, Measured]] = []
    numbered = numbers()
    async with World() as world:
        for number in range(options.rounds):
            rounds.append({})
            for name in names[number % len(names) :] + names[: number % len(names)]:
                async with settings(stores.get(name, "")) as its:
                    measured = await measure(world, MODULES[name], sizes(name, options), numbered, its)
                rounds[-1][name] = measured
                print(f"round {number + 1}, {name}: {measured.cpu * 1e3:.2f} ms of CPU a meeting", flush=True)
        for name in names if options.count else ():
            async with settings(stores.get(name, "")) as its:
                many = 8 if name == PLAIN else 200
                counted = await counting.instructions(world, MODULES[name], numbered, its, many=many)
            print(f"{name}: {counted / 1e6:.2f} M instructions a meeting", flush=True)
            for done in rounds:
                done[name].instructions = counted
    return list(rounds)


def sizes(name: str, options: argparse.Namespace) -> Sizes:
    """Return how much a bot is asked; a plain botbuilder bot cannot keep up with 20 a second."""
    if name == PLAIN:
        return Sizes(saturated=max(options.requests // 25, 10), steady_seconds=0, warm=4)
    return Sizes(options.requests, options.seconds)


@asynccontextmanager
async def settings(server: str) -> AsyncIterator[dict[str, str]]:
    """Return the settings of an empty store: a file, or a schema of its own in a running server."""
    with tempfile.TemporaryDirectory(dir=DISK, prefix="muster-bench-") as folder:
        yield {"MUSTER_STORE": await schema(server) if server else f"sqlite:///{folder}/muster.db"}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
