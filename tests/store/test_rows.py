"""Values survive being rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.leases import Work
from bot.messages import Answer, Message, Whisper
from bot.model import Chat, Room, Timer, Turn
from bot.ports import Store
from bot.store import rows

pytestmark = pytest.mark.usefixtures("untraced")

texts = st.text(max_size=40)
whole = st.integers(-(2**63), 2**63 - 1)
leaves = st.none() | st.booleans() | whole | st.floats(allow_nan=False, allow_infinity=False) | texts
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))
objects = st.dictionaries(texts, values, max_size=4)
st.register_type_strategy(int, whole)
chats = st.builds(Chat, settings=objects)
whispers = st.builds(Whisper, data=objects)
turns = st.builds(Turn, chat=chats, received_at=whole, expires_at=whole)
messages = st.builds(Message, content=st.none() | whispers)
timers = st.builds(Timer, payload=objects)
answers = st.builds(Answer, card=st.none() | objects)

if TYPE_CHECKING:  # conftest is pytest's to import
    from tests.store.conftest import Make


@given(turns)
def test_turn(turn: Turn) -> None:
    """Any turn comes out of the inbox as it went in."""
    assert rows.read_turn(rows.turn_params(turn)) == turn


@given(st.from_type(Room))
def test_room(room: Room) -> None:
    """Any room comes out as it went in."""
    kept = {"attendance": rows.attendance_text(room.attendance)}  # written by a statement of its own
    assert rows.read_room(rows.room_params(room) | kept) == room


@given(messages)
def test_message(message: Message) -> None:
    """Any message comes out as it went in."""
    assert rows.read_message(rows.message_params(message)) == message


@given(timers)
def test_timer(timer: Timer) -> None:
    """Any timer comes out as it went in."""
    assert rows.read_timer(rows.timer_params(timer)) == timer


@given(chats)
def test_chat(chat: Chat) -> None:
    """Any chat comes out as it went in."""
    assert rows.read_chat(rows.chat_params(chat)) == chat


@given(answers)
def test_answer(answer: Answer) -> None:
    """Any invoke's answer comes out as it went in, and none is none."""
    assert rows.read_answer(rows.answer_text(answer)) == answer
    assert rows.read_answer(rows.answer_text(None)) is None


async def test_through_the_engine(store: Store, make: Make) -> None:
    """Text in any script, and a turn of 28 KiB, go through the database unharmed."""
    turn = make.turn(text="日本語 \U0001f680 ' \" \\ \x00" * 2_000, data={"a'b": "c;--"})
    receipt = await store.receive(turn, make.now)
    assert receipt.claim
    await store.release(Work(turns=(receipt.claim,)), make.now)
    assert [claim.turn for claim in (await store.claim(make.now, 1)).turns] == [turn]
