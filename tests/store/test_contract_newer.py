"""What every engine keeps while a newer release writes into the same store: its rows are left to it (ENGINE R25)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.decisions import MakeRoom, PlanMessage, SetTimer
from bot.messages import Purpose, Whisper
from bot.ports import Store

if TYPE_CHECKING:  # conftest is pytest's to import
    from tests.store.conftest import Engine, Make

TABLES = {
    "inbox": "SELECT turn_key, state, attempts, lease_owner, lease_until FROM inbox WHERE turn_key = 'new'",
    "timers": "SELECT timer_key, due_at, attempts, lease_owner, lease_until FROM timers WHERE timer_key = 'new'",
    "messages": "SELECT message_id, state, attempts, generation, lease_owner FROM messages WHERE message_id = 'new'",
}


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("timers", "UPDATE timers SET kind = 'from tomorrow' WHERE timer_key = 'new'"),
        ("timers", "UPDATE timers SET payload = 'tomorrow' WHERE timer_key = 'new'"),
        ("timers", "UPDATE rooms SET state = 'from tomorrow' WHERE room_id = 'new'"),
        ("inbox", "UPDATE inbox SET body = '[]' WHERE turn_key = 'new'"),
        ("messages", "UPDATE messages SET purpose = 'from tomorrow' WHERE message_id = 'new'"),
        ("messages", "UPDATE messages SET content = '[]' WHERE message_id = 'new'"),
        ("messages", "UPDATE rooms SET graph_call = 'from tomorrow' WHERE room_id = 'new'"),
    ],
)
async def test_a_newer_release_s_work(store: Store, engine: Engine, make: Make, table: str, change: str) -> None:
    """What cannot be read here is left as it was, and everything else goes on, behind it too."""
    later = make.now + 10
    receipt = await store.receive(make.turn("first"), make.now)
    assert receipt.claim
    words = Whisper("help")
    others = [
        make.message("new", room_id="new", due_at=later, content=words),
        make.message("old", room_id="", due_at=later, content=words, purpose=Purpose.NOTICE),
    ]
    rooms = (MakeRoom(make.room("new", topic="new")), MakeRoom(make.room()))
    timers = (SetTimer(make.timer("new", subject="new", due_at=later)), SetTimer(make.timer("old", due_at=later)))
    await store.settle_turn(receipt.claim, make.reply(*rooms, *timers, *map(PlanMessage, others)), make.now, "f")
    await store.receive(make.turn("new", received_at=make.now + 1), make.now + 1)
    aside = make.chat(thread_id="19:aside")
    await store.receive(make.turn("old", chat=aside, received_at=make.now + 2), make.now + 2)
    await engine.rows("UPDATE inbox SET lease_until = 0, lease_owner = ''")
    await engine.rows(change)
    before = await engine.rows(TABLES[table])
    work = await store.claim(later, 9)
    found = {
        "inbox": {claim.turn.turn_key for claim in work.turns},
        "timers": {claim.timer.timer_key for claim in work.timers},
        "messages": {claim.message.message_id for claim in work.messages},
    }
    assert "old" in found[table]
    assert "new" not in found[table]
    assert await engine.rows(TABLES[table]) == before
