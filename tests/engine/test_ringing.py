"""Who is rung, what their answers make of it, and when our own call is left (ENGINE R22)."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot import ringing
from bot.decisions import ExpectCall, PlanMessage, Reply, SaveNote, SetTimer, View
from bot.model import CallState, Chat, ChatKind, Person, Ring, Ringing, RingState, Room, RoomState
from bot.ringing import News
from tests.engine.test_rooms import ANA, MEETING, NOW, a_room, saved

BEN, CHO = Person("29:ben", "oid-ben", "Ben Okafor"), Person("29:cho", "oid-cho", "Chloé Martin")
CHAT = Chat("tenant", "19:x@thread.tacv2", ChatKind.CHANNEL, settings={"ring": "oid-dana,oid-eve"})
UP = Ringing(call=CallState.ESTABLISHED, nonce="n", call_id="c", asked_by=ANA)


def view(now: int = NOW, **changes: object) -> View:
    """Return what a decision sees; the chat has a ring list of two."""
    return replace(View(now=now, fresh_id="f" * 32, chat=CHAT), **changes)  # type: ignore[arg-type]  # fields by name


def ring(person: Person, state: RingState = RingState.RINGING, **changes: object) -> Ring:
    """Return somebody who rings."""
    return replace(Ring(person, state, NOW), **changes)  # type: ignore[arg-type]  # fields by name


def room(*rings: Ring, call: Ringing = UP) -> Room:
    """Return an open room into which these are rung."""
    return a_room(state=RoomState.OPEN, meeting=MEETING, ringing=replace(call, rings=rings))


def steps(reply: Reply) -> list[str]:
    """Return the steps that a reply arms."""
    return [effect.timer.payload["step"] for effect in reply.effects if isinstance(effect, SetTimer)]


def states(reply: Reply) -> dict[str, str]:
    """Return what a reply makes of everybody who is rung."""
    return {one.person.oid: one.state.value for one in saved(reply).ringing.rings}


def test_a_call_is_expected_before_it_is_asked_for() -> None:
    """The nonce of our call's callbacks is written together with the timer that asks Graph, and with nothing else."""
    waiting = room(ring(BEN, RingState.WAITING), call=Ringing(asked_by=ANA))
    reply = ringing.looked(waiting, {BEN.id: BEN}, {}, view())
    (expected,) = [effect for effect in reply.effects if isinstance(effect, ExpectCall)]
    assert expected.nonce == saved(reply).ringing.nonce
    assert steps(reply) == [ringing.JOIN, ringing.UNHEARD]
    assert [effect.key for effect in reply.effects if isinstance(effect, SaveNote)] == ["rung|oid-ben"]


def test_nobody_is_rung_twice_within_two_minutes() -> None:
    """Whoever was rung a moment ago is left in peace, and who asked is told so."""
    waiting = room(ring(BEN, RingState.WAITING), call=Ringing(asked_by=ANA))
    reply = ringing.looked(waiting, {BEN.id: BEN}, {}, view(notes={"rung|oid-ben": ""}))
    assert states(reply) == {}
    (told,) = [effect.message.content for effect in reply.effects if isinstance(effect, PlanMessage)]
    assert told
    assert told.data["soon"] == ["Ben Okafor"]


def test_no_member_is_not_rung_and_the_list_goes_on() -> None:
    """Whom the chat does not have cannot be reached; the next of the ring list is looked up instead."""
    waiting = room(ring(Person("29:kim"), RingState.WAITING), call=Ringing())
    reply = ringing.looked(waiting, {"29:kim": None}, {}, view())
    assert states(reply) == {"": "unreachable", "oid-dana": "waiting"}
    assert steps(reply) == [ringing.LOOK]


def test_an_answer_that_comes_twice_invites_once() -> None:
    """Graph may tell twice that our call stands: nobody's telephone rings twice for that."""
    waiting = room(ring(BEN, RingState.WAITING), call=replace(UP, call=CallState.ASKED, call_id=""))
    first = ringing.heard(waiting, "n", [News("c", "established")], view())
    assert steps(first) == [ringing.INVITE, ringing.KEEP]
    assert saved(first).ringing.call_id == "c"
    again = ringing.heard(saved(first), "n", [News("c", "established")], view())
    assert again.effects == ()


def test_invitations_go_out_five_at_a_time() -> None:
    """Twenty people are invited in groups of five, a second apart."""
    people = [ring(Person(f"29:{n}", f"oid-{n}", "X"), RingState.WAITING) for n in range(20)]
    asked = room(*people, call=replace(UP, call=CallState.MADE))
    reply = ringing.heard(asked, "n", [News("c", "established")], view())
    due = [
        one.timer.due_at - NOW for one in reply.effects if isinstance(one, SetTimer) and "context" in one.timer.payload
    ]
    assert due == [n // 5 * 1_000 for n in range(20)]


def test_who_declines_makes_room_for_the_next_of_the_list() -> None:
    """The list goes on from who was rung last, and ends with its last name."""
    declines = [News("c", context=f"{BEN.oid}|{NOW}", failed=603)]
    reply = ringing.heard(room(ring(BEN), ring(CHO)), "n", declines, view())
    assert states(reply) == {"oid-ben": "declined", "oid-cho": "ringing", "oid-dana": "waiting"}
    rung = [ring(Person("", oid), RingState.NO_ANSWER) for oid in ("oid-dana", "oid-eve")]
    over = ringing.heard(room(ring(BEN), *rung), "n", declines, view())
    assert steps(over) == [ringing.LEAVE]
    assert saved(over).ringing.nonce == ""


def test_after_a_minute_the_next_is_rung_unless_somebody_came() -> None:
    """Nobody in sixty seconds: the next, but once somebody is in, who does not answer is not replaced."""
    about = ringing.context(ring(BEN))
    assert states(ringing.late(room(ring(BEN)), about, view())) == {"oid-ben": "no_answer", "oid-dana": "waiting"}
    came = ringing.late(room(ring(BEN), ring(CHO, RingState.JOINED)), about, view())
    assert states(came) == {"oid-ben": "no_answer", "oid-cho": "joined"}
    assert ringing.late(room(ring(BEN, RingState.DECLINED)), about, view()).effects == ()


def test_the_end_of_an_older_ring_does_not_end_a_newer_one() -> None:
    """What Graph says late of the first invitation does not touch the one that rings now."""
    now = room(ring(BEN, at=NOW + 150_000))
    assert ringing.heard(now, "n", [News("c", context=f"oid-ben|{NOW}", failed=408)], view()).effects == ()


def test_a_call_that_nobody_waits_for_is_left() -> None:
    """A callback of a call that was given up hangs that call up; one that has ended needs nothing."""
    given_up = room(call=Ringing())
    reply = ringing.heard(given_up, "n", [News("late", "established")], view())
    assert [one.timer.payload for one in reply.effects if isinstance(one, SetTimer)] == [
        {"step": "leave", "call": "late"}
    ]
    assert ringing.heard(given_up, "n", [News("late", "terminated")], view()).effects == ()
    other = ringing.heard(room(ring(BEN)), "n", [News("another", "established")], view())
    assert steps(other) == [ringing.LEAVE]


def test_without_a_callback_nobody_was_rung() -> None:
    """A minute after our call was asked for, and no word of it: they were not rung, and the card can say so (C11)."""
    asked = room(ring(BEN, RingState.WAITING), call=replace(UP, call=CallState.ASKED, call_id=""))
    reply = ringing.not_made(asked, "n", NOW)
    assert states(reply) == {"oid-ben": "unreachable"}
    assert saved(reply).ringing.nonce == ""
    assert ringing.not_made(room(ring(BEN)), "n", NOW).effects == ()


def test_an_answer_that_nobody_waited_for_hangs_up() -> None:
    """Graph's late answer to a call that was given up undoes it, also when its timer is somebody else's by now."""
    reply = ringing.made(room(call=Ringing()), "n", "c", NOW)
    assert (steps(reply), reply.regardless) == ([ringing.LEAVE], True)
    known = replace(UP, call=CallState.ASKED, call_id="")
    assert saved(ringing.made(room(ring(BEN, RingState.WAITING), call=known), "n", "c", NOW)).ringing.call_id == "c"


def test_an_ended_call_rings_nobody() -> None:
    """When Graph ends our call, who rang has not answered and who waited was not reached."""
    reply = ringing.heard(
        room(ring(BEN), ring(CHO, RingState.WAITING)), "n", [News("c", "terminated")], view(chat=None)
    )
    assert states(reply) == {"oid-ben": "no_answer", "oid-cho": "unreachable"}
    assert saved(reply).ringing.call is CallState.NONE


def test_a_meeting_that_is_over_rings_nobody_else() -> None:
    """The ring list stops with the meeting."""
    over = replace(room(ring(BEN)), state=RoomState.ENDED)
    assert states(ringing.late(over, ringing.context(ring(BEN)), view())) == {"oid-ben": "no_answer"}
    asked = replace(UP, call=CallState.ASKED, rings=(ring(BEN, RingState.WAITING),))
    reply = ringing.heard(replace(over, ringing=asked), "n", [News("c", "established")], view())
    assert (states(reply), steps(reply)) == ({}, [ringing.LEAVE])


NEWS = st.builds(
    News,
    call_id=st.just("c"),
    state=st.sampled_from(["", "establishing", "established", "terminated"]),
    inside=st.none() | st.frozensets(st.sampled_from(["oid-ben", "oid-cho", "oid-x"])),
    context=st.sampled_from(["", f"oid-ben|{NOW}", f"oid-cho|{NOW}"]),
    failed=st.none() | st.sampled_from([0, 200, 408, 480, 486, 603, 500]),
)


@given(st.lists(st.lists(NEWS, max_size=3), max_size=6))
def test_in_any_order_who_came_has_come_and_a_call_without_a_ring_is_left(told: list[list[News]]) -> None:
    """Callbacks come twice and in disorder: nobody who came is lost, and our call never stays for nobody."""
    here, came = room(ring(BEN), ring(CHO)), set[str]()
    for news in told:
        alive = here.ringing.nonce == "n"
        reply = ringing.heard(here, "n", news, view(chat=None))
        here = saved(reply) if any(type(one).__name__ == "SaveRoom" for one in reply.effects) else here
        if alive:
            came |= {oid for one in news for oid in one.inside or () if oid != "oid-x"}
        assert came <= {one.person.oid for one in here.ringing.rings if one.state is RingState.JOINED}
        pending = any(one.state in ringing.PENDING for one in here.ringing.rings)
        assert pending or here.ringing.call is CallState.NONE
