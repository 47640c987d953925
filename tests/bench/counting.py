"""Instructions for one request where perf has no counters: under valgrind, which takes fifty times as long.

Two runs differ in nothing but how much was asked, so their difference is that of the requests.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.bench.driver import Driver
from tests.bench.process import Bot
from tests.bench.world import World
from tests.chaos.process import free_port

AT_ONCE = 8
PATIENCE = 300.0
_TOLD = re.compile(r"I\s+refs:\s+([\d,]+)")


def here() -> bool:
    """Say whether there is a valgrind."""
    return shutil.which("valgrind") is not None


async def instructions(
    world: World, module: str, numbers: Iterator[int], settings: Mapping[str, str], *, many: int
) -> float:
    """Return the instructions, in user space, of one request to a bot. Raises AssertionError."""
    few = max(AT_ONCE, many // 4)
    less = await _run(world, module, numbers, settings, few)
    return (await _run(world, module, numbers, settings, few + many) - less) / many


async def _run(world: World, module: str, numbers: Iterator[int], settings: Mapping[str, str], count: int) -> int:
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "told.txt"
        counting = ("valgrind", "--tool=cachegrind", "--cache-sim=no", f"--log-file={told}")
        environment = {**world.environment(port), **settings, "PYTHONHASHSEED": "0"}
        async with Bot(module, environment, port, (*counting, "--cachegrind-out-file=/dev/null")) as bot:
            await bot.listening()
            driver = Driver(world, bot.url, numbers, patience=PATIENCE)
            timed = await driver.at_once(count, AT_ONCE)
            await driver.close()
        found = _TOLD.search(told.read_text())
    if found is None or timed.lost or timed.refused:
        raise AssertionError(f"{module} did not answer {timed.lost + timed.refused} of {count}, and nothing is counted")
    return int(found[1].replace(",", ""))
