"""One day: the real engine on virtual time, between people who ask and the simulated Graph and connector."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bot.commands import COMMANDS
from bot.commands.command import Policy
from bot.delivery import Delivery
from bot.dispatch import Dispatch
from bot.errors import DoorError
from bot.lifecycle import Lifecycle
from bot.observe import Event
from bot.ports import Store
from bot.reading import Reading
from bot.worker import Engine, Worker
from tests.chaos.broken import Break
from tests.day.plan import MONDAY, Request, Sizes
from tests.day.simulated import SimulatedConnector, SimulatedGraph, Weather, Wire
from tests.day.verdict import Seen, Verdict, judge
from tests.day.virtual import Dice, VirtualClock, VirtualLoop, open_here

DOOR_TRIES = 5
"""How often a delivery that was refused with 503 comes again."""
TELL_EVERY = 1_800.0
"""Virtual seconds between two lines of progress."""

SOUND = Break()
WEATHER = Weather()
Tell = Callable[[str], None]


@dataclass(slots=True)
class Day:
    """A day being lived: one process of the bot on a SQLite file, and everything around it.

    `broken` may put something around the edges. After the last request it goes on for `afterwards` seconds; None: until
    the last card has surely said that its time is up.
    """

    seed: int
    sizes: Sizes
    requests: Sequence[Request]
    path: Path
    weather: Weather = WEATHER
    broken: Break = SOUND
    tell: Tell = lambda _: None
    opened: Callable[[Path, str], Store] = open_here
    afterwards: float | None = None
    acknowledged: dict[int, int] = field(default_factory=dict)
    events: Counter[str] = field(default_factory=Counter)

    async def lived(self) -> Verdict:
        """Live it, wait until its last card has said its last, and judge."""
        zero = MONDAY + int(self.requests[0].at) * 1000 if self.requests else MONDAY
        clock = VirtualClock(zero)
        wire = Wire(clock, MONDAY, self.weather, random.Random(f"wire {self.seed}"))  # noqa: S311 - drawn again
        graph, connector = SimulatedGraph(wire), SimulatedConnector(wire)
        worker = self._worker(clock, graph, connector)
        await worker.start()
        telling = asyncio.create_task(self._progress(clock, connector))
        async with asyncio.TaskGroup() as people:
            for number, copy, at in self._deliveries():
                await clock.sleep(at - (clock.now() - MONDAY) / 1000)
                people.create_task(self._deliver(worker, clock, self.requests[number], copy))
        await clock.sleep(self.sizes.held if self.afterwards is None else self.afterwards)
        telling.cancel()
        await worker.stop(1)
        seen = Seen(connector.posts.values(), connector.unheard, graph.meetings.values())
        verdict = judge(self.requests, self.acknowledged, seen, MONDAY)
        verdict.counts.update(wire.counts)
        verdict.counts.update(self.events)
        return verdict

    def _deliveries(self) -> list[tuple[int, int, float]]:
        """Return every delivery: which request's, 0 for a copy of the same activity, and when."""
        first = [(number, 0, request.at) for number, request in enumerate(self.requests)]
        copies = [
            (number, int(new_id), request.at + after)
            for number, request in enumerate(self.requests)
            for after, new_id in request.copies
        ]
        return sorted(first + copies, key=lambda delivery: delivery[2])

    async def _deliver(self, worker: Worker, clock: VirtualClock, request: Request, copy: int) -> None:
        for _ in range(DOOR_TRIES):
            try:
                await worker.take(request.turn(copy, clock.now()))
            except DoorError as refused:
                self.events["refused at the door with 503"] += 1
                await clock.sleep(float(refused.retry_after or 1))
            else:
                self.acknowledged.setdefault(request.number, clock.now())
                return

    def _worker(self, clock: VirtualClock, graph: SimulatedGraph, connector: SimulatedConnector) -> Worker:
        """Put the engine together as `app.build` does, around these edges."""
        how = self.broken
        chance = Dice(f"engine {self.seed}")
        store = how.wrap_store(self.opened(self.path, chance.token()))
        meetings, messenger = how.wrap_meetings(graph), how.wrap_messenger(connector)  # type: ignore[arg-type]  # as far as meetings now need it
        policy = Policy(graph.freeze, self.sizes.minutes)
        reading = Reading(connector, messenger, self._observe)
        lifecycle = Lifecycle(meetings, messenger, policy, clock, chance, self._observe)
        delivery = Delivery(messenger, clock, chance, self._observe, "en", reading)
        return Worker(Engine(store, Dispatch(COMMANDS, policy), lifecycle, delivery, clock, chance, self._observe))

    def _observe(self, event: Event) -> None:
        if event.level >= logging.ERROR:
            self.events[f"engine: {event.name}"] += 1

    async def _progress(self, clock: VirtualClock, connector: SimulatedConnector) -> None:
        began = time.monotonic()
        while True:
            await clock.sleep(TELL_EVERY)
            hour = time.strftime("%H:%M", time.gmtime(clock.now() / 1000))
            self.tell(
                f"{hour}  {len(self.acknowledged):6} asked  {len(connector.posts):6} answered"
                f"  {time.monotonic() - began:4.0f} s"
            )


def live(day: Day) -> Verdict:
    """Live a day in virtual time and return the verdict."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(day.lived())
