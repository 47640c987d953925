"""The story of one request (EXPERIENCE 1.19): what Graph answered, kept while it is asked, and what the store knows.

Ids and codes only: never text, links, passcodes or names. Every time is ms UTC.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from bot.observe import Event, Observer
from bot.references import ALPHABET

GOOD = range(200, 300)
TAKES_PLACE = "client_request_id"
"""The field that every event about one exchange with Graph has."""
LENGTH = 8


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request to Graph and its answer; `status` 0: none came. `error` is the kind of what went wrong, of ours."""

    method: str = ""
    status: int = 0
    ms: int = 0
    request_id: str = ""
    client_request_id: str = ""
    code: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """What one run of a timer heard from Graph about the request with this reference, and what came of it."""

    tenant: str
    reference: str
    at: int
    kind: str
    attempt: int
    outcome: str
    exchanges: tuple[Exchange, ...]

    @property
    def good(self) -> bool:
        """Say whether every answer was a yes."""
        return all(exchange.status in GOOD for exchange in self.exchanges)


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened: `what` is asked, begun, graph, opened, live, ended, failed, did or told.

    `facts` are ids, codes and numbers by name.
    """

    at: int
    what: str
    facts: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Story:
    """All that is known of one request, earliest first."""

    tenant: str
    reference: str
    moments: tuple[Moment, ...]


_heard: ContextVar[list[Event] | None] = ContextVar("heard", default=None)


def overhearing(observe: Observer) -> Observer:
    """Return an observer that hands each event on, and one about Graph also to whoever listens in the same task."""

    def observed(event: Event) -> None:
        listener = _heard.get()
        if listener is not None and TAKES_PLACE in event.fields:
            listener.append(event)
        observe(event)

    return observed


@contextmanager
def listening() -> Iterator[list[Event]]:
    """Gather what is observed about Graph by this task and those it starts."""
    events: list[Event] = []
    before = _heard.set(events)
    try:
        yield events
    finally:
        _heard.reset(before)


def exchanges(events: Sequence[Event]) -> tuple[Exchange, ...]:
    """Return the exchanges that events tell of; several about one of them are one."""
    found: dict[str, dict[str, str | int]] = {}
    for event in events:
        known = found.setdefault(str(event.fields[TAKES_PLACE]), {})
        for name in Exchange.__dataclass_fields__:
            if value := event.fields.get(name):
                known[name] = int(value) if name in {"status", "ms"} else str(value)
    return tuple(Exchange(**fields) for fields in found.values())  # type: ignore[arg-type]  # each as its name says


def spelled(text: str) -> str:
    """Return the reference that somebody typed, in any case, with its dash or without; "" for what is none."""
    letters = "".join(letter for letter in text.upper() if letter.isalnum())
    if len(letters) != LENGTH or set(letters) - set(ALPHABET):
        return ""
    return f"{letters[:4]}-{letters[4:]}"
