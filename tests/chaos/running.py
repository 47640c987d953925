"""One run: a cloud, some replicas, a plan, and the verdict on what came of it."""

from __future__ import annotations

import asyncio
import re
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from bot.sandbox.cloud import Cloud
from bot.sandbox.journal import Exchange
from bot.sandbox.teams_client import Delivery
from bot.sandbox.tenant import Chat, Person
from tests.chaos.evidence import ACCEPTED, Asked, Seen, nonce
from tests.chaos.plan import AT_ONCE, Blow, Plan, Request, is_channel
from tests.chaos.process import Door, Replica, pause
from tests.chaos.pulse import Pulse
from tests.chaos.replica import LEASE_MS
from tests.chaos.touching import touch
from tests.chaos.verdict import Verdict, judge
from tests.chaos.weather import Weather

NAMES = ("Ana Lima", "Ben Okafor", "Ines Roth", "Omar Haddad", "Pia Berg")
GRANTS = ("ChannelMessage.Read.Group", "ChatMessage.Read.Chat")
LOOK_EVERY = 0.2
UNCLEAR_MS, DEADLINE_MS = 5_000, 10_000
"""R15's pause, and how long the product waits for the answer to a send."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a plan is run. `store` is a MUSTER_STORE; `broken` one of `broken.BREAKS`; times are seconds or ms.

    `lease_ms`, `deadline_ms` (of a send, less than a lease) and `unclear_ms` of 0 are the product's own times.
    `patience` is how long everything may take after the
    last request, `quiet` how long nothing more may happen at the end; `reading` lets the bot read the chats.
    """

    store: str
    broken: str = ""
    lease_ms: int = 3_000
    deadline_ms: int = 1_000
    unclear_ms: int = 1_000
    tries: int = 8
    teams_seconds: float = 3.0
    patience: float = 20.0
    quiet: float = 0.3
    reading: bool = False


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
    texts: dict[tuple[str, int], str] = field(default_factory=dict)
    pulse: Pulse = field(default_factory=Pulse)

    async def verdict(self) -> Verdict:
        """Do all that the plan says, wait until everything has an outcome, and judge."""
        self._populate()
        options = self.options
        times = (options.lease_ms, options.unclear_ms, options.deadline_ms)
        arguments = (options.broken or "-", *map(str, times))
        numbers = range(self.plan.sizes.replicas)
        self.replicas = [
            Replica(self.cloud, options.store, arguments, number=number, read=options.reading) for number in numbers
        ]
        try:
            await self.replicas[0].start()  # alone, for it makes the tables
            await asyncio.gather(*(replica.start() for replica in self.replicas[1:]))
            async with self.pulse:
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
            tasks.create_task(self._ambush())
            for at in self.plan.revocations:
                tasks.create_task(self._revoke(at))
        await self._settled()
        verdict = judge(seen := self._seen())
        await touch(seen, verdict, self.replicas[0].client, seconds=self.options.patience)
        verdict.counts["stalls"] = weather.stalls
        verdict.counts["calls of Graph"] = len(self.cloud.journal.find(server="graph"))
        verdict.counts["calls of the connector"] = len(self.cloud.journal.find(server="teams"))
        verdict.counts["faults struck"] = sum(1 for exchange in self.cloud.journal.exchanges if exchange.fault)
        verdict.counts["blows"] = len(seen.downs)
        verdict.counts["ms that the machine stood still"] = seen.lag_ms
        return verdict

    async def _settled(self) -> None:
        """Wait until every acknowledged request has an outcome and no meeting is left over, then for too much."""
        give_up = time.monotonic() + self.options.patience - self.pulse.total
        while judge(self._seen()).unsettled and time.monotonic() < give_up + self.pulse.total:
            await pause(LOOK_EVERY)
        await pause(self.options.quiet)

    def _seen(self) -> Seen:
        sent: dict[str, list[tuple[Delivery, int]]] = defaultdict(list)
        for replica in self.replicas:
            for delivery in replica.client.deliveries:
                said = re.search(r"Case \d{4}", str(delivery.activity.get("text", "")))
                sent[said[0] if said else ""].append((delivery, replica.taken_up(delivery)))
        return Seen(
            self.cloud,
            tuple(self._asked(request, sent[request.subject]) for request in self.plan.requests),
            tuple(down for replica in self.replicas for down in replica.downs),
            frozenset(post_id for replica in self.replicas for post_id in replica.stored),
            self.options.unclear_ms or UNCLEAR_MS,
            self.options.deadline_ms or DEADLINE_MS,
            self.options.lease_ms or LEASE_MS,
            self.texts,
            reading=self.options.reading,
            lag_ms=int(self.pulse.worst * 1000),
        )

    def _asked(self, request: Request, sent: list[tuple[Delivery, int]]) -> Asked:
        chat, person = self.chats[request.chat], self._person(request)
        first, _ = min(sent, key=lambda one: one[0].at, default=(None, 0))
        if first is None:
            return Asked(request, chat, person, acknowledged=False)
        return Asked(
            request,
            chat,
            person,
            acknowledged=request.number in self.acknowledged,
            at=first.at,
            copied_at=max((taken for copy, taken in sent if copy.id != first.id), default=0),
        )

    def _populate(self) -> None:
        """Each chat has people of its own: one person opens at most five meetings in a minute."""
        tenant = self.cloud.tenant
        tenant.consents = set(GRANTS) if self.options.reading else set()
        for number in range(self.plan.sizes.chats):
            people = [tenant.add_person(f"{name} {number}") for name in NAMES[:AT_ONCE]]
            make = tenant.add_channel if is_channel(number) else tenant.add_group_chat
            self.people += people
            self.chats.append(make(f"incident {number}", *people))

    def _person(self, request: Request) -> Person:
        return self.people[request.chat * AT_ONCE + request.person]

    async def _ask(self, door: Door, request: Request) -> None:
        await pause(request.at)
        person, chat = self._person(request), self.chats[request.chat]
        first = await door.say(person, chat, request.words)
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
        if blow.kind == "kill":
            await replica.kill(blow.lasts)
            return
        async with replica.frozen():
            await pause(blow.lasts)

    async def _ambush(self) -> None:
        """Freeze whoever posts next, and wake it while another replica has the same message on its way."""
        hold = partial(self.cloud.hold, "connector.post", when="after")
        for _ in range(self.plan.sizes.ambushes):
            gate = hold()
            await asyncio.wait({gate.reached}, timeout=self.plan.sizes.seconds)
            if not gate.reached.done():
                return  # nothing is posted any more
            first = gate.reached.result()
            (sleeper,) = (replica for replica in self.replicas if replica.source == first.source)
            again = hold(where=partial(_same, first))
            async with sleeper.frozen():
                gate.release()
                await asyncio.wait({again.reached}, timeout=self.options.patience)
            with suppress(TimeoutError):  # nobody else posts it meanwhile: that is as it should be
                third = partial(self._posted, nonce(first.request), 3)
                await self.cloud.until(third, seconds=self.options.deadline_ms / 1000 - 0.5)
            again.release()

    def _posted(self, message: str, times: int) -> bool:
        posts = self.cloud.journal.exchanges
        return sum(one.operation == "connector.post" and nonce(one.request) == message for one in posts) >= times

    async def _revoke(self, at: float) -> None:
        await pause(at)
        self.cloud.entra.revoke()


def _same(first: Exchange, other: Exchange) -> bool:
    return other.source != first.source and nonce(other.request) == nonce(first.request)


async def run(plan: Plan, options: Options) -> Verdict:
    """Run a plan in a cloud of its own and return the verdict."""
    async with Cloud() as cloud:
        return await Run(cloud, plan, options).verdict()
