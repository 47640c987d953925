"""By whose permission a meeting is made: pure decisions about ways and sign-ins (ENGINE R1, R2, R13)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

import bot.lifecycle
from bot import rooms, ways
from bot.commands.command import Policy
from bot.decisions import Park, PlanMessage, Reply, SaveNote, SetTimer, View
from bot.dispatch import Dispatch
from bot.errors import NotNow
from bot.leases import Lease, TimerClaim
from bot.lifecycle import SIGN_OUTS, Lifecycle
from bot.model import ChannelKind, Chat, ChatKind, GraphCall, Person, Room, RoomState, Timer, TimerKind, Way
from bot.observe import Event
from tests.engine.test_looking_up import Still
from tests.engine.test_rooms import NOW, THREAD, a_room, freeze, saved

CHANNEL = Chat("tenant", THREAD, ChatKind.CHANNEL)
NOTED = {ways.policy_key(a_room().host.oid): ""}


def seen(room: Room, **changes: Any) -> View:  # noqa: ANN401 - fields by name
    """Return what a timer's decision looks at."""
    return View(NOW, "f" * 32, **{"chat": CHANNEL, "room": room, **changes})


@pytest.mark.parametrize(
    ("auth", "notes", "way"),
    [
        ("app", {}, Way.APP),
        ("app", NOTED, Way.APP),
        ("auto", {}, Way.APP),
        ("auto", NOTED, Way.USER),
        ("user", {}, Way.USER),
    ],
)
def test_the_first_way(auth: str, notes: dict[str, str], way: Way) -> None:
    """The app's permission is asked first unless an administrator says otherwise or it is known to be missing."""
    assert ways.first(auth, notes, a_room().host.oid) is way


def test_only_what_may_be_tied_is_looked_up() -> None:
    """The person's token is looked for where only it can tie the meeting: in standard channels, by `auto`."""
    looks: dict[str, Any] = {"version": "beta", "chat": CHANNEL, "notes": {}}
    private = replace(CHANNEL, channel_kind=ChannelKind.PRIVATE)
    refused = dict.fromkeys(rooms.refusal_keys("beta", THREAD, Way.USER), "")
    assert ways.looks_up(a_room(), "auto", **looks)
    assert not ways.looks_up(a_room(), "app", **looks)
    assert not ways.looks_up(a_room(way=Way.USER), "auto", **looks)
    assert not ways.looks_up(a_room(graph_call=GraphCall.EVENT), "auto", **looks)
    assert not ways.looks_up(a_room(), "auto", **{**looks, "version": "off"})
    assert not ways.looks_up(a_room(), "auto", **{**looks, "chat": private})
    assert not ways.looks_up(a_room(), "auto", **{**looks, "notes": refused})


def test_the_look_up_freezes_the_first_attempt() -> None:
    """Before anything was sent the attempt stays the first one, under its external id (R1)."""
    found = ways.looked_up(a_room(), seen(a_room()), version="beta", freeze=freeze, there=True)
    room = saved(found)
    assert (room.way, room.attempt, room.external_id) == (Way.USER, 1, a_room().external_id)
    none = ways.looked_up(a_room(), seen(a_room()), version="beta", freeze=freeze, there=False)
    assert [type(effect) for effect in none.effects] == [SetTimer]


def test_a_missing_policy_is_another_attempt_by_the_person() -> None:
    """After a definite no the person's own permission is next: a new external id, known for a quarter of an hour."""
    reply = ways.without_policy(a_room(), seen(a_room()), version="beta", freeze=freeze)
    room = saved(reply)
    assert (room.way, room.attempt, room.host) == (Way.USER, 2, a_room().starter)
    assert room.external_id != a_room().external_id
    (note,) = [effect for effect in reply.effects if isinstance(effect, SaveNote)]
    assert (note.key, note.until) == (ways.policy_key(a_room().host.oid), NOW + 900_000)
    assert not any(timer.timer.kind is TimerKind.DELETE for timer in timers(reply))


def test_an_unclear_attempt_before_is_undone() -> None:
    """What an attempt whose answer was lost may have made is looked for when another way is taken (R6)."""
    unclear = a_room(trying="unclear")
    reply = ways.without_policy(unclear, seen(unclear), version="beta", freeze=freeze)
    assert any(timer.timer.kind is TimerKind.DELETE for timer in timers(reply))
    assert saved(reply).trying == "unavailable"


def test_a_request_waits_with_all_it_asked_for() -> None:
    """What waits holds the room's subject, people and place for a quarter of an hour, and no token."""
    ben = Person("29:ben", "oid-ben", "Ben Okafor")
    room = a_room(way=Way.USER, people=(ben,))
    reply = ways.sign_in_needed(room, seen(room), "w")
    (park,) = [effect for effect in reply.effects if isinstance(effect, Park)]
    turn = park.turn
    assert (turn.person, turn.mentions, turn.data["room"], turn.data["asked"]) == (room.starter, (ben,), "r1", "1")
    assert (turn.conversation_id, turn.expires_at) == (room.home_conversation, NOW + 900_000)
    assert saved(reply).fail_code == "sign_in"
    (whisper,) = [effect.message for effect in reply.effects if isinstance(effect, PlanMessage)]
    assert (whisper.to, whisper.content and whisper.content.name) == (room.starter, "sign-in")


def test_the_second_time_is_the_last() -> None:
    """A request that was asked for twice asks nobody a third time."""
    room = a_room(way=Way.USER)
    reply = ways.sign_in_needed(room, seen(room, notes={ways.asked_key("r1"): "2"}), "w")
    assert saved(reply).fail_code == "sign_in_lost"
    assert not any(isinstance(effect, Park) for effect in reply.effects)


@pytest.mark.parametrize("state", [state for state in RoomState if state is not RoomState.OPENING])
def test_what_is_no_longer_opening_is_left_alone(state: RoomState) -> None:
    """Whoever was faster keeps the room as it is."""
    room = a_room(state=state)
    view = seen(room)
    assert ways.looked_up(room, view, version="beta", freeze=freeze, there=True).effects == ()
    assert ways.without_policy(room, view, version="beta", freeze=freeze).effects == ()
    assert ways.sign_in_needed(room, view, "w").effects == ()


class Away:
    """A Token Service that is not there."""

    async def sign_out(self, *_: object) -> None:
        """Fail."""
        raise NotNow("503", status=503)


async def signed_out(attempts: int) -> Reply:
    """Run the timer of a sign-out while the service is away, and decide."""
    payload = dict.fromkeys(("id", "oid", "name", "thread_id", "conversation_id", "language", "zone", "reference"), "x")
    still = Still()
    timer = Timer("sign_out|t", TimerKind.SIGN_OUT, "tenant", "", NOW, payload, attempts)
    parts: Any = (None, None, Policy(freeze), still, still, lambda _: None, Away())
    decide = await Lifecycle(*parts).run(TimerClaim(timer, Lease("one", 1, NOW + 30_000), None, None))
    return decide(View(NOW, "f" * 32))


async def test_a_sign_out_is_tried_again_and_then_told_honestly() -> None:
    """Nobody is told that they are signed out before they are."""
    assert [type(effect) for effect in (await signed_out(1)).effects] == [SetTimer]
    (told,) = (await signed_out(SIGN_OUTS)).effects
    assert isinstance(told, PlanMessage)
    assert told.message.content is not None
    assert told.message.content.name == "not-signed-out"


class Hanging:
    """A Token Service that never answers."""

    async def token(self, *_: object) -> str | None:
        """Wait for ever."""
        await asyncio.Event().wait()
        return None


async def test_a_meeting_does_not_wait_for_a_token_service_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the tie to the channel is at stake: after a moment the app's permission makes the meeting (R2)."""
    monkeypatch.setattr(bot.lifecycle, "TIE_SECONDS", 0.05)
    still, events = Still(), list[Event]()
    timer = rooms.open_timer(a_room(), NOW, look_up=True).timer
    parts: Any = (None, None, Policy(freeze), still, still, events.append, Hanging())
    decide = await Lifecycle(*parts).run(TimerClaim(timer, Lease("one", 1, NOW + 30_000), a_room(), None))
    assert decide(seen(a_room())).outcome == "no token"
    assert [event.name for event in events] == ["token_service.away"]


def test_what_waited_in_a_chat_that_is_gone_opens_nothing() -> None:
    """Muster was removed while somebody signed in: a meeting there would be shown to nobody (R19)."""
    room = a_room(way=Way.USER)
    (park,) = [effect for effect in ways.sign_in_needed(room, seen(room), "w").effects if isinstance(effect, Park)]
    gone = replace(CHANNEL, gone_at=NOW)
    view = View(NOW, "f" * 32, chat=gone, pressed_room=replace(room, state=RoomState.FAILED))
    reply = Dispatch((), Policy(freeze)).decide(park.turn)(view)
    assert (reply.outcome, reply.effects) == ("chat gone", ())


def timers(reply: Reply) -> list[SetTimer]:
    """Return the timers that a reply arms."""
    return [effect for effect in reply.effects if isinstance(effect, SetTimer)]
