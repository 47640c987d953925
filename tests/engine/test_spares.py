"""The reserve: filled when somebody asks, used once, only for topics, only when private enough (EXPERIENCE 1.5)."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import pytest

from bot import spares
from bot.commands.command import Policy
from bot.decisions import Reply, SaveNote, SaveRoom, SetTimer, TakeNote, View
from bot.errors import HostUnknown, NotNow
from bot.hosts import Hosts
from bot.leases import Lease, TimerClaim
from bot.model import Binding, DialIn, FrozenRequest, LobbyScope, Options, RoomState, Timer, TimerKind
from bot.observe import Event
from bot.stocking import stock
from tests.engine.test_rooms import MEETING, NOW, a_room

HOSTS = Hosts(("33333333-0000-4000-8000-000000000003",), requester=False)
SPARE = replace(MEETING, id="spare", lobby_scope="organization", dial_in=DialIn("9", ("+442079460123",)))
TIMER = Timer("spare|0|t", TimerKind.SPARE, "t", "spare|0", NOW)
REQUEST = asdict(FrozenRequest("v1.0", "/users/h/onlineMeetings/createOrGet", "{}"))
MAKING = replace(TIMER, payload={"host": HOSTS.service[0], "request": REQUEST}, attempts=2)


def freeze(host_oid: str, _: object) -> FrozenRequest:
    """Freeze a request in a form that a test can read."""
    return FrozenRequest("v1.0", f"/users/{host_oid}", "{}")


def in_stock() -> dict[str, str]:
    """Return the notes of a tenant with one spare."""
    note = next(effect for effect in spares.stocked(MAKING, SPARE, NOW).effects if isinstance(effect, SaveNote))
    return {note.key: note.value}


def test_what_is_missing_is_looked_for_once_an_hour() -> None:
    """A request sees to it that the reserve gets complete, and the next ones leave it alone."""
    effects = spares.completed(2, "t", in_stock(), NOW)
    assert [effect.timer.subject for effect in effects if isinstance(effect, SetTimer)] == ["spare|1"]
    (looked,) = [effect for effect in effects if isinstance(effect, SaveNote)]
    assert spares.completed(2, "t", {looked.key: ""}, NOW) == spares.completed(0, "t", {}, NOW) == ()


def test_a_spare_s_request_is_frozen_before_it_is_sent() -> None:
    """However often it is asked for, one spare is one meeting of one account."""
    reply = spares.prepared(TIMER, View(NOW, "f" * 32), HOSTS, freeze)
    (timer,) = [effect.timer for effect in reply.effects if isinstance(effect, SetTimer)]
    request = spares.request_of(timer)
    assert request is not None
    assert request.path.endswith(HOSTS.service[0])
    assert spares.prepared(TIMER, View(NOW, "f" * 32), Hosts(), freeze).outcome == "no service account"


def test_a_spare_is_replaced_when_its_time_is_over() -> None:
    """What has been kept too long is made anew."""
    reply = spares.stocked(MAKING, replace(SPARE, expires_at=NOW + 5), NOW)
    (timer,) = [effect.timer for effect in reply.effects if isinstance(effect, SetTimer)]
    assert (timer.due_at, timer.payload) == (NOW + 5, {})


def test_a_topic_takes_a_spare_and_its_place_is_filled_again() -> None:
    """One transaction opens the room, takes the spare from everybody else, and orders the next."""
    notes = in_stock()
    room = a_room(topic="#inc42")
    reply = spares.taken(room, View(NOW, "f" * 32, notes=notes), "w")
    assert reply is not None
    assert TakeNote(room.tenant, "spare|0", notes["spare|0"]) in reply.effects
    opened = next(effect.room for effect in reply.effects if isinstance(effect, SaveRoom))
    assert (opened.state, opened.binding, opened.host.oid) == (RoomState.OPEN, Binding.RESERVE, HOSTS.service[0])
    assert opened.meeting == SPARE
    kinds = [effect.timer.kind for effect in reply.effects if isinstance(effect, SetTimer)]
    assert kinds == [TimerKind.END, TimerKind.PATCH, TimerKind.SPARE]


@pytest.mark.parametrize(
    "changes",
    [
        {"topic": ""},
        {"state": RoomState.FAILED},
        {"meeting": MEETING},
        {"options": Options(lobby=LobbyScope.ORGANIZER)},
        {"options": Options(passcode=True)},
    ],
)
def test_nobody_gets_a_spare_that_does_not_fit(changes: dict[str, Any]) -> None:
    """A spare is for a topic that is still opening, and never less private than asked."""
    room = a_room(**{"topic": "#inc42", **changes})
    assert spares.taken(room, View(NOW, "f" * 32, notes=in_stock()), "w") is None


def test_only_a_topic_with_a_spare_at_hand_is_watched() -> None:
    """Where nothing could be taken nobody looks at the clock."""
    room = a_room(topic="#inc42")
    assert len(spares.watched(room, in_stock(), NOW)) == 1
    assert spares.watched(room, {}, NOW) == spares.watched(a_room(topic=""), in_stock(), NOW) == ()


class Clock:
    """A clock that stands."""

    def now(self) -> int:
        """Return ms UTC."""
        return NOW

    async def sleep(self, seconds: float) -> None:
        """Return at once."""


class Unwilling:
    """The edge to Graph, answering with one error."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def make(self, *_: object, **__: object) -> None:
        """Raise it."""
        raise self._error


@pytest.mark.parametrize(("error", "asks_anew"), [(NotNow("503", status=503), False), (HostUnknown("404"), True)])
async def test_trouble_makes_a_spare_later(error: Exception, asks_anew: bool) -> None:
    """Nobody waits for the reserve: it is tried again, a refused request begins anew, and the log says so."""
    events: list[Event] = []
    claim = TimerClaim(MAKING, Lease("one", 1, NOW), None, None)
    decide = await stock(claim, Unwilling(error), Policy(freeze), Clock(), events.append)  # type: ignore[arg-type]  # only `make` is used
    reply: Reply = decide(View(NOW, "f" * 32))
    (timer,) = [effect.timer for effect in reply.effects if isinstance(effect, SetTimer)]
    assert timer.due_at == NOW + 120_000
    assert ("request" not in timer.payload) is asks_anew
    assert [event.name for event in events] == ["spare.not_made"]


async def test_the_reserve_respects_graph_s_pause() -> None:
    """While Graph wants to be left alone the reserve leaves it alone."""
    claim = TimerClaim(MAKING, Lease("one", 1, NOW), None, None, paused_until=NOW + 9)
    decide = await stock(claim, Unwilling(AssertionError()), Policy(freeze), Clock(), lambda _: None)  # type: ignore[arg-type]  # as above
    assert decide(View(NOW, "f" * 32)).due_times() == [NOW + 9]
