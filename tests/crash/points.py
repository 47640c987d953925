"""The crash points of ENGINE 3.4, and processes that are struck exactly there.

Where the outside holds the answer (C5, C7, C10, C13) the sandbox's gates hold it and the test sends the signal. Where
the crash is between two things of ours, a part around a real part of `app.build` sends the signal to its own process:
it is struck exactly there, and after SIGCONT goes on from there.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import app
from bot.leases import MessageClaim, Receipt, Sent, Settled, TimerClaim, TurnClaim, Work
from bot.messages import MessageState, Purpose
from bot.model import FrozenRequest, Meeting, Person, Turn
from bot.ports import Decide
from bot.store import opening, postgres, sqlite
from tests.chaos.broken import Around
from tests.chaos.replica import hurry

LEASE_MS = 1_500
UNCLEAR_MS = 500
GAP_MS = 300
"""Between edits in one chat."""
HALF_WAY = "ALTER TABLE"
"""What the statement says after which a step of the schema is left half applied; the first one that does."""


@dataclass(frozen=True, slots=True)
class Point:
    """One row of ENGINE 3.4: where a process is struck, and what may come of it.

    `gate` is the sandbox's operation whose answer is held, `before` or `after` its effect; without one the process
    strikes itself. Not `durable`: only a redelivery brings the request back. `copies`: the connector may have taken the
    lost post, so the card stands twice until somebody touches one. `frozen_only`: being killed there is another row.
    `late` is what the log says when the frozen one learns that another went on; `words` are what is asked for.
    """

    name: str
    gate: tuple[str, str] | None = None
    durable: bool = True
    copies: bool = False
    frozen_only: bool = False
    late: str = ""
    words: str = "meet now Retro"


POINTS = (
    Point("C1", durable=False, late="turn.received .*receipt=copy"),
    Point("C2", late="turn.done .*outcome=stale"),
    Point("C3", late="turn.done .*outcome=stale"),
    Point("C4", late="timer.done .*outcome=stale|lease.lost task=timer"),
    Point("C5", gate=("graph.createOrGet", "after"), late="timer.done .*outcome=stale|lease.lost task=timer"),
    Point("C6", late="lease.lost task=message"),
    Point("C7", gate=("connector.post", "after"), copies=True, late="message.sent|lease.lost task=message"),
    Point("C8"),
    Point(
        "C10",
        gate=("graph.update", "after"),
        late="timer.done .*outcome=stale|lease.lost task=timer",
        words="meet now Retro lobby organizer",
    ),
    Point("C13", gate=("connector.post", "before"), copies=True, frozen_only=True, late="message.sent|lease.lost"),
)
MIGRATION, SIGN_IN, SUBSCRIPTION, CALL = "C14", "C12", "C9", "C11"
OWED: Mapping[str, str] = {}
"""The rows of what does not exist yet: whoever builds it adds the row above."""


class Strike:
    """Sends a signal to its own process, once, at one place."""

    def __init__(self, place: str, number: int) -> None:
        self._place = place
        self._number = number

    def at(self, place: str) -> None:
        """Say where the process stands and strike it, if this is the place; a frozen one returns when it is woken."""
        if place == self._place:
            self._place = ""
            print(f"at {place}", file=sys.stderr, flush=True)  # noqa: T201 - the test waits for the line
            # To this thread: it cannot run on until another one has noticed.
            signal.pthread_kill(threading.get_ident(), self._number)


class StruckStore(Around):
    """The store, struck around T1, T2, T3 and T4."""

    def __init__(self, part: object, strike: Strike) -> None:
        super().__init__(part)
        self._strike = strike

    async def receive(self, turn: Turn, now: int) -> Receipt:
        """T1: C1 is before it, C2 after it and before the 202."""
        self._strike.at("C1")
        receipt: Receipt = await self._part.receive(turn, now)
        self._strike.at("C2")
        return receipt

    async def settle_turn(self, claim: TurnClaim, decide: Decide, now: int, fresh_id: str) -> Settled:
        """T2: C3 is before it."""
        self._strike.at("C3")
        settled: Settled = await self._part.settle_turn(claim, decide, now, fresh_id)
        return self._handed(settled)

    async def settle_timer(self, claim: TimerClaim, decide: Decide, now: int, fresh_id: str) -> Settled:
        """T3: C6 is after it."""
        settled: Settled = await self._part.settle_timer(claim, decide, now, fresh_id)
        return self._handed(settled)

    async def settle_message(self, claim: MessageClaim, sent: Sent, now: int) -> Settled:
        """T4: C8 is after it."""
        settled: Settled = await self._part.settle_message(claim, sent, now)
        if claim.message.purpose is Purpose.CARD and sent.state is MessageState.POSTED:
            self._strike.at("C8")
        return settled

    async def exchange_ended(
        self, tenant: str, user_oid: str, exchange_id: str, now: int, *, done: bool | None
    ) -> None:
        """C12 is before what waited for a sign-in may run."""
        self._strike.at(SIGN_IN)
        await self._part.exchange_ended(tenant, user_oid, exchange_id, now, done=done)

    async def claim(self, now: int, limit: int) -> Work:
        """What T3 made due may be handed out by the claimer too."""
        work: Work = await self._part.claim(now, limit)
        return self._handed(Settled(stale=False, work=work)).work

    def _handed(self, settled: Settled) -> Settled:
        """C6 is when the store says `sending` and no byte has left."""
        messages = [claim.message for claim in settled.work.messages]
        if any(message.purpose is Purpose.CARD and not message.activity_id for message in messages):
            self._strike.at("C6")
        return settled


class StruckMeetings(Around):
    """Graph's edge, struck before a byte goes there."""

    def __init__(self, part: object, strike: Strike) -> None:
        super().__init__(part)
        self._strike = strike

    async def make(self, tenant: str, request: FrozenRequest, *, reference: str, by: Person | None = None) -> Meeting:
        """C4 is after T2 and before Graph."""
        self._strike.at("C4")
        meeting: Meeting = await self._part.make(tenant, request, reference=reference, by=by)
        return meeting


class HalfWay(Around):
    """A connection, struck between a change of the schema and the record that it was made."""

    def __init__(self, part: object, strike: Strike) -> None:
        super().__init__(part)
        self._strike = strike

    def execute(self, sql: str, *parameters: object) -> Any:  # noqa: ANN401 - a cursor here, something to await there
        """C14 is after the change."""
        done = self._part.execute(sql, *parameters)
        if HALF_WAY not in sql:
            return done
        if isinstance(done, Awaitable):
            return self._awaited(done)
        self._strike.at(MIGRATION)
        return done

    async def _awaited(self, done: Awaitable[object]) -> object:
        said = await done
        self._strike.at(MIGRATION)
        return said


def hurried() -> app.Replaced:
    """Run the real bot with short leases and short pauses."""
    opened = partial(opening.open_store, chat_send_gap_ms=GAP_MS)
    return app.Replaced(lease_ms=hurry(LEASE_MS, UNCLEAR_MS), open_store=opened)


def struck(place: str, number: int) -> app.Replaced:
    """Run the same, struck with a signal at one place."""
    strike = Strike(place, number)
    for engine, migrate in ((sqlite, "migrate"), (postgres, "apply_migrations")):
        setattr(engine, migrate, _half_way(getattr(engine, migrate), strike))
    return hurried()._replace(
        wrap_store=lambda store: StruckStore(store, strike),
        wrap_meetings=lambda meetings: StruckMeetings(meetings, strike),
    )


def _half_way(migrate: Callable[..., Any], strike: Strike) -> Callable[..., Any]:
    return lambda connection, steps: migrate(HalfWay(connection, strike), steps)
