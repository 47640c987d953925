"""A meeting is closed honestly, opened again, renamed, withdrawn, and held past its time (ENGINE R7, R8, 3.2)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot import ending, topics
from bot.calls import Attendance, Session
from bot.decisions import DropTimer, Record, Reply, SetTimer
from bot.ending import BY_CLOCK, LOBBY, NAME, SHUT, TIME_IS_UP, TIMES, UNCHANGED, WITHDRAWN
from bot.model import Invited, LobbyScope, Options, Person, Role, Room, RoomState, Timer, TimerKind
from bot.teams.said import words
from tests.engine.test_rooms import ANA, MEETING, NOW, a_room, saved

BEA = Person("29:bea", "oid-bea", "Bea Novak")
GIVEN = replace(
    MEETING, subject="Retro", starts_at=NOW, ends_at=NOW + 3_600_000, lobby_scope="everyone", dial_in_bypass=True
)
BEFORE = Options(lobby=LobbyScope.EVERYONE, dial_in_bypass=True)


def room(state: RoomState = RoomState.OPEN, **changes: object) -> Room:
    """Return Ana's room, which has its meeting."""
    return a_room(**{"state": state, "meeting": GIVEN, "opened_at": NOW, **changes})


def timers(reply: Reply) -> list[Timer]:
    """Return the timers that a reply arms."""
    return [effect.timer for effect in reply.effects if isinstance(effect, SetTimer)]


def amends(reply: Reply) -> list[str]:
    """Return what Graph is to be told."""
    return [timer.payload["what"] for timer in timers(reply) if timer.kind is TimerKind.AMEND]


def records(reply: Reply) -> list[tuple[str, str]]:
    """Return who did what by the audit."""
    return [(effect.action, effect.actor_oid) for effect in reply.effects if isinstance(effect, Record)]


def test_leaders_may_and_nobody_else() -> None:
    """Starter, host and co-organizers may; people without an object id are not taken for each other."""
    leads = (Invited(BEA, Role.CO_ORGANIZER), Invited(Person("", "oid-cho"), Role.PRESENTER))
    led = room(host=Person("", "oid-service"), options=Options(invited=leads))
    assert all(ending.may(led, one) for one in (ANA, BEA, Person("29:x", "oid-service")))
    assert not any(ending.may(led, one) for one in (Person("29:cho", "oid-cho"), Person("29:y"), Person("")))
    at_graph = replace(GIVEN, invited=(Invited(Person("", "oid-bea"), Role.CO_ORGANIZER),))
    assert ending.may(room(meeting=at_graph), BEA)


@pytest.mark.parametrize("state", list(RoomState))
def test_an_end_shuts_the_lobby_and_keeps_who_came_in(state: RoomState) -> None:
    """What runs or is planned is over at once, Graph is told, the way back is remembered; nothing else can be ended."""
    reply = ending.ended(room(state), BEA, now=NOW + 9, reference="7F3K-92QD")
    if state not in ending.ENDABLE:
        assert reply.effects == ()
        return
    assert (saved(reply).state, saved(reply).lobby_before, saved(reply).ended_by) == (RoomState.ENDED, BEFORE, BEA.oid)
    assert amends(reply) == [LOBBY]
    assert DropTimer("patch|r1") in reply.effects
    assert records(reply) == [("end", BEA.oid)]


def test_what_the_clock_ended_can_be_ended_for_real() -> None:
    """Somebody who knows that it is over says so, and the lobby is shut."""
    reply = ending.ended(room(RoomState.ENDED, ended_by=BY_CLOCK, ended_at=NOW), ANA, now=NOW + 9, reference="")
    assert (saved(reply).ended_by, saved(reply).ended_at, amends(reply)) == (ANA.oid, NOW + 9, [LOBBY])


def test_a_lobby_that_did_not_open_again_is_not_taken_for_the_one_before() -> None:
    """Ending twice never forgets who came in at first."""
    stuck = room(trying=UNCHANGED, lobby_before=BEFORE, meeting=replace(GIVEN, lobby_scope="organizer"))
    assert saved(ending.ended(stuck, ANA, now=NOW, reference="")).lobby_before == BEFORE


def test_a_reopened_meeting_has_time_and_its_lobby_back() -> None:
    """Within a day it is open with the same meeting, booked for half an hour at least; later it stays over."""
    over = room(RoomState.ENDED, ended_at=NOW, ends_at=NOW - 1, lobby_before=BEFORE)
    reply = ending.reopened(over, ANA, now=NOW + 9, reference="")
    assert (saved(reply).state, saved(reply).meeting) == (RoomState.OPEN, GIVEN)
    assert saved(reply).ends_at == NOW + 9 + ending.REOPENED_FOR
    assert (amends(reply), records(reply)) == ([LOBBY], [("reopen", ANA.oid)])
    late = ending.reopened(over, ANA, now=NOW + 86_400_000, reference="")
    assert (late.outcome, late.effects) == ("too late", ())


def test_what_graph_is_told_at_an_end_and_afterwards() -> None:
    """First nobody but the organizer comes in, then the times are told; a calendar keeps its own."""
    over = room(RoomState.ENDED, ended_at=NOW + 60_000)
    lobby, times = ending.amendment(over, LOBBY), ending.amendment(over, TIMES)
    assert lobby is not None
    assert (lobby.options, lobby.basics) == (SHUT, False)
    assert times is not None
    assert (times.meeting.starts_at, times.meeting.ends_at, times.basics) == (NOW, NOW + 60_000, True)
    assert ending.amendment(replace(over, meeting=replace(GIVEN, event_id="e")), TIMES) is None
    assert ending.amendment(replace(over, meeting=replace(GIVEN, id="")), LOBBY) is None
    assert ending.amendment(over, NAME) is None


def test_what_graph_is_told_of_an_open_meeting() -> None:
    """The lobby comes back with times and name; what is there already is not told."""
    back = ending.amendment(room(lobby_before=BEFORE, ends_at=NOW + 9, subject="DB"), LOBBY)
    assert back is not None
    assert (back.options, back.meeting.subject, back.meeting.ends_at, back.basics) == (BEFORE, "DB", NOW + 9, True)
    assert ending.amendment(room(lobby_before=BEFORE), NAME) is None
    assert ending.amendment(room(RoomState.FAILED, subject="DB"), NAME) is None
    in_calendar = room(lobby_before=BEFORE, subject="DB", meeting=replace(GIVEN, event_id="e"))
    told = ending.amendment(in_calendar, LOBBY)
    assert told is not None
    assert not told.basics


def test_a_shut_lobby_is_believed_when_graph_says_so() -> None:
    """Only Graph's own answer closes the meeting; the times follow ten minutes after the end."""
    over = room(RoomState.ENDED, ended_at=NOW)
    asked = ending.amendment(over, LOBBY)
    assert asked is not None
    (times,) = timers(ending.amended(over, asked, replace(GIVEN, lobby_scope="organizer"), LOBBY, NOW + 5))
    assert (times.payload["what"], times.due_at) == (TIMES, NOW + ending.TIMES_AFTER)
    kept = ending.amended(over, asked, GIVEN, LOBBY, NOW + 5)
    assert saved(kept).trying == UNCHANGED
    assert ending.amended(over, asked, GIVEN, TIMES, NOW + 5).effects == ()


def test_whoever_learns_late_that_it_went_the_other_way_tells_graph_again() -> None:
    """A lobby that is shut after the meeting was reopened is opened once more, even by who lost the lease."""
    asked = ending.Amendment(GIVEN, SHUT)
    reply = ending.amended(room(lobby_before=BEFORE), asked, GIVEN, LOBBY, NOW)
    assert (amends(reply), reply.regardless) == ([LOBBY], True)
    opened = ending.Amendment(GIVEN, BEFORE, basics=True)
    reply = ending.amended(room(RoomState.ENDED, ended_at=NOW), opened, GIVEN, LOBBY, NOW)
    assert (amends(reply), reply.regardless) == ([LOBBY], True)


def test_a_lobby_that_stays_shut_is_said() -> None:
    """Who reopens reads on the card when Microsoft did not open the lobby; a name it did not take is no news."""
    back = room(lobby_before=BEFORE)
    asked = ending.amendment(back, LOBBY)
    assert asked is not None
    assert saved(ending.amended(back, asked, replace(GIVEN, lobby_scope="organizer"), LOBBY, NOW)).trying == UNCHANGED
    assert saved(ending.amended(back, asked, GIVEN, LOBBY, NOW)).meeting == GIVEN
    assert ending.not_amended(back, NAME).effects == ()
    assert ending.not_amended(replace(back, trying=UNCHANGED), LOBBY).effects == ()


@pytest.mark.parametrize("state", list(RoomState))
def test_a_withdrawn_request_closes_what_nobody_joined(state: RoomState) -> None:
    """What opens is stopped, what is open or planned is closed, and what people are in stays."""
    reply = ending.withdrawn(room(state), ANA, now=NOW + 9, reference="")
    if state is RoomState.OPENING:
        assert (saved(reply).state, saved(reply).fail_code) == (RoomState.FAILED, WITHDRAWN)
        assert records(reply)[-1] == ("withdraw", ANA.oid)
    elif state in {RoomState.OPEN, RoomState.SCHEDULED}:
        waits = room(RoomState.FAILED, fail_code="sign_in")
        assert saved(ending.withdrawn(waits, ANA, now=NOW, reference="")).fail_code == WITHDRAWN
        assert (saved(reply).ended_by, amends(reply)) == (WITHDRAWN, [LOBBY])
    else:
        assert reply.effects == ()


def test_a_planned_meeting_is_called_off_with_its_request_and_back_as_it_was_planned() -> None:
    """Nobody is in a meeting that has not begun; opened again, it starts when it was to start, and not at once."""
    tomorrow = NOW + 86_400_000
    planned = room(RoomState.SCHEDULED, opened_at=None, starts_at=tomorrow, ends_at=tomorrow + 3_600_000)
    early = replace(planned, attendance=Attendance(sessions=(Session(1, NOW),)))
    assert ending.withdrawn(early, ANA, now=NOW + 1, reference="").effects == ()
    off = saved(ending.withdrawn(planned, ANA, now=NOW + ending.WITHDRAWN_WITHIN + 1, reference=""))
    assert (off.state, off.ended_by) == (RoomState.ENDED, WITHDRAWN)
    back = ending.reopened(off, ANA, now=tomorrow - 1, reference="")
    assert (saved(back).state, saved(back).opened_at, saved(back).ends_at) == (RoomState.SCHEDULED, None, off.ends_at)
    assert [(one.kind, one.due_at) for one in timers(back)][:1] == [(TimerKind.START, tomorrow)]
    late = ending.reopened(off, ANA, now=tomorrow, reference="")
    assert (saved(late).state, saved(late).opened_at, timers(late)[0].kind) == (RoomState.OPEN, tomorrow, TimerKind.END)


def test_a_request_that_is_deleted_late_closes_nothing() -> None:
    """After the first minutes, or once somebody joined, deleting the request throws nobody out."""
    assert ending.withdrawn(room(), ANA, now=NOW + ending.WITHDRAWN_WITHIN + 1, reference="").effects == ()
    assert ending.withdrawn(room(live_at=NOW), ANA, now=NOW + 1, reference="").effects == ()


@pytest.mark.parametrize(
    ("topic", "before", "said", "after"),
    [
        ("", "Retro", "DB restore", "DB restore"),
        ("#inc42", "#INC-42 DB down", "DB restore", "#INC-42 DB restore"),
        ("#inc42", "#INC-42 DB down", "#inc 42 DB restore", "#INC-42 DB restore"),
        ("#inc42", "#INC-42 DB down", "#INC-7 DB restore", "#INC-42 #INC-7 DB restore"),
    ],
)
def test_a_renamed_meeting_stays_its_topics(topic: str, before: str, said: str, after: str) -> None:
    """The subject changes and the topic by which people find it does not."""
    reply = ending.renamed(room(topic=topic, subject=before), said, BEA, now=NOW, reference="")
    assert (saved(reply).subject, saved(reply).topic) == (after, topic)
    assert (amends(reply), records(reply)) == ([NAME], [("rename", BEA.oid)])
    assert ending.renamed(saved(reply), said, BEA, now=NOW, reference="").effects == ()


@given(st.text(max_size=40).map(words))
@example("42 servers")
@example("#INC-7")
@example("- 7")
def test_no_words_make_another_topic_of_it(said: str) -> None:
    """Whatever a topic's meeting is called, people find it by its topic, and saying it again changes nothing."""
    before = room(topic="#inc", subject="#INC down")
    reply = ending.renamed(before, said, BEA, now=NOW, reference="")
    after = saved(reply) if reply.effects else before
    assert topics.topic_column(topics.written_in(after)) == "#inc"
    assert ending.renamed(after, said, BEA, now=NOW, reference="").effects == ()


def test_what_is_over_keeps_its_name() -> None:
    """Nothing is renamed after its end."""
    assert ending.renamed(room(RoomState.ENDED), "DB", ANA, now=NOW, reference="").effects == ()


def test_a_topic_is_held_past_its_time() -> None:
    """Nobody can see whether people are inside: a topic's meeting keeps its place, any other gives it free."""
    over = NOW + 3_600_000
    held = ending.planned_end(room(topic="#inc42"), now=over + 600_000)
    assert (saved(held).state, saved(held).trying) == (RoomState.OPEN, TIME_IS_UP)
    assert [timer.due_at for timer in timers(held)] == [over + ending.HELD]
    last = ending.planned_end(saved(held), now=over + ending.HELD)
    assert (saved(last).state, saved(last).ended_by) == (RoomState.ENDED, BY_CLOCK)
    assert saved(ending.planned_end(room(), now=over + 600_000)).state is RoomState.ENDED
    assert ending.planned_end(room(RoomState.LIVE, topic="#inc42"), now=over).outcome == "live on"


def test_the_lead_is_whom_graph_names() -> None:
    """Only people whom Graph has as co-organizers lead; who was merely invited is invited no longer."""
    led = replace(GIVEN, invited=(Invited(Person("", "OID-BEA"), Role.CO_ORGANIZER), Invited(Person("", "oid-cho"))))
    cho = Person("29:cho", "oid-cho", "Chloé Martin")
    reply = ending.handed_over(room(options=Options(invited=(Invited(BEA),))), led, [BEA, cho], ANA, "")
    assert saved(reply).options.invited == (Invited(BEA, Role.CO_ORGANIZER),)
    assert records(reply) == [("host", ANA.oid)]
    assert ending.handed_over(room(), led, [cho], ANA, "").effects == ()
    assert ending.handed_over(room(RoomState.ENDED), led, [BEA], ANA, "").effects == ()
