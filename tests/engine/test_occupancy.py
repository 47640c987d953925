"""Who is inside decides whether a meeting is over; the clock alone never does (ENGINE R7, R8)."""

from __future__ import annotations

import pytest

from bot import occupancy
from bot.calls import Attendance, Session
from bot.decisions import DropTimer, Record, Reply, SetTimer
from bot.model import Room, RoomState, TimerKind
from tests.engine.test_rooms import ANA, MEETING, NOW, a_room, saved

INSIDE = {RoomState.OPEN: RoomState.LIVE, RoomState.EMPTY: RoomState.LIVE}
END = {RoomState.SCHEDULED, RoomState.OPEN, RoomState.LIVE, RoomState.EMPTY}


def after(reply: Reply) -> RoomState | None:
    """Return the state a reply saves, None when it changes nothing."""
    return saved(reply).state if reply.effects else None


def room(state: RoomState, **changes: object) -> Room:
    """Return a room of Ana's that has its meeting."""
    return a_room(state=state, meeting=MEETING, **changes)


@pytest.mark.parametrize("state", list(RoomState))
def test_somebody_inside_makes_it_live(state: RoomState) -> None:
    """An open or empty meeting is live as soon as somebody is in it; nothing else changes its state."""
    reply = occupancy.roster(room(state, ended_at=NOW), 3, now=NOW + 1)
    expected = RoomState.ENDED if state is RoomState.ENDED else INSIDE.get(state)
    assert after(reply) is expected


@pytest.mark.parametrize("state", list(RoomState))
def test_nobody_inside_makes_a_live_one_empty_for_a_quarter_of_an_hour(state: RoomState) -> None:
    """When the last person leaves people have 15 minutes to come back."""
    reply = occupancy.roster(room(state), 0, now=NOW)
    assert after(reply) is (RoomState.EMPTY if state is RoomState.LIVE else None)
    armed = [effect.timer for effect in reply.effects if isinstance(effect, SetTimer)]
    expected = [(TimerKind.EMPTY, NOW + 900_000)] if state is RoomState.LIVE else []
    assert [(timer.kind, timer.due_at) for timer in armed] == expected


def test_whoever_comes_back_keeps_the_meeting() -> None:
    """Coming back disarms the end and keeps when it began."""
    reply = occupancy.call_started(room(RoomState.EMPTY, live_at=NOW - 9, empty_at=NOW - 1), now=NOW)
    assert (saved(reply).live_at, saved(reply).empty_at) == (NOW - 9, None)
    assert DropTimer("empty|r1") in reply.effects


@pytest.mark.parametrize("state", list(RoomState))
def test_an_empty_meeting_ends(state: RoomState) -> None:
    """Only a meeting that is still empty is ended by the quarter of an hour."""
    reply = occupancy.stayed_empty(room(state), now=NOW)
    assert after(reply) is (RoomState.ENDED if state is RoomState.EMPTY else None)


@pytest.mark.parametrize("state", list(RoomState))
def test_ending_is_for_what_runs_and_is_audited(state: RoomState) -> None:
    """Whoever ends a meeting is named in the audit, and its timers go."""
    reply = occupancy.ended(room(state), ANA, now=NOW, reference="7F3K-92QD")
    assert after(reply) is (RoomState.ENDED if state in END else None)
    records = [(effect.action, effect.actor_oid) for effect in reply.effects if isinstance(effect, Record)]
    assert records == ([("end", ANA.oid)] if state in END else [])


@pytest.mark.parametrize("state", list(RoomState))
def test_only_an_ended_meeting_reopens(state: RoomState) -> None:
    """An ended meeting is open again with the same numbers, watched as before, and the audit says by whom."""
    reply = occupancy.reopened(room(state, ended_at=NOW - 1), ANA, now=NOW, reference="")
    assert after(reply) is (RoomState.OPEN if state is RoomState.ENDED else None)
    if reply.effects:
        assert saved(reply).meeting == MEETING
        assert [effect.timer.kind for effect in reply.effects if isinstance(effect, SetTimer)] == [TimerKind.END]


def test_whoever_stayed_inside_is_in_it_when_it_reopens() -> None:
    """A meeting that was ended with people inside is live at once when it reopens."""
    inside = Attendance((Session(1, NOW, told=True, people=1, most=1),), inside=1)
    reply = occupancy.reopened(room(RoomState.ENDED, ended_at=NOW, attendance=inside), ANA, now=NOW, reference="")
    assert after(reply) is RoomState.LIVE


def test_a_meeting_does_not_reopen_after_a_day() -> None:
    """After 24 hours or without a meeting nothing reopens."""
    ended = room(RoomState.ENDED, ended_at=NOW)
    day = 86_400_000
    assert occupancy.reopened(ended, ANA, now=NOW + day, reference="").outcome == "too late"
    assert occupancy.reopened(ended, ANA, now=NOW + day - 1, reference="").outcome == "open"
    assert occupancy.reopened(a_room(state=RoomState.ENDED), ANA, now=NOW, reference="").effects == ()


def test_people_in_an_ended_meeting_are_noticed_once() -> None:
    """An ended meeting that people enter stays ended, and its card is told once."""
    ended = room(RoomState.ENDED, ended_at=NOW, live_at=NOW - 5)
    reply = occupancy.call_started(ended, now=NOW + 5)
    assert (saved(reply).state, saved(reply).live_at) == (RoomState.ENDED, NOW + 5)
    assert occupancy.call_started(saved(reply), now=NOW + 9).effects == ()
