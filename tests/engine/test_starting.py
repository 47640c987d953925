"""The start of a planned meeting (ENGINE 3.2, scheduled)."""

from __future__ import annotations

from dataclasses import replace

from bot import calls_seen, rooms, starting
from bot.calls import CallEvent, CallEventKind, Change
from bot.decisions import DropTimer, PlanMessage, RefreshCards, Reply, SaveAttendance, SaveRoom, SetTimer, View
from bot.messages import Purpose
from bot.model import FrozenRequest, Meeting, Person, Room, RoomState, Timer, TimerKind

NOW = 1_790_000_000_000
LATER = NOW + 20 * 60_000
ANA = Person("29:ana", "11111111-0000-4000-8000-000000000001", "Ana Lima")
BEN = Person("29:ben", "22222222-0000-4000-8000-000000000002", "Ben Okafor")
MEETING = Meeting("m1", "https://teams.example/meet/1")
ROOM = Room(
    room_id="r1",
    tenant="tenant",
    scope_key="chat:19:x",
    topic="r1",
    state=RoomState.OPENING,
    version=1,
    subject="Retro",
    starter=ANA,
    host=ANA,
    home_thread="19:x",
    home_conversation="19:x;messageid=1",
    request=FrozenRequest("beta", "/x", "{}"),
    external_id="r1",
    created_at=NOW,
    give_up_at=NOW + rooms.TRIES_FOR,
    starts_at=LATER,
    ends_at=LATER + 3_600_000,
    reference="7F3K-92QD",
    people=(BEN, ANA),
)


def saved(reply: Reply) -> Room:
    """Return the room that the reply saves."""
    return next(effect.room for effect in reply.effects if isinstance(effect, SaveRoom))


def timers(reply: Reply) -> list[Timer]:
    """Return the timers that the reply arms."""
    return [effect.timer for effect in reply.effects if isinstance(effect, SetTimer)]


def test_a_meeting_for_later_waits_for_its_start() -> None:
    """Graph's answer to a request for another time shows when it starts, and nothing ends it before."""
    reply = rooms.opened(ROOM, MEETING, NOW)
    assert (saved(reply).state, saved(reply).opened_at, saved(reply).meeting) == (RoomState.SCHEDULED, None, MEETING)
    assert [(timer.timer_key, timer.kind, timer.due_at) for timer in timers(reply)] == [
        ("start|r1", TimerKind.START, LATER)
    ]
    assert [type(effect) for effect in reply.effects] == [SaveRoom, RefreshCards, SetTimer, DropTimer]
    assert reply.outcome == "scheduled"


def test_a_meeting_whose_time_has_come_while_graph_was_slow_is_open() -> None:
    """Who asked for one minute from now and waited two finds an open meeting."""
    reply = rooms.opened(ROOM, MEETING, LATER)
    assert (saved(reply).state, saved(reply).opened_at) == (RoomState.OPEN, LATER)
    assert [timer.kind for timer in timers(reply)] == [TimerKind.END]


def test_at_its_start_a_meeting_is_open_and_people_are_told_once() -> None:
    """One post mentions who asked and whom they mentioned, each once, under one intent for each start."""
    planned = saved(rooms.opened(ROOM, MEETING, NOW))
    reply = starting.started(planned, LATER + 40, "m" * 32)
    assert (saved(reply).state, saved(reply).opened_at) == (RoomState.OPEN, LATER)
    assert [(timer.kind, timer.due_at) for timer in timers(reply)] == [
        (TimerKind.END, ROOM.ends_at + rooms.GRACE_AFTER_END)
    ]
    (post,) = [effect.message for effect in reply.effects if isinstance(effect, PlanMessage)]
    assert (post.purpose, post.intent_key) == (Purpose.REMINDER, f"remind|r1|{LATER}")
    assert (post.thread_id, post.conversation_id, post.to) == ("19:x", "19:x;messageid=1", None)
    assert post.content is not None
    assert post.content.data["names"] == ["Ana Lima", "Ben Okafor"]
    assert post.content.data["join_url"] == MEETING.join_url


def test_whoever_comes_early_makes_it_live_at_its_start() -> None:
    """People who are in before a planned meeting starts are counted, and it is live from its start."""
    planned = saved(rooms.opened(ROOM, MEETING, NOW))
    came = CallEvent(CallEventKind.ROSTER, NOW + 1, (Change("p1", inside=True, person="ana"),))
    reply = calls_seen.seen(View(NOW + 1, "fresh", room=planned), [came], "count")
    (early,) = reply.effects
    assert isinstance(early, SaveAttendance)
    started = saved(starting.started(replace(planned, attendance=early.attendance), LATER, "m" * 32))
    assert (started.state, started.live_at) == (RoomState.LIVE, LATER)


def test_a_start_that_nobody_saw_in_time_is_not_announced() -> None:
    """Where nothing ran until the planned end, nobody is called into a meeting that is over."""
    planned = replace(ROOM, state=RoomState.SCHEDULED, meeting=MEETING)
    reply = starting.started(planned, ROOM.ends_at, "m" * 32)
    assert saved(reply).state is RoomState.OPEN
    assert not [effect for effect in reply.effects if isinstance(effect, PlanMessage)]
    for state in set(RoomState) - {RoomState.SCHEDULED}:
        assert starting.started(replace(planned, state=state), LATER, "m" * 32).effects == ()
