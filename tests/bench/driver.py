"""Teams as a bench needs it: signed activities, so many at a time (closed loop) or so many a second (open loop)."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import aiohttp

from bot.sandbox.tenant import TENANT_ID
from tests.bench.world import World

PATIENCE = 30.0
ACKNOWLEDGED = range(200, 300)


@dataclass(slots=True)
class Timed:
    """What came of some requests: seconds from POST to acknowledgement and to card, and from the first to the last."""

    acknowledged: list[float] = field(default_factory=list)
    cards: list[float] = field(default_factory=list)
    refused: int = 0
    lost: int = 0
    seconds: float = 0.0


class Driver:
    """Asks one bot, each time somebody else in a chat of their own: nobody is told that a meeting is running."""

    def __init__(self, world: World, url: str, numbers: Iterator[int], *, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._world = world
        self._url = url
        self._numbers = numbers
        tenant = world.entra.stage.tenant
        text = world.activity()
        self._parts = (tenant.incidents.thread_id, TENANT_ID, tenant.ana.oid, tenant.ana.id, "1700000000000")
        self._text = text
        self._tenants = world.tenants
        self._headers = {"Authorization": f"Bearer {world.token()}", "Content-Type": "application/json; charset=utf-8"}
        # Not kept for longer than the bots themselves keep a connection open.
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=10)
        waiting = aiohttp.ClientTimeout(total=patience)
        self._session = aiohttp.ClientSession(connector=connector, timeout=waiting, trust_env=False)

    async def close(self) -> None:
        """Close the connections to the bot."""
        await self._session.close()

    async def at_once(self, count: int, many: int) -> Timed:
        """Ask `count` times, `many` at a time, each next one when a card has come."""
        timed, left = Timed(), iter(range(count))
        began = time.perf_counter()

        async def worker() -> None:
            for _ in left:
                await self._ask(timed)

        await asyncio.gather(*(worker() for _ in range(many)))
        timed.seconds = time.perf_counter() - began
        return timed

    async def per_second(self, rate: float, seconds: float) -> Timed:
        """Ask so often, however long the answers take."""
        timed = Timed()
        began = time.perf_counter()
        loop = asyncio.get_running_loop()
        asked = []
        for number in range(int(rate * seconds)):
            due = asyncio.Event()
            loop.call_later(max(0.0, began + number / rate - time.perf_counter()), due.set)
            await due.wait()
            asked.append(asyncio.create_task(self._ask(timed)))
        await asyncio.gather(*asked)
        timed.seconds = time.perf_counter() - began
        return timed

    async def _ask(self, timed: Timed) -> None:
        number = next(self._numbers)
        thread = f"19:{number:032x}@thread.tacv2"
        own = (
            thread,
            self._tenants[number % len(self._tenants)],
            f"{number:08x}-1111-4000-8000-0000000000a1",
            f"29:{number}",
        )
        text = self._text
        for old, new in zip(self._parts, (*own, str(1_700_000_000_000 + number)), strict=True):
            text = text.replace(old, new)
        card = self._world.cards[thread] = asyncio.get_running_loop().create_future()
        began = time.perf_counter()
        try:
            async with asyncio.timeout(self._patience):
                async with self._session.post(self._url, data=text.encode(), headers=self._headers) as answer:
                    await answer.read()
                timed.acknowledged.append(time.perf_counter() - began)
                if answer.status not in ACKNOWLEDGED:
                    timed.refused += 1
                    return
                timed.cards.append(await card - began)
        except (aiohttp.ClientError, TimeoutError):
            timed.lost += 1
        finally:
            self._world.cards.pop(thread, None)


def numbers() -> Iterator[int]:
    """Return numbers that were never given before in this run: whoever asks is new."""
    return itertools.count(1)
