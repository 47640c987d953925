"""What every engine counts for administrators."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.decisions import MakeRoom
from bot.model import Meeting, Person, RoomState
from bot.ports import Store

if TYPE_CHECKING:  # conftest is pytest's to import
    from tests.store.conftest import Make


async def test_a_month_s_meetings_are_counted_by_host(store: Store, make: Make) -> None:
    """Each host's meetings since the month began are counted, and requests that made none are not."""
    meeting = Meeting("id", "https://x.example")
    rooms = [
        make.room("a", meeting=meeting, topic="a", external_id="a"),
        make.room("b", meeting=meeting, topic="b", external_id="b"),
        make.room("c", meeting=meeting, topic="c", external_id="c", host=Person("", "oid-ben")),
        make.room("d", topic="d", external_id="d", state=RoomState.FAILED),
    ]
    receipt = await store.receive(make.turn(), make.now)
    assert receipt.claim
    effects = [MakeRoom(replace(room, version=1)) for room in rooms]
    await store.settle_turn(receipt.claim, make.reply(*effects), make.now, "f")
    assert await store.made(make.tenant, make.now - 1) == {"oid-ana": 2, "oid-ben": 1}
    assert await store.made(make.tenant, make.now + 1) == {}
    assert await store.made("another", 0) == {}
