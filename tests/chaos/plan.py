"""A plan drawn from a seed: who asks where and when, what is delivered again, what fails, who dies (ENGINE 5).

The same seed and sizes are the same plan, always; what a computer does with it in detail is not.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

GRAPH_FAULTS = ("429", "429-waits", "503", "reset", "reset-after", "504-after", "token-revoked", "stall", "forbidden")
CONNECTOR_FAULTS = (
    "connector-429",
    "connector-429-waits",
    "connector-412",
    "connector-503",
    "connector-502",
    "connector-reset",
    "connector-reset-after",
    "connector-401",
    "connector-503-late",
    "stall",
)
AT_ONCE = 5
"""People in each chat; each asks once there."""
TOPICS = ("database", "checkout", "mail", "network", "billing", "search")
"""Incidents that several channels of a team ask about at once."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large a run is. Times are seconds; shares are numbers from 0 to 1.

    In an ambush whoever posts next is frozen before it hears, until another replica has the same message on its way.
    """

    requests: int = 40
    chats: int = 8
    replicas: int = 1
    seconds: float = 2.0
    kills: int = 1
    freezes: int = 0
    ambushes: int = 0
    lease: float = 3.0
    stall: float = 1.2
    redelivered: float = 0.3
    faulty: float = 0.25
    topical: float = 0.0
    graph_faults: tuple[str, ...] = GRAPH_FAULTS
    connector_faults: tuple[str, ...] = CONNECTOR_FAULTS


@dataclass(frozen=True, slots=True)
class Request:
    """One intent: person number `person` of chat number `chat` says `meet now SUBJECT` at `at` seconds.

    With a `topic` it is `meet #TOPIC SUBJECT`: everybody who asks for it in the team shares one meeting.
    `copies` are when Teams delivers it again (seconds after the first), and whether with a new activity id.
    """

    number: int
    chat: int
    person: int
    at: float
    copies: tuple[tuple[float, bool], ...] = ()
    topic: str = ""

    @property
    def subject(self) -> str:
        """Return the words that no other request has."""
        return f"Case {self.number:04d}"

    @property
    def words(self) -> str:
        """Return what is said."""
        return f"meet #{self.topic} {self.subject}" if self.topic else f"meet now {self.subject}"


@dataclass(frozen=True, slots=True)
class Blow:
    """What happens to a replica at `at` seconds: `kill` or `freeze`, and after `lasts` seconds it is back."""

    kind: str
    replica: int
    at: float
    lasts: float


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a run does. Faults are by ordinal: the how many-th call of `graph` or `connector` meets which."""

    seed: int
    sizes: Sizes
    requests: tuple[Request, ...]
    blows: tuple[Blow, ...]
    revocations: tuple[float, ...] = ()
    graph: dict[int, str] = field(default_factory=dict)
    connector: dict[int, str] = field(default_factory=dict)


def draw(seed: int, sizes: Sizes) -> Plan:
    """Return the plan of a seed. Raises ValueError for more requests than the chats have people."""
    if sizes.requests > sizes.chats * AT_ONCE:
        raise ValueError(f"{sizes.chats} chats of {AT_ONCE} people are too few for {sizes.requests} requests")
    dice = random.Random(seed)  # noqa: S311 - a plan has to be drawn again, not to be secret
    places = [(chat, person) for chat in range(sizes.chats) for person in range(AT_ONCE)]
    dice.shuffle(places)
    # People of one chat ask together: that is what an incident looks like.
    begins = [dice.uniform(0, sizes.seconds * 0.8) for _ in range(sizes.chats)]
    topics = _topics(dice, sizes, begins)
    requests = [
        Request(
            number,
            chat,
            person,
            begins[chat] + dice.uniform(0, sizes.seconds * (0.2 if chat not in topics else 0.02)),
            _copies(dice, sizes),
            topics.get(chat, ""),
        )
        for number, (chat, person) in enumerate(places[: sizes.requests], 1)
    ]
    return Plan(
        seed,
        sizes,
        tuple(sorted(requests, key=lambda request: request.at)),
        tuple(_blows(dice, sizes)),
        tuple(sorted(dice.uniform(0, sizes.seconds) for _ in range(1 + int(sizes.seconds // 60)))),
        _faults(dice, sizes.chats * 2, sizes.faulty, sizes.graph_faults),
        _faults(dice, sizes.requests * 2, sizes.faulty, sizes.connector_faults),
    )


def is_channel(chat: int) -> bool:
    """Say whether chat number `chat` is a channel; the others are group chats."""
    return chat % 3 == 0


def _topics(dice: random.Random, sizes: Sizes, begins: list[float]) -> dict[int, str]:
    """Return which channels ask by which topic: about four for each, at the same time."""
    channels = [chat for chat in range(sizes.chats) if is_channel(chat)]
    chosen = dice.sample(channels, int(len(channels) * sizes.topical))
    topics = {chat: TOPICS[place // 4 % len(TOPICS)] for place, chat in enumerate(chosen)}
    first: dict[str, int] = {}
    for chat, topic in topics.items():
        begins[chat] = begins[first.setdefault(topic, chat)]
    return topics


def _copies(dice: random.Random, sizes: Sizes) -> tuple[tuple[float, bool], ...]:
    if dice.random() >= sizes.redelivered:
        return ()
    within = min(20.0, sizes.seconds / 2)
    return tuple((dice.uniform(0, within), dice.random() < 0.4) for _ in range(dice.choice((1, 1, 2))))


def _blows(dice: random.Random, sizes: Sizes) -> list[Blow]:
    """Blows come one after another, so that somebody is left to go on when there are several replicas."""
    kinds = ["kill"] * sizes.kills + ["freeze"] * sizes.freezes
    dice.shuffle(kinds)
    slot = sizes.seconds / max(1, len(kinds))
    blows = []
    for number, kind in enumerate(kinds):
        at = slot * number + dice.uniform(0.3, 0.7) * slot
        lasts = (
            1.5 + sizes.lease * dice.uniform(1.5, 2.0) if kind == "freeze" else dice.uniform(0.0, 0.3) * min(slot, 10)
        )
        blows.append(Blow(kind, dice.randrange(sizes.replicas), at, lasts))
    return blows


def _faults(dice: random.Random, calls: int, share: float, names: tuple[str, ...]) -> dict[int, str]:
    struck = sorted(dice.sample(range(1, calls + 1), int(calls * share))) if names else []
    return {ordinal: dice.choice(names) for ordinal in struck}
