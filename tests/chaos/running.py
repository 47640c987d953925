"""One run: a cloud, some replicas, a plan, and the verdict on what came of it."""

from __future__ import annotations

import asyncio
import signal
import time
from dataclasses import dataclass, field

from bot.sandbox.cloud import Cloud
from bot.sandbox.tenant import Chat, Person
from tests.chaos.plan import AT_ONCE, Blow, Plan, Request
from tests.chaos.process import Door, Replica, pause
from tests.chaos.verdict import ACCEPTED, Asked, Seen, Verdict, judge
from tests.chaos.weather import Weather

NAMES = ("Ana Lima", "Ben Okafor", "Ines Roth", "Omar Haddad", "Pia Berg")
LOOK_EVERY = 0.2


@dataclass(frozen=True, slots=True)
class Options:
    """How a plan is run. `store` is a MUSTER_STORE; `broken` one of `broken.BREAKS`; times are seconds or ms.

    `lease_ms` and `unclear_ms` of 0 are the product's own times. `patience` is how long everything may take after the
    last request, `quiet` how long nothing more may happen at the end.
    """

    store: str
    broken: str = ""
    lease_ms: int = 2_000
    unclear_ms: int = 1_000
    tries: int = 8
    teams_seconds: float = 3.0
    patience: float = 20.0
    quiet: float = 0.3


@dataclass(slots=True)
class Run:
    """A plan being run against a cloud."""

    cloud: Cloud
    plan: Plan
    options: Options
    chats: list[Chat] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    replicas: list[Replica] = field(default_factory=list)
    acknowledged: set[int] = field(default_factory=set)
    blows: list[int] = field(default_factory=list)

    async def verdict(self) -> Verdict:
        """Do all that the plan says, wait until everything has an outcome, and judge."""
        self._populate()
        arguments = (self.options.broken or "-", str(self.options.lease_ms), str(self.options.unclear_ms))
        self.replicas = [Replica(self.cloud, self.options.store, arguments) for _ in range(self.plan.sizes.replicas)]
        try:
            await self.replicas[0].start()  # alone, for it makes the tables
            await asyncio.gather(*(replica.start() for replica in self.replicas[1:]))
            return await self._played()
        finally:
            await asyncio.gather(*(replica.stop() for replica in self.replicas))

    async def _played(self) -> Verdict:
        door = Door(self.replicas, tries=self.options.tries, seconds=self.options.teams_seconds)
        weather = Weather(self.cloud, self.plan)
        async with asyncio.TaskGroup() as tasks:
            for request in self.plan.requests:
                tasks.create_task(self._ask(door, request))
            for blow in self.plan.blows:
                tasks.create_task(self._strike(blow))
            for at in self.plan.revocations:
                tasks.create_task(self._revoke(at))
        verdict = await self._settled()
        verdict.counts["stalls"] = weather.stalls
        verdict.counts["calls of Graph"] = len(self.cloud.journal.find(server="graph"))
        verdict.counts["calls of the connector"] = len(self.cloud.journal.find(server="teams"))
        verdict.counts["faults struck"] = sum(1 for exchange in self.cloud.journal.exchanges if exchange.fault)
        verdict.counts["blows"] = len(self.blows)
        return verdict

    async def _settled(self) -> Verdict:
        """Wait until every acknowledged request has an outcome, and then for what would come too much."""
        give_up = time.monotonic() + self.options.patience
        while (verdict := self._judged()).lost and time.monotonic() < give_up:
            await pause(LOOK_EVERY)
        await pause(self.options.quiet)
        return self._judged() if not verdict.lost else verdict

    def _judged(self) -> Verdict:
        asked = tuple(
            Asked(
                request,
                self.chats[request.chat],
                self._person(request),
                acknowledged=request.number in self.acknowledged,
            )
            for request in self.plan.requests
        )
        return judge(Seen(self.cloud, asked, tuple(self.blows), self.options.unclear_ms or 5_000))

    def _populate(self) -> None:
        """Each chat has people of its own: one person opens at most five meetings in a minute."""
        tenant = self.cloud.tenant
        for number in range(self.plan.sizes.chats):
            people = [tenant.add_person(f"{name} {number}") for name in NAMES[:AT_ONCE]]
            make = tenant.add_group_chat if number % 3 else tenant.add_channel
            self.people += people
            self.chats.append(make(f"incident {number}", *people))

    def _person(self, request: Request) -> Person:
        return self.people[request.chat * AT_ONCE + request.person]

    async def _ask(self, door: Door, request: Request) -> None:
        await pause(request.at)
        person, chat = self._person(request), self.chats[request.chat]
        first = await door.say(person, chat, f"meet now {request.subject}")
        self._taken(request, first.status)
        begun = 0.0
        for after, new_id in sorted(request.copies):
            await pause(after - begun)
            begun = after
            self._taken(request, (await door.again(first, new_id=new_id)).status)

    def _taken(self, request: Request, status: int) -> None:
        if status in ACCEPTED:
            self.acknowledged.add(request.number)

    async def _strike(self, blow: Blow) -> None:
        await pause(blow.at)
        replica = self.replicas[blow.replica]
        self.blows.append(time.time_ns() // 1_000_000)
        if blow.kind == "kill":
            await replica.kill()
            await pause(blow.lasts)
            await replica.start()
        else:
            replica.tell(signal.SIGSTOP)
            await pause(blow.lasts)
            replica.tell(signal.SIGCONT)

    async def _revoke(self, at: float) -> None:
        await pause(at)
        self.cloud.entra.revoke()


async def run(plan: Plan, options: Options) -> Verdict:
    """Run a plan in a cloud of its own and return the verdict."""
    async with Cloud() as cloud:
        return await Run(cloud, plan, options).verdict()
