"""What every engine keeps: leases, recovery, retention."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bot.decisions import (
    Effect,
    MakeRoom,
    PlanMessage,
    RefreshCards,
    SaveNote,
    SetTimer,
)
from bot.leases import MessageClaim, Sent, Settled, TimerClaim, Work
from bot.messages import MessageState, Purpose
from bot.model import Person, RoomState
from bot.ports import Store

if TYPE_CHECKING:  # conftest is pytest's to import
    from tests.store.conftest import Engine, Make


async def do(store: Store, make: Make, now: int, *effects: Effect) -> Settled:
    """Apply effects through a turn in a chat of its own."""
    turn = make.turn(f"do {now} {effects!r}"[:200], chat=make.chat(thread_id=f"19:{now}"), received_at=now)
    receipt = await store.receive(replace(turn, expires_at=now + 10**6), now)
    assert receipt.claim
    return await store.settle_turn(receipt.claim, make.reply(*effects), now, f"{now}")


async def posted(store: Store, make: Make, **changes: Any) -> MessageClaim:  # noqa: ANN401 - fields by name
    """Receive a turn in the chat, plan a card due now, and return its claim."""
    receipt = await store.receive(make.turn(), make.now)
    assert receipt.claim
    effects = (MakeRoom(make.room()), PlanMessage(make.message(**changes)))
    settled = await store.settle_turn(receipt.claim, make.reply(*effects), make.now, "f")
    return settled.work.messages[0]


def sent(**changes: Any) -> Sent:  # noqa: ANN401 - fields by name
    """Return that the first version was posted."""
    return replace(Sent(MessageState.POSTED, "1:x", shown_version=1, outcome="posted"), **changes)


async def opening(store: Store, make: Make) -> TimerClaim:
    """Make a room and return the claim of its timer."""
    receipt = await store.receive(make.turn(), make.now)
    assert receipt.claim
    decide = make.reply(MakeRoom(make.room()), SetTimer(make.timer()))
    return (await store.settle_turn(receipt.claim, decide, make.now, "f")).work.timers[0]


async def test_another_process_takes_over(store: Store, engine: Engine, make: Make) -> None:
    """What a dead process held is taken by a living one when its leases end, and never before (C3, C4)."""
    await opening(store, make)
    await store.receive(make.turn("b", received_at=make.now + 1), make.now + 1)
    other = await engine.open("two")
    early = await other.claim(make.now + 2, 9)
    assert early == Work(next_due=make.now + 30_000)
    late = await other.claim(make.now + 30_001, 9)
    assert [claim.turn.turn_key for claim in late.turns] == ["b"]
    assert [claim.timer.timer_key for claim in late.timers] == ["open|room"]


async def test_renew(store: Store, engine: Engine, make: Make) -> None:
    """Leases that are renewed in time are not taken by others."""
    card = await posted(store, make)
    timer = (await do(store, make, make.now, SetTimer(make.timer()))).work.timers
    turn = (await store.receive(make.turn("b"), make.now)).claim
    assert turn
    held = Work(turns=(turn,), timers=timer, messages=(card,))
    await store.renew(held, make.now + 10_000)
    other = await engine.open("two")
    assert await other.claim(make.now + 39_999, 9) == Work(next_due=make.now + 40_000)
    assert (await other.claim(make.now + 40_000, 9)).timers
    await store.renew(held, make.now + 50_000)
    assert not (await store.settle_turn(turn, make.reply(), make.now, "f")).work.turns
    assert (await store.settle_timer(timer[0], make.reply(), make.now, "f")).stale


async def test_release(store: Store, engine: Engine, make: Make) -> None:
    """At shutdown everything is handed back at once; a message that was not begun is posted by another process."""
    card = await posted(store, make)
    timer = (await do(store, make, make.now, SetTimer(make.timer()))).work.timers
    turn = (await store.receive(make.turn("b"), make.now)).claim
    assert turn
    await store.release(Work(turns=(turn,), timers=timer, messages=(card,)), make.now + 1)
    other = await engine.open("two")
    work = await other.claim(make.now + 1, 9)
    assert (len(work.turns), len(work.timers)) == (1, 1)
    (again,) = work.messages
    assert (again.message.state, again.message.attempts, again.message.generation) == (MessageState.SENDING, 1, 1)
    assert (await store.settle_message(card, sent(), make.now + 2)).stale
    await other.settle_message(again, sent(sent_at=make.now), make.now)
    (edit,) = (await do(store, make, make.now + 9_000, RefreshCards("room"))).work.messages
    await store.release(Work(messages=(edit,)), make.now + 9_000)
    assert len((await other.claim(make.now + 12_000, 9)).messages) == 1


async def test_claim_limit(store: Store, make: Make) -> None:
    """At most so many of each are taken, earliest first, and then it is time to look again at once."""
    whispers = [PlanMessage(make.message(f"{n}", thread_id=f"19:{n}", due_at=make.now + 10 - n)) for n in range(3)]
    timers = [SetTimer(make.timer(f"{n}", due_at=make.now + 10 - n)) for n in range(3)]
    await do(store, make, make.now, *whispers, *timers)
    work = await store.claim(make.now + 10, 2)
    assert [claim.message.message_id for claim in work.messages] == ["2", "1"]
    assert [claim.timer.timer_key for claim in work.timers] == ["2", "1"]
    assert work.next_due == make.now + 10


async def test_sweep(store: Store, engine: Engine, make: Make) -> None:
    """Finished turns go after 48 hours, finished rooms and what was posted for them after 30 days, notes when over."""
    hours, days = 3_600_000, 86_400_000
    old = make.room("old", state=RoomState.ENDED, ended_at=make.now)
    kept = make.room("kept", topic="kept")
    welcome = make.message("welcome", purpose=Purpose.WELCOME, room_id="", due_at=None)
    whisper = make.message("whisper", purpose=Purpose.WHISPER, room_id="", due_at=None, to=Person("29:bob"))
    note = SaveNote(make.tenant, "k", "v", make.now + 1)
    cards = (make.message("old", room_id="old"), make.message("kept", room_id="kept"), welcome, whisper)
    await do(store, make, make.now, MakeRoom(old), MakeRoom(kept), note, *map(PlanMessage, cards))
    await store.receive(make.turn("open"), make.now)
    await store.sweep(make.now + 48 * hours)
    assert await engine.rows("SELECT COUNT(*) FROM inbox") == [(2,)]
    assert await engine.rows("SELECT COUNT(*) FROM notes") == [(0,)]
    await store.sweep(make.now + 48 * hours + 1)
    assert await engine.rows("SELECT turn_key FROM inbox") == [("open",)]
    await store.sweep(make.now + 30 * days)
    assert await engine.rows("SELECT COUNT(*) FROM messages") == [(4,)]
    await store.sweep(make.now + 30 * days + 1)
    assert await engine.rows("SELECT room_id FROM rooms") == [("kept",)]
    assert await engine.rows("SELECT message_id FROM messages ORDER BY 1") == [("kept",), ("welcome",)]
