"""Who reads text is told what an edited card would not tell them (EXPERIENCE 1.15)."""

from __future__ import annotations

from dataclasses import replace

from bot import news, preferences, rooms
from bot.decisions import PlanMessage, Reply, SaveRoom, View
from bot.model import FrozenRequest, Meeting, Person, Room, RoomState

NOON = 1_790_000_000_000
ANA = Person("29:ana", "11111111-0000-4000-8000-000000000001", "Ana Lima")
ROOM = Room(
    room_id="r" * 32,
    tenant="tenant",
    scope_key="chat:t",
    topic="",
    state=RoomState.OPENING,
    version=1,
    subject="Retro",
    starter=ANA,
    host=ANA,
    home_thread="t",
    home_conversation="t",
    request=FrozenRequest("v1.0", "/", "{}"),
    external_id="r",
    created_at=NOON,
    give_up_at=NOON + 180_000,
    starts_at=NOON,
    ends_at=NOON + 3_600_000,
    reference="7F3K-92QD",
)
OPEN = replace(ROOM, state=RoomState.OPEN, meeting=Meeting("m", "https://teams.example/j"))


def whispered(after_ms: int, *, text: bool = True, room: Room = ROOM, now: Room = OPEN) -> list[str]:
    """Return what is whispered when the meeting is there so many ms after it was asked for."""
    notes = {preferences.plain_key(ROOM.room_id): ""} if text else {}
    view = View(now=NOON + after_ms, fresh_id="f" * 32, room=room, notes=notes)
    reply = news.told(lambda _: Reply((SaveRoom(now),)))(view)
    planned = [effect.message for effect in reply.effects if isinstance(effect, PlanMessage)]
    assert all(message.to == ANA for message in planned)
    return [message.content.name for message in planned if message.content]


def test_a_meeting_that_opened_late_is_said_in_words() -> None:
    """After an opening card, which nobody is told the edit of, the person hears that the meeting is open."""
    assert whispered(rooms.OPENING_CARD_AFTER) == ["is-open"]


def test_nothing_is_said_twice() -> None:
    """A meeting that came at once, one for who reads cards, and one that is not open yet need no words."""
    assert whispered(rooms.OPENING_CARD_AFTER - 1) == []
    assert whispered(5_000, text=False) == []
    assert whispered(5_000, now=ROOM) == []
    assert whispered(5_000, room=OPEN) == []
