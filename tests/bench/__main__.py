"""`make bench`: Muster on both stores beside a bare aiohttp server and a plain botbuilder bot, in turns, in one table.

Bots run one at a time, on a core of their own, each round in another order; Teams and Microsoft's cloud are one other
process. Where perf counts instructions those are compared, else the CPU time.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack

import uvloop

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
    options = parser.parse_args(arguments)
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
    rounds: list[Mapping[str, Measured]] = []
    counting = numbers()
    async with World() as world:
        for number in range(options.rounds):
            turn = names[number % len(names) :] + names[: number % len(names)]
            done: dict[str, Measured] = {}
            for name in turn:
                done[name] = await one(world, name, stores.get(name, ""), counting, options)
                print(f"round {number + 1}, {name}: {done[name].cpu * 1e3:.2f} ms of CPU a meeting", flush=True)
            rounds.append(done)
    return rounds


async def one(world: World, name: str, server: str, counting: Iterator[int], options: argparse.Namespace) -> Measured:
    """Run one bot, Muster with an empty store."""
    sizes = Sizes(options.requests, options.seconds)
    if name == PLAIN:  # it cannot keep up with 20 a second
        sizes = Sizes(saturated=max(options.requests // 25, 10), steady_seconds=0, warm=4)
    with tempfile.TemporaryDirectory(dir=DISK, prefix="muster-bench-") as folder:
        store = await schema(server) if server else f"sqlite:///{folder}/muster.db"
        return await measure(world, MODULES[name], sizes, counting, {"MUSTER_STORE": store})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
