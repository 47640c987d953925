"""Decisions around a link: what is shown, held back, or deleted unseen (ENGINE R3, R4, R6)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot import patching
from bot.decisions import DropTimer, Reply, SaveRoom, SetTimer, View
from bot.errors import HostUnknown
from bot.model import SETTING, GraphCall, LobbyScope, Meeting, Options, Room, RoomState, TimerKind
from tests.engine.test_rooms import MEETING, NOW, a_room

VIEW = View(NOW, "f" * 32)
NARROW = Options(lobby=LobbyScope.ORGANIZER)
WIDE = Options(lobby=LobbyScope.EVERYONE)
GIVEN = replace(MEETING, lobby_scope="organization")
EVENT = Meeting("", "", event_id="e1")


def saved(reply: Reply) -> Room:
    """Return the room as the reply leaves it."""
    return next(effect.room for effect in reply.effects if isinstance(effect, SaveRoom))


def timers(reply: Reply) -> list[TimerKind]:
    """Return the kinds of the timers that the reply arms."""
    return [effect.timer.kind for effect in reply.effects if isinstance(effect, SetTimer)]


def test_what_narrows_is_set_before_the_link() -> None:
    """A meeting that is wider than asked stays unseen until its lobby is set."""
    reply = patching.made(a_room(options=NARROW), GIVEN, VIEW, "w")
    assert (saved(reply).state, saved(reply).meeting) == (RoomState.OPENING, GIVEN)
    assert timers(reply) == [TimerKind.PATCH]


def test_what_widens_is_set_after_the_link() -> None:
    """A meeting that is narrower than asked is shown at once."""
    reply = patching.made(a_room(options=WIDE), GIVEN, VIEW, "w")
    assert (saved(reply).state, saved(reply).trying) == (RoomState.OPEN, SETTING)
    assert timers(reply) == [TimerKind.END, TimerKind.PATCH]


def test_a_missing_passcode_cannot_be_added() -> None:
    """Nobody is shown a meeting without the passcode they asked for; it is deleted."""
    reply = patching.made(a_room(options=Options(passcode=True)), GIVEN, VIEW, "w")
    assert (saved(reply).state, saved(reply).fail_code) == (RoomState.FAILED, "private")
    assert TimerKind.DELETE in timers(reply)


def test_an_answer_after_the_deadline_opens_nothing() -> None:
    """Late is worse than failed, also where nobody was there to heed the deadline: what was made is deleted (R6)."""
    late = View(a_room().give_up_at, "f" * 32)
    held = replace(MEETING, id="held before")
    for reply in (
        patching.made(a_room(), GIVEN, late, "w"),
        patching.made(a_room(meeting=held), GIVEN, late, "w"),
        patching.patched(a_room(meeting=GIVEN), GIVEN, late, "w"),
    ):
        assert (saved(reply).state, saved(reply).fail_code) == (RoomState.FAILED, "deadline")
        assert f"delete|r1|{GIVEN.id}" in {one.timer.timer_key for one in reply.effects if isinstance(one, SetTimer)}
    assert timers(patching.made(a_room(meeting=held), GIVEN, late, "w")).count(TimerKind.DELETE) == 2


def test_the_answer_to_a_patch_is_compared() -> None:
    """Only what Microsoft says it has set opens the door; what it kept wider is not shown."""
    held = a_room(options=NARROW, meeting=GIVEN)
    assert saved(patching.patched(held, replace(GIVEN, lobby_scope="organizer"), VIEW, "w")).state is RoomState.OPEN
    for reply in (patching.patched(held, GIVEN, VIEW, "w"), patching.not_patched(held, VIEW, "w")):
        assert saved(reply).fail_code == "private"
        assert TimerKind.DELETE in timers(reply)
        assert DropTimer(f"patch|{held.room_id}") in reply.effects


@pytest.mark.parametrize("state", [RoomState.FAILED, RoomState.ENDED])
def test_a_room_that_is_over_is_not_touched(state: RoomState) -> None:
    """What comes too late changes nothing."""
    room = a_room(state=state, meeting=GIVEN)
    assert patching.patched(room, GIVEN, VIEW, "w").outcome == "overtaken"
    assert patching.not_patched(room, VIEW, "w").outcome == "overtaken"
    assert patching.not_filled_in_yet(room, EVENT, NOW, 1).outcome == "overtaken"
    assert patching.not_filled_in(room, HostUnknown("gone"), VIEW, "w").outcome == "overtaken"
    assert patching.kept(room, VIEW, "w") is None
    assert timers(patching.waiting(room, NOW + 1, 1)) == [TimerKind.PATCH]


def test_a_meeting_for_a_room_that_gave_up_is_deleted() -> None:
    """Late is worse than failed, also with options."""
    assert timers(patching.made(a_room(state=RoomState.FAILED), GIVEN, VIEW, "w")) == [TimerKind.DELETE]


def test_an_event_is_read_until_it_has_its_link() -> None:
    """Outlook's event is awaited, and read no more often than something changes."""
    first = patching.made(a_room(graph_call=GraphCall.EVENT), EVENT, VIEW, "w")
    assert (timers(first), saved(first).meeting) == ([TimerKind.EVENT], EVENT)
    again = patching.not_filled_in_yet(a_room(meeting=EVENT), EVENT, NOW + 1, 2)
    assert [type(effect) for effect in again.effects] == [SetTimer]


def test_an_event_that_cannot_be_read_fails_and_goes() -> None:
    """An event whose fate Outlook will not tell is taken out of the calendar again."""
    reply = patching.not_filled_in(a_room(meeting=EVENT), HostUnknown("gone"), VIEW, "w")
    (delete,) = [
        effect.timer
        for effect in reply.effects
        if isinstance(effect, SetTimer) and effect.timer.kind is TimerKind.DELETE
    ]
    assert delete.payload["event_id"] == "e1"


def test_a_plain_create_is_doubted_once() -> None:
    """One lost answer is asked for again, a second one ends it; calls that find what they made go on."""
    twice = a_room(graph_call=GraphCall.CREATE, trying="unclear")
    stopped = patching.doubtful(twice, VIEW, "w")
    assert stopped is not None
    assert saved(stopped).fail_code == "deadline"
    assert timers(stopped) == []
    assert patching.doubtful(replace(twice, trying=""), VIEW, "w") is None
    assert patching.doubtful(replace(twice, graph_call=GraphCall.CREATE_OR_GET), VIEW, "w") is None
