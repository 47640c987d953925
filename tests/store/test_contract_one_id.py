"""What every engine keeps of posts that were given the same id, as whoever stands in for Teams may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.decisions import PlanMessage, View
from bot.leases import Sent
from bot.messages import MessageState, Purpose, Whisper
from bot.model import Person, TurnKind
from bot.ports import Store

if TYPE_CHECKING:  # conftest is pytest's to import
    from tests.store.conftest import Engine, Make

BEN = Person("29:ben", "oid-ben", "Ben Okafor")
POSTED = Sent(MessageState.POSTED, "1:x", shown_version=1, outcome="posted")


async def test_one_id_for_two_messages_posts_neither_again(store: Store, engine: Engine, make: Make) -> None:
    """Where two messages of a thread are given one id, both are posted once, and a press means the newer."""
    for name, now in (("first", make.now), ("second", make.now + 1)):
        said = await store.receive(make.turn(name), now)
        assert said.claim
        answer = make.message(name, purpose=Purpose.WHISPER, to=BEN, room_id="", content=Whisper("busy"))
        settled = await store.settle_turn(said.claim, make.reply(PlanMessage(answer)), now, name)
        assert not (await store.settle_message(settled.work.messages[0], POSTED, now)).work.messages
    pressed = await store.receive(make.turn("p", kind=TurnKind.PRESSED, reply_to_id="1:x"), make.now)
    views: list[View] = []
    assert pressed.claim
    await store.settle_turn(pressed.claim, make.looking(views), make.now, "p")
    assert views[0].pressed
    assert views[0].pressed.message_id == "second"
    assert (await engine.rows("SELECT state, due_at FROM messages")) == [("posted", None)] * 2
