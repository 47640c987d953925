"""One round of a bench: each bot is started anew, asked the same, measured and stopped."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from statistics import quantiles

from tests.bench.driver import Driver, Timed
from tests.bench.process import Bot, Instructions
from tests.bench.world import World
from tests.chaos.process import free_port

AT_ONCE = 64
FAR = {"graph": 0.08, "connector": 0.04, "entra": 0.08}
"""Seconds to Graph, to the connector and to Entra, as they are in reality."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much one bot is asked: how often at saturation, and for how many seconds at a rate (0: not at all)."""

    saturated: int
    steady_seconds: float
    steady_rate: float = 20.0
    warm: int = 192
    cold_seconds: float = 2.0


@dataclass(slots=True)
class Measured:
    """What one bot did in one round. Seconds and MiB; CPU seconds and instructions are for one request."""

    started: float = 0.0
    pause_cold: float = 0.0
    pause_warm: float = 0.0
    rate: float = 0.0
    cpu: float = 0.0
    instructions: float = 0.0
    acknowledged_p99: float = 0.0
    near: float = 0.0
    far: float = 0.0
    idle: float = 0.0
    after: float = 0.0
    connections: float = 0.0
    tokens: int = 0
    lost: int = 0
    calls: Mapping[str, float] = field(default_factory=dict)


async def measure(
    world: World, module: str, sizes: Sizes, numbers: Iterator[int], settings: Mapping[str, str]
) -> Measured:
    """Start a bot and ask it: far away and cold, saturated, at a steady rate near and far."""
    port = free_port()
    measured = Measured()
    world.tokens.clear()
    began = time.perf_counter()
    async with Bot(module, {**world.environment(port), **settings}, port) as bot:
        await bot.listening()
        driver = Driver(world, bot.url, numbers)
        try:
            await _start(driver, bot, measured, began)
            await _cold(world, driver, bot, measured, sizes)
            await _saturated(world, driver, bot, measured, sizes)
            if sizes.steady_seconds:
                await _steady(world, driver, bot, measured, sizes)
            measured.after = bot.memory()
            measured.tokens = max(world.tokens.values(), default=0)
        finally:
            await driver.close()
    return measured


async def _start(driver: Driver, bot: Bot, measured: Measured, began: float) -> None:
    measured.idle = bot.memory()
    first = await driver.at_once(1, 1)
    measured.started = time.perf_counter() - began
    _all_came(measured, first)


async def _cold(world: World, driver: Driver, bot: Bot, measured: Measured, sizes: Sizes) -> None:
    """The first requests of a new process, everything far away."""
    world.far(**FAR)
    await bot.beat("start")
    _all_came(measured, await driver.per_second(5, sizes.cold_seconds))
    measured.pause_cold = await bot.beat("stop")
    world.far()


async def _saturated(world: World, driver: Driver, bot: Bot, measured: Measured, sizes: Sizes) -> None:
    _all_came(measured, await driver.at_once(sizes.warm, AT_ONCE))
    connections, calls, cpu = world.connections, Counter(world.calls), bot.cpu()
    with Instructions(bot.pid) as counted:
        timed = await driver.at_once(sizes.saturated, AT_ONCE)
    count = sizes.saturated
    measured.cpu = (bot.cpu() - cpu) / count
    measured.instructions = counted.count / count
    measured.rate = len(timed.cards) / timed.seconds
    measured.acknowledged_p99 = quantiles(timed.acknowledged, n=100)[98]
    measured.connections = (world.connections - connections) / count
    measured.calls = {name: made / count for name, made in (world.calls - calls).items()}
    _all_came(measured, timed)


async def _steady(world: World, driver: Driver, bot: Bot, measured: Measured, sizes: Sizes) -> None:
    await bot.beat("start")
    near = await driver.per_second(sizes.steady_rate, sizes.steady_seconds)
    measured.pause_warm = await bot.beat("stop")
    world.far(graph=FAR["graph"])
    far = await driver.per_second(sizes.steady_rate, sizes.steady_seconds)
    world.far()
    measured.near, measured.far = (quantiles(timed.cards, n=2)[0] for timed in (near, far))
    _all_came(measured, near)
    _all_came(measured, far)


def _all_came(measured: Measured, timed: Timed) -> None:
    measured.lost += timed.lost + timed.refused
