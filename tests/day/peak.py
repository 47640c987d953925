"""The minute of nine o'clock in real time: two replicas as processes on PostgreSQL, before the sandbox's cloud."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack

from bot.sandbox.cloud import Cloud
from bot.sandbox.tenant import Person
from tests.chaos import plan as chaos
from tests.chaos.process import pause
from tests.chaos.running import GRANTS, Options, Run
from tests.database.server import running, schema
from tests.day.plan import NINE, Request
from tests.day.verdict import at as share
from tests.journeys.harness import words

REPLICAS = 2
MOST_SAID = 10
MEETINGS_OF_ONE = 3
"""Of the same person: five in a minute are the most that Muster opens for one."""
SUBJECT = re.compile(r"Case \d{4}")


class Peak(Run):
    """A run whose people are few enough for a sandbox that looks through them all."""

    def _populate(self) -> None:
        """Each request has a chat of its own."""
        tenant, count = self.cloud.tenant, len(self.plan.requests)
        tenant.consents = set(GRANTS)
        people = [tenant.add_person(f"Person {number}") for number in range(1 + count // MEETINGS_OF_ONE)]
        self.people = [people[number % len(people)] for number in range(count)]
        for number, person in enumerate(self.people):
            make = tenant.add_channel if number % 3 else tenant.add_group_chat
            self.chats.append(make(f"place {number}", person))
        self.cloud.connector.limits.on = True

    def _person(self, request: chaos.Request) -> Person:
        return self.people[request.chat]

    async def _settled(self) -> None:
        """Count answers before judging: to judge takes the cloud's time, which belongs to the replicas."""
        bot = self.cloud.tenant.bot_id
        give_up = self.options.patience
        while sum(post.sender == bot for post in self.cloud.board.posts) < len(self.plan.requests) and give_up > 0:
            await pause(1.0)
            give_up -= 1.0
        await super()._settled()

    def waited(self) -> list[float]:
        """Return the seconds from what was said to its card, in the order of the cards."""
        said: dict[str, int] = {}
        cards: dict[str, int] = {}
        for post in self.cloud.board.posts:
            found = SUBJECT.search(post.text or words(post.versions[0]))
            if found:
                first = cards if post.sender == self.cloud.tenant.bot_id else said
                first.setdefault(found[0], post.at)
        return [(at - said[subject]) / 1000 for subject, at in cards.items()]

    def said_by_replicas(self) -> Counter[str]:
        """Count the outcomes in the replicas' logs that are not as usual."""
        lines = (
            line for replica in self.replicas for line in replica.lines if " WARNING " in line or " ERROR " in line
        )
        return Counter(re.sub(r"^\S+ \S+ | ref=\S+| ms=\S+", "", line.strip()) for line in lines)

    def acknowledged_after(self) -> list[float]:
        """Return the seconds that each delivery was waited for."""
        deliveries = [delivery for replica in self.replicas for delivery in replica.client.deliveries]
        return [(delivery.answered_at - delivery.at) / 1000 for delivery in deliveries]


async def replay(requests: Sequence[Request], store: str) -> list[str]:
    """Replay the requests of the minute of nine and return what came of it, for people to read; the last line says so.

    `store` is a MUSTER_STORE.
    """
    minute = [request for request in requests if NINE <= request.at < NINE + 60 and not request.joins]
    asked = tuple(chaos.Request(number, number - 1, 0, request.at - NINE) for number, request in enumerate(minute, 1))
    sizes = chaos.Sizes(requests=len(asked), chats=len(asked), replicas=REPLICAS, seconds=60.0, kills=0, faulty=0.0)
    options = Options(
        store, lease_ms=0, unclear_ms=0, tries=20, teams_seconds=15.0, patience=240.0, quiet=5.0, reading=True
    )
    async with Cloud() as cloud:
        run = Peak(cloud, chaos.Plan(0, sizes, asked, ()), options)
        verdict = await run.verdict()
        waited, heard, logged = run.waited(), run.acknowledged_after(), run.said_by_replicas()
    return [
        *(f"  {number:>5} times {what}" for what, number in logged.most_common(MOST_SAID)),
        f"  request to card              p50 {share(waited, 0.5):7.2f} s   p99 {share(waited, 0.99):7.2f} s",
        f"  request to acknowledgement   p50 {share(heard, 0.5):7.2f} s   p99 {share(heard, 0.99):7.2f} s",
        *verdict.lines(),
    ]


def replayed(requests: Sequence[Request]) -> list[str]:
    """Replay it on a database of its own."""
    with ExitStack() as stack:
        server = stack.enter_context(running())
        return asyncio.run(replay(requests, asyncio.run(schema(server))))
