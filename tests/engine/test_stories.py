"""What Graph answers while a timer runs is kept for the request's story, and spelled references are found."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.call_timers import CallTimers
from bot.decisions import Reply, SaveStep, View
from bot.leases import Lease, TimerClaim
from bot.model import Room, Timer, TimerKind
from bot.observe import Event
from bot.ports import Decide
from bot.references import ALPHABET
from bot.stories import Exchange, exchanges, listening, overhearing, spelled
from tests.engine.test_rooms import a_room


def answered(ref: str, status: int, *, more: str = "") -> list[Event]:
    """Return what is observed of one exchange with Graph."""
    told = Event("graph.answered", {"client_request_id": ref, "status": status, "ms": 9, "method": "POST"})
    return [
        told,
        *([Event("graph.refused", {"client_request_id": ref, "code": more, "status": status})] if more else []),
    ]


async def test_events_about_one_exchange_are_one() -> None:
    """What the client and the caller say of one exchange is one; what is not about Graph is none of it."""
    handed: list[Event] = []
    observe = overhearing(handed.append)
    with listening() as heard:
        for event in [*answered("a", 403, more="Forbidden"), *answered("b", 200), Event("timer.done", {"ref": "x"})]:
            observe(event)
        await asyncio.create_task(asyncio.to_thread(observe, answered("c", 200)[0]))
    observe(answered("d", 200)[0])
    assert len(handed) == 6
    assert exchanges(heard) == (
        Exchange("POST", 403, 9, client_request_id="a", code="Forbidden"),
        Exchange("POST", 200, 9, client_request_id="b"),
        Exchange("POST", 200, 9, client_request_id="c"),
    )


class Heard:
    """Timers whose work hears from Graph with this status."""

    def __init__(self, status: int | None) -> None:
        self.status = status

    async def run(self, _: TimerClaim) -> Decide:
        """Hear it."""
        if self.status is not None:
            for event in answered("a", self.status):
                overhearing(lambda _: None)(event)
        return lambda _: Reply(outcome="open")


@pytest.mark.parametrize(
    ("kind", "status", "kept"),
    [
        (TimerKind.OPEN, 201, 1),
        (TimerKind.OPEN, 503, 1),
        (TimerKind.OPEN, None, 0),
        (TimerKind.SUBSCRIBE, 201, 0),
        (TimerKind.SUBSCRIBE, 403, 1),
    ],
)
async def test_what_graph_said_is_kept_with_what_came_of_it(kind: TimerKind, status: int | None, kept: int) -> None:
    """A timer that asked Graph leaves one step; subscriptions only where Graph did not do it."""
    room = a_room()
    timers = CallTimers(Heard(status), Heard(status))  # type: ignore[arg-type]  # only what is asked of them here
    decide = await timers.run(claim_of(kind, room))
    steps = [effect.step for effect in decide(View(now=5, fresh_id="f")).effects if isinstance(effect, SaveStep)]
    assert [(step.reference, step.at, step.attempt, step.outcome) for step in steps] == [
        (room.reference, 5, 2, "open")
    ] * kept


async def test_what_nobody_asked_for_has_no_story() -> None:
    """Work for the reserve, which has no request behind it, leaves no step."""
    timers = CallTimers(Heard(201))  # type: ignore[arg-type]  # as above
    decide = await timers.run(replace(claim_of(TimerKind.SPARE, a_room()), room=None))
    assert decide(View(now=5, fresh_id="f")).effects == ()


def claim_of(kind: TimerKind, room: Room) -> TimerClaim:
    """Return a timer's second attempt, claimed."""
    return TimerClaim(Timer("key", kind, room.tenant, room.room_id, 0, attempts=2), Lease("one", 1, 9), room, None)


@given(st.text(ALPHABET, min_size=8, max_size=8), st.sampled_from(["{}{}", "{}-{}", " {} {} ", "{}\N{EN DASH}{}."]))
def test_a_reference_is_understood_however_it_is_typed(letters: str, form: str) -> None:
    """Small letters, a missing dash or another one, blanks and a full stop change nothing; nothing else is one."""
    reference = f"{letters[:4]}-{letters[4:]}"
    assert spelled(form.format(letters[:4].lower(), letters[4:])) == reference
    assert spelled(letters[:7]) == spelled(f"{letters}2") == spelled(f"{letters[:7]}0") == ""
