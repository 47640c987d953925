"""Who was in a call, whatever order it is told in (ENGINE R21)."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from bot import attendance
from bot.calls import NOBODY, Attendance, CallEvent, CallEventKind, Change, Stay

START = 1_790_000_000_000


def told(events: Iterable[CallEvent], before: Attendance = NOBODY) -> Attendance:
    """Return the attendance after these events, heard in this order."""
    known, stays = before, dict[tuple[int, str], Stay]()
    for event in events:
        known, changed = attendance.applied(known, tuple(stays.values()), event)
        stays |= {(stay.session, stay.participant_id): stay for stay in changed}
    return known


def began(at: int = 0) -> CallEvent:
    return CallEvent(CallEventKind.STARTED, START + at)


def over(at: int) -> CallEvent:
    return CallEvent(CallEventKind.ENDED, START + at)


def roster(at: int, *changes: Change) -> CallEvent:
    return CallEvent(CallEventKind.ROSTER, START + at, changes)


def comes(who: str, sequence: int = 0, *, phone: bool = False) -> Change:
    return Change(who, inside=True, person=who, name=who.title(), phone=phone, sequence=sequence)


def goes(who: str, sequence: int = 0) -> Change:
    return Change(who, inside=False, person=who, sequence=sequence)


STEPS = st.lists(st.tuples(st.sampled_from("abcd"), st.booleans()), min_size=1, max_size=8)


@given(STEPS, st.booleans(), st.data())
def test_order_and_copies_do_not_matter(steps: list[tuple[str, bool]], numbered: bool, data: st.DataObject) -> None:
    """However Graph tells a call, in whatever order and however often, the same people are in it and were in it."""
    numbers = range(1, len(steps) + 1)
    events = [
        roster(10 * at, (comes if inside else goes)(who, at * numbered))
        for at, (who, inside) in zip(numbers, steps, strict=True)
    ]
    straight = [began(), *events, over(1_000)]
    heard = data.draw(st.permutations(straight + straight))
    in_order, as_heard = told(straight), told(heard)
    assert as_heard.inside == in_order.inside == 0
    # Somebody who came and left again before it was heard counts where the leaving was heard first, too.
    assert [(one.started_at, one.ended_at, one.told) for one in as_heard.sessions] == [(START, START + 1_000, True)]


@given(STEPS, st.data())
def test_the_last_word_on_each_counts(steps: list[tuple[str, bool]], data: st.DataObject) -> None:
    """While a call goes on, whoever came last by the roster's own numbers is in, and nobody else."""
    events = [roster(10 * at, (comes if inside else goes)(who, at)) for at, (who, inside) in enumerate(steps, 1)]
    final = dict(steps)
    known = told(data.draw(st.permutations([began(), *events])))
    assert known.inside == sum(final.values())


def test_a_new_call_begins_anew() -> None:
    """Whoever was in the first call is not in the second, and each has its own line in the digest."""
    known = told(
        [began(), roster(1, comes("a"), comes("b")), over(60_000), began(600_000), roster(600_001, comes("c"))]
    )
    assert known.inside == 1
    first, second = known.sessions
    assert (first.people, first.most, first.ended_at) == (2, 2, START + 60_000)
    assert (second.people, second.most, second.ended_at) == (1, 1, None)


def test_a_call_whose_end_nobody_heard_ends_with_the_next() -> None:
    """A call that begins ends the one before, and what is told late of that one is counted there."""
    known = told([began(), roster(1, comes("a")), began(600_000), roster(2, comes("b"))])
    assert [one.people for one in known.sessions] == [2, 0]
    assert known.inside == 0


def test_the_most_at_once_is_exact_in_the_end() -> None:
    """Who leaves makes room: three people one after the other were one at once."""
    swaps = [roster(10 * at, comes(who, at)) for at, who in enumerate("abc", 1)]
    leaves = [roster(10 * at + 5, goes(who, at + 10)) for at, who in enumerate("abc", 1)]
    known = told([began(), *swaps, *leaves, over(1_000)])
    (one,) = known.sessions
    assert (one.people, one.most) == (3, 1)


def test_one_person_by_two_devices_is_one() -> None:
    """Somebody who joins with a telephone and a laptop is one person."""
    laptop, phone = comes("a"), Change("a-2", inside=True, person="a")
    known = told([began(), roster(1, laptop, phone)])
    assert (known.inside, known.sessions[0].people, known.sessions[0].most) == (1, 1, 1)


def test_who_waits_in_the_lobby_is_not_in() -> None:
    """The lobby is not the meeting; whoever goes away from there was never in it."""
    known = told([began(), roster(1, goes("a")), roster(2, comes("b")), over(9)])
    assert known.sessions[0].people == 1


def test_what_trails_the_end_says_nothing() -> None:
    """A leaving that is told after the end of the call makes no new call."""
    known = told([began(), roster(1, comes("a")), over(10), roster(11, goes("a"))])
    assert not known.live
    assert [one.people for one in known.sessions if one.people or one.told] == [1]


def test_what_was_missed_makes_the_count_unsure_until_the_next_call() -> None:
    """A count that may be wrong is not shown; the next call is counted from its beginning."""
    missed = CallEvent(CallEventKind.MISSED, START + 5)
    known = told([began(), roster(1, comes("a")), missed])
    assert known.visible == 0
    assert told([over(9), began(100), roster(101, comes("a"))], known).visible == 1


def test_what_was_missed_may_have_been_somebody_who_came() -> None:
    """Once something was missed, nobody says that nobody joined, nor counts a call whose start may have been it."""
    missed = CallEvent(CallEventKind.MISSED, START)
    known = told([missed], Attendance(heard=True))
    assert not known.heard
    assert (told([roster(1, comes("a"))], known).live, told([roster(1, comes("a"))], known).visible) == (True, 0)


def test_a_start_alone_is_live_and_names_are_kept_only_where_wanted() -> None:
    """A call that began is live before anybody is told of; names appear where cards may show them."""
    assert told([began()]).live
    assert told([began(), roster(1, comes("a"))]).names == ()
    shown = told([began(), roster(1, comes("a"), comes("b", phone=True))], Attendance(shown="names"))
    assert (shown.names, shown.callers, shown.inside) == (("A",), 1, 2)
