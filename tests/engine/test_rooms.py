from __future__ import annotations

from dataclasses import replace

import pytest

from bot import rooms, topics
from bot.decisions import DropTimer, Effect, PlanMessage, Record, RefreshCards, Reply, SaveNote, SaveRoom, SetTimer
from bot.errors import AccessBlocked, CredentialsWrong, HostUnknown, PolicyMissing, QuotaReached, Refused, RoleMissing
from bot.messages import Purpose
from bot.model import Binding, FrozenRequest, Meeting, MeetingRequest, Person, Room, RoomState, TimerKind

NOW = 1_790_000_000_000
THREAD = "19:incidents@thread.tacv2"
ANA = Person("29:ana", "11111111-0000-4000-8000-000000000001", "Ana Lima")
MEETING = Meeting("m1", "https://teams.example/meet/1", thread_id=THREAD, message_id="1599805818399")


def freeze(host_oid: str, request: MeetingRequest) -> FrozenRequest:
    """Freeze a request so that a test can read its parts."""
    return FrozenRequest("v1.0", host_oid, f"{request.external_id}|{request.bind_thread}")


def a_room(**changes: object) -> Room:
    """Return a room that is opening."""
    request = MeetingRequest("r1", "Retro", NOW, NOW + 3_600_000, THREAD)
    room = Room(
        room_id="r1",
        tenant="tenant",
        scope_key=topics.chat_scope(THREAD),
        topic="",
        state=RoomState.OPENING,
        version=1,
        subject="Retro",
        starter=ANA,
        host=ANA,
        home_thread=THREAD,
        home_conversation=f"{THREAD};messageid=1",
        request=FrozenRequest("beta", "/x", "{}"),
        external_id=request.external_id,
        created_at=NOW,
        give_up_at=NOW + rooms.TRIES_FOR,
        starts_at=NOW,
        ends_at=NOW + 3_600_000,
        reference="7F3K-92QD",
        bind_thread=THREAD,
    )
    return replace(room, **changes)  # type: ignore[arg-type]  # fields by name, checked by dataclasses


def saved(reply: Reply) -> Room:
    """Return the room that the reply saves."""
    return next(effect.room for effect in reply.effects if isinstance(effect, SaveRoom))


def kinds(reply: Reply) -> list[type[Effect]]:
    """Return what sorts of effects a reply has."""
    return [type(effect) for effect in reply.effects]


def test_an_answer_opens_the_room_and_changes_its_card() -> None:
    """When Graph has made the meeting the card shows it and the planned end is watched."""
    reply = rooms.opened(a_room(), MEETING, NOW)
    assert saved(reply).state is RoomState.OPEN
    assert saved(reply).binding is Binding.BOUND
    assert kinds(reply) == [SaveRoom, RefreshCards, SetTimer, DropTimer]


@pytest.mark.parametrize(
    ("asked", "thread", "message", "expected"),
    [
        (THREAD, THREAD, "1599805818399", Binding.BOUND),
        (THREAD, THREAD, "0", Binding.NO_POST),
        (THREAD, THREAD, "", Binding.NO_POST),
        (THREAD, "19:own@thread.v2", "1599805818399", Binding.IGNORED),
        (THREAD, "", "", Binding.IGNORED),
    ],
)
def test_binding_is_read_from_the_answer(asked: str, thread: str, message: str, expected: Binding) -> None:
    """A card says "this channel" only when Graph's answer proves it."""
    meeting = replace(MEETING, thread_id=thread, message_id=message)
    assert rooms.binding(asked, meeting) is expected


def test_a_late_answer_opens_nothing() -> None:
    """A meeting that comes after the room gave up is deleted and shown to nobody."""
    reply = rooms.opened(a_room(state=RoomState.FAILED), MEETING, NOW)
    assert reply.outcome == "late"
    (armed,) = reply.effects
    assert isinstance(armed, SetTimer)
    assert armed.timer.kind is TimerKind.DELETE
    assert armed.timer.payload == {"meeting_id": "m1", "organizer_oid": ANA.oid, "until": NOW + rooms.UNDO_FOR}


@pytest.mark.parametrize("state", [RoomState.OPEN, RoomState.ENDED])
def test_a_late_answer_never_deletes_what_people_were_shown(state: RoomState) -> None:
    """Whoever learns late of the meeting that is open leaves it alone; another one for the same room goes."""
    room = a_room(state=state, meeting=MEETING)
    assert rooms.opened(room, MEETING, NOW).effects == ()
    (armed,) = rooms.opened(room, replace(MEETING, id="m2"), NOW).effects
    assert isinstance(armed, SetTimer)
    assert armed.timer.payload["meeting_id"] == "m2"


@pytest.mark.parametrize("ending", ["deadline", "stop", "refused"])
def test_what_may_have_been_made_is_undone(ending: str) -> None:
    """A request that ends after an attempt nobody knows the outcome of is looked up with its bytes, to be deleted."""
    room = saved(rooms.not_yet(a_room(), 1.0, now=NOW, attempts=1, unclear=True))
    room = saved_or(room, rooms.not_yet(room, 1.0, now=NOW, attempts=2))
    reply = {
        "deadline": lambda: rooms.gave_up(room, now=NOW, whisper_id="w"),
        "stop": lambda: rooms.stopped(room, BEN, now=NOW, reference=""),
        "refused": lambda: rooms.refused(room, Refused("x"), now=NOW, whisper_id="w"),
    }[ending]()
    (undo,) = [effect.timer for effect in reply.effects if isinstance(effect, SetTimer)]
    assert (undo.kind, undo.due_at) == (TimerKind.DELETE, NOW + rooms.UNDO_AFTER)
    assert FrozenRequest(**undo.payload["request"]) == a_room().request
    clear = saved(rooms.not_yet(a_room(), 1.0, now=NOW, attempts=1))
    assert timers(rooms.gave_up(clear, now=NOW, whisper_id="w")) == []


def saved_or(room: Room, reply: Reply) -> Room:
    """Return the room that the reply saves, or the one there is."""
    return next((effect.room for effect in reply.effects if isinstance(effect, SaveRoom)), room)


def test_a_thread_refused_after_an_unclear_attempt_leaves_nothing_behind() -> None:
    """Asking without the thread undoes what the attempt with it may have made, and starts with a clean slate."""
    reply = rooms.unbound(a_room(trying="unclear"), now=NOW, freeze=freeze, known_standard=True)
    undo = [effect.timer for effect in reply.effects if isinstance(effect, SetTimer)][-1]
    assert FrozenRequest(**undo.payload["request"]) == a_room().request
    assert timers(rooms.gave_up(saved(reply), now=NOW, whisper_id="w")) == []


def test_a_refused_thread_is_tried_without_it_under_a_new_id() -> None:
    """A channel that Graph refuses still gets its meeting, and the next one there is not slowed down."""
    reply = rooms.unbound(a_room(), now=NOW, freeze=freeze, known_standard=True)
    assert saved(reply).external_id != "r1"
    assert saved(reply).request.body.endswith("|")
    assert saved(reply).attempt == 2
    note = next(effect for effect in reply.effects if isinstance(effect, SaveNote))
    assert note.key == rooms.refusal_keys("beta", THREAD)[0]
    own_chat = replace(MEETING, thread_id="19:own@thread.v2", message_id="0")
    assert saved(rooms.opened(saved(reply), own_chat, NOW)).binding is Binding.REFUSED
    never_asked = a_room(bind_thread="")
    assert saved(rooms.opened(never_asked, own_chat, NOW)).binding is Binding.NOT_ASKED


def test_a_channel_of_unknown_kind_speaks_only_for_itself() -> None:
    """The first private channel does not cost every other channel its tie."""
    reply = rooms.unbound(a_room(), now=NOW, freeze=freeze, known_standard=False)
    note = next(effect for effect in reply.effects if isinstance(effect, SaveNote))
    assert note.key == rooms.refusal_keys("beta", THREAD)[1]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (PolicyMissing("x"), "policy"),
        (RoleMissing("x"), "role"),
        (HostUnknown("x"), "host"),
        (AccessBlocked("x"), "blocked"),
        (CredentialsWrong("x"), "credentials"),
        (QuotaReached("x"), "quota"),
        (Refused("x"), "refused"),
    ],
)
def test_every_definite_no_fails_with_its_own_reason(error: Refused, code: str) -> None:
    """Each refusal of Graph's has its own words on the card."""
    assert saved(rooms.refused(a_room(), error, now=NOW, whisper_id="w")).fail_code == code


def test_a_missing_policy_is_whispered_to_the_one_who_asked() -> None:
    """What an administrator has to do is told to the person, not to the channel."""
    reply = rooms.refused(a_room(), PolicyMissing("x"), now=NOW, whisper_id="w")
    planned = next(effect.message for effect in reply.effects if isinstance(effect, PlanMessage))
    assert planned.purpose is Purpose.WHISPER
    assert planned.to == ANA


def test_trying_again_never_passes_the_deadline() -> None:
    """However long Graph asks to wait, the room gives up at the time its card shows."""
    reply = rooms.not_yet(a_room(), 9_999.0, now=NOW, attempts=3)
    timer = next(effect.timer for effect in reply.effects if isinstance(effect, SetTimer))
    assert timer.due_at == a_room().give_up_at
    assert timer.attempts == 3
    assert saved(reply).trying == "unavailable"


def test_a_card_that_says_it_already_is_not_edited_again() -> None:
    """Every further attempt does not cost the channel another edit."""
    assert kinds(rooms.not_yet(a_room(trying="unavailable"), 1.0, now=NOW, attempts=3)) == [SetTimer]


def test_at_the_deadline_it_fails_and_says_so() -> None:
    """A request that got no answer in three minutes ends as an honest failure."""
    assert saved(rooms.gave_up(a_room(), now=NOW, whisper_id="w")).fail_code == "deadline"


@pytest.mark.parametrize("state", [state for state in RoomState if state is not RoomState.OPENING])
def test_what_is_no_longer_opening_is_left_alone(state: RoomState) -> None:
    """An answer that comes too late changes nothing that people see."""
    room = a_room(state=state)
    for reply in (
        rooms.refused(room, Refused("x"), now=NOW, whisper_id="w"),
        rooms.unbound(room, now=NOW, freeze=freeze, known_standard=True),
        rooms.not_yet(room, 1.0, now=NOW, attempts=1),
        rooms.gave_up(room, now=NOW, whisper_id="w"),
    ):
        assert reply.effects == ()


@pytest.mark.parametrize("state", list(RoomState))
def test_the_clock_ends_only_a_room_nobody_is_known_to_be_in(state: RoomState) -> None:
    """A meeting with people inside is never ended by the clock, which looks again after a quarter of an hour."""
    reply = rooms.planned_end(a_room(state=state), now=NOW)
    assert any(isinstance(effect, SaveRoom) for effect in reply.effects) is (state is RoomState.OPEN)
    again = [effect.timer for effect in reply.effects if isinstance(effect, SetTimer)]
    assert [(timer.kind, timer.due_at) for timer in again] == (
        [(TimerKind.END, NOW + 900_000)] if state is RoomState.LIVE else []
    )


BEN = Person("29:ben", "22222222-0000-4000-8000-000000000002", "Ben Okafor")
BEN_KNOWN = replace(BEN, upn="ben@contoso.example")


def timers(reply: Reply) -> list[TimerKind]:
    """Return the kinds of timers a reply arms."""
    return [effect.timer.kind for effect in reply.effects if isinstance(effect, SetTimer)]


def test_the_first_delay_looks_up_whom_the_card_could_call() -> None:
    """Who was mentioned is looked up when Microsoft does not answer, and only then."""
    assert timers(rooms.not_yet(a_room(people=(BEN,)), 1.0, now=NOW, attempts=1)) == [TimerKind.OPEN, TimerKind.MEMBERS]
    again = a_room(people=(BEN,), trying="unavailable")
    assert timers(rooms.not_yet(again, 1.0, now=NOW, attempts=2)) == [TimerKind.OPEN]


def test_a_remembered_member_is_not_looked_up_again() -> None:
    """Somebody who was looked up within a day is on the card at once."""
    notes = {rooms.member_key(BEN.id): "ben@contoso.example"}
    reply = rooms.not_yet(a_room(people=(BEN,)), 1.0, now=NOW, attempts=1, notes=notes)
    assert saved(reply).people == (BEN_KNOWN,)
    assert timers(reply) == [TimerKind.OPEN]


def test_found_members_are_remembered_and_shown() -> None:
    """A look-up's answer is kept for a day and changes the card of a meeting that is not open."""
    reply = rooms.called(a_room(people=(BEN,)), [BEN_KNOWN], now=NOW)
    assert kinds(reply) == [SaveNote, SaveRoom, RefreshCards]
    assert saved(reply).people == (BEN_KNOWN,)
    opened = rooms.called(a_room(people=(BEN,), state=RoomState.OPEN), [BEN_KNOWN], now=NOW)
    assert kinds(opened) == [SaveNote]
    assert rooms.called(a_room(people=(BEN,)), [BEN], now=NOW).effects == ()


def test_trying_now_sends_the_same_bytes_at_once() -> None:
    """Whoever presses Try now gets an attempt now, not another meeting."""
    reply = rooms.try_now(a_room(), now=NOW)
    (armed,) = reply.effects
    assert isinstance(armed, SetTimer)
    assert (armed.timer.kind, armed.timer.due_at) == (TimerKind.OPEN, NOW)


def test_stopping_fails_the_room_and_names_who_did() -> None:
    """A stopped request fails at once, and the audit says who stopped it."""
    reply = rooms.stopped(a_room(), BEN, now=NOW, reference="7F3K-92QD")
    assert (saved(reply).state, saved(reply).fail_code) == (RoomState.FAILED, "stopped")
    records = [effect for effect in reply.effects if isinstance(effect, Record)]
    assert ("stop", BEN.oid) in [(record.action, record.actor_oid) for record in records]
    dropped = [effect.timer_key for effect in reply.effects if isinstance(effect, DropTimer)]
    assert dropped == ["give_up|r1"], "the open timer stays, so that a late success is deleted"


@pytest.mark.parametrize("state", [state for state in RoomState if state is not RoomState.OPENING])
def test_only_an_opening_room_is_tried_or_stopped(state: RoomState) -> None:
    """A press that comes too late changes nothing."""
    room = a_room(state=state)
    assert rooms.try_now(room, now=NOW).effects == ()
    assert rooms.stopped(room, BEN, now=NOW, reference="").effects == ()
