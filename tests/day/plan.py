"""The day of a company, drawn from a seed: who asks where and when, and what is delivered twice."""

from __future__ import annotations

import hashlib
import random
from bisect import bisect
from dataclasses import dataclass, replace
from itertools import accumulate

from bot.model import Chat, ChatKind, Person, Turn, TurnKind
from bot.references import reference

MONDAY = 1_793_577_600_000
"""ms UTC of Monday, 2 November 2026, 00:00."""
TENANT = "5d2f8f0e-7f43-4a0c-8f57-0c9b1f6a2d31"
IN_A_CHAT = 12
"""People of each chat: 25,000 chats are 300,000 people."""
OVERDUE = 20
"""Minutes after its planned end by which a room has surely ended: the grace, and what limits may add."""
BEST_BEFORE = 300_000
HOUR, DAY = 3_600, 86_400
NINE = 9 * HOUR
HOURS = (1, 1, 1, 1, 2, 4, 10, 40, 110, 100, 90, 70, 50, 90, 95, 85, 70, 40, 20, 12, 8, 5, 3, 2)
"""How the meetings spread over the hours of the day, besides the minute of nine o'clock."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large a day is. `peak` is the share of meetings asked for in the minute of nine o'clock.

    Of the requests a tenth is another person's for a meeting that is there; `copies` is the share delivered again.
    `first` and `last` bound the day in seconds since midnight; a meeting is planned for so many `minutes`.
    """

    chats: int = 25_000
    meetings: int = 40_000
    peak: float = 0.03
    joining: float = 0.1
    copies: float = 0.03
    first: int = 0
    last: int = DAY
    minutes: int = 60

    @property
    def held(self) -> float:
        """Return the seconds for which a room keeps its chat's place at most."""
        return (self.minutes + OVERDUE) * 60.0


@dataclass(frozen=True, slots=True)
class Request:
    """One intent: somebody of chat number `chat` says `meet now SUBJECT` at `at` seconds after midnight.

    `joins` says that a meeting is there already; `copies` are seconds after which it is delivered again, and whether
    under a new activity id.
    """

    number: int
    chat: int
    person: int
    at: float
    joins: bool = False
    copies: tuple[tuple[float, bool], ...] = ()

    def later(self, numbers: int, *, days: int) -> Request:
        """Return the same request so many days later, as another one."""
        return replace(self, number=self.number + numbers, at=self.at + days * DAY)

    @property
    def subject(self) -> str:
        """Return words that no other request has."""
        return f"Case {self.number:05d}"

    @property
    def where(self) -> Chat:
        """Return the chat; two of three are channels."""
        kind = ChatKind.GROUP if self.chat % 3 == 0 else ChatKind.CHANNEL
        suffix = "v2" if kind is ChatKind.GROUP else "tacv2"
        name = f"place {self.chat}"
        thread_id = f"19:place{self.chat:05d}@thread.{suffix}"
        return Chat(TENANT, thread_id, kind, name=name, service_url="https://smba.example/emea/", bot_id="28:bot")

    @property
    def who(self) -> Person:
        """Return who asks."""
        number = self.chat * IN_A_CHAT + self.person
        return Person(f"29:{number:06d}", f"{number:08d}-0000-4000-8000-000000000000", f"Person {number}")

    def turn(self, copy: int, now: int) -> Turn:
        """Return what the door makes of a delivery: copy 0 is the first, and another copy another activity."""
        chat, key = self.where, _digest("turn", self.number, copy)
        root = f";messageid={self.number}" if chat.kind is ChatKind.CHANNEL else ""
        return Turn(
            turn_key=key,
            echo_key=_digest("echo", self.number),
            kind=TurnKind.SAID,
            chat=chat,
            person=self.who,
            conversation_id=chat.thread_id + root,
            activity_id=f"{self.number}.{copy}",
            received_at=now,
            expires_at=now + BEST_BEFORE,
            reference=reference(key),
            text=f"meet now {self.subject}",
            locale="en-GB",
            zone="Europe/London",
        )


def _digest(*parts: object) -> str:
    return hashlib.sha256(" ".join(map(str, parts)).encode()).hexdigest()


def draw(seed: int, sizes: Sizes) -> tuple[Request, ...]:
    """Return a day's requests in the order of their times. The same seed and sizes are the same day, always."""
    dice = random.Random(seed)  # noqa: S311 - a day has to be drawn again, not to be secret
    moments = sorted(_moments(dice, sizes))
    free_from = [0.0] * sizes.chats
    asked = [0] * sizes.chats
    requests: list[Request] = []

    def ask(chat: int, at: float, *, joins: bool) -> None:
        requests.append(Request(len(requests) + 1, chat, asked[chat], at, joins, _copies(dice, sizes)))
        asked[chat] += 1

    for at in moments:
        chat = next(  # nobody asks twice in a day, so that each answer has one question
            chat
            for chat in iter(lambda: dice.randrange(sizes.chats), -1)
            if free_from[chat] <= at and asked[chat] < IN_A_CHAT - 1
        )
        free_from[chat] = at + sizes.held
        ask(chat, at, joins=False)
        if dice.random() < sizes.joining:
            ask(chat, at + dice.choice((dice.uniform(0.001, 1.0), dice.uniform(5.0, sizes.minutes * 30.0))), joins=True)
    return tuple(sorted(requests, key=lambda request: request.at))


def _moments(dice: random.Random, sizes: Sizes) -> list[float]:
    """When meetings are asked for: on the dot at nine, and else as the hours have it."""
    in_peak = int(sizes.meetings * sizes.peak)
    peak = [NINE + min(59.9, dice.expovariate(1 / 15)) for _ in range(in_peak)]
    sums = list(accumulate(HOURS))
    others: list[float] = []
    while len(others) < sizes.meetings - in_peak:
        hour = bisect(sums, dice.random() * sums[-1])
        # A third of what people begin, they begin at the full or the half hour.
        on_the_dot = dice.choice((0, 1_800)) + dice.expovariate(1 / 60)
        at = hour * HOUR + min(HOUR - 1, on_the_dot if dice.random() < 1 / 3 else dice.uniform(0, HOUR))
        if sizes.first <= at < sizes.last:
            others.append(at)
    return peak + others


def _copies(dice: random.Random, sizes: Sizes) -> tuple[tuple[float, bool], ...]:
    """Teams delivers again after some 15 s, and now and then under a new id (facts/teams 4)."""
    if dice.random() >= sizes.copies:
        return ()
    return ((dice.uniform(0.0, 20.0), False), (dice.uniform(15.0, 30.0), True))[: dice.choice((1, 2))]
