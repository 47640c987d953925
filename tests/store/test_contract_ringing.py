"""What every engine keeps of calls: whose a nonce is, and one decision for each thing that is heard (ENGINE R22)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.decisions import ExpectCall, MakeRoom, Reply, SaveRoom, SetTimer, View
from bot.model import Person, Ring, Ringing, RingState, TimerKind
from bot.ports import Store
from bot.store.ringing import CALLS_KEPT

if TYPE_CHECKING:  # conftest is pytest's to import
    from tests.store.conftest import Make

NONCE = "a" * 32
RUNG = Ringing((Ring(Person("29:ben", "oid-ben", "Ben"), RingState.RINGING, 5),), nonce=NONCE, call_id="c")


async def expecting(store: Store, make: Make) -> None:
    """Make a room with a call whose callbacks are expected."""
    receipt = await store.receive(make.turn(), make.now)
    assert receipt.claim
    call = ExpectCall(NONCE, make.tenant, "room")
    await store.settle_turn(receipt.claim, make.reply(MakeRoom(make.room(ringing=RUNG)), call), make.now, "f")


async def test_what_is_heard_changes_the_call_s_room(store: Store, make: Make) -> None:
    """A nonce says whose call it is; what is heard is decided with its room, and what that makes due comes back."""
    await expecting(store, make)
    assert (await store.caller_of(NONCE), await store.caller_of("b" * 32)) == (make.tenant, "")
    views: list[View] = []

    def decide(view: View) -> Reply:
        views.append(view)
        assert view.room
        after = replace(view.room, ringing=replace(view.room.ringing, call_id="d"))
        return Reply((SaveRoom(after), SetTimer(make.timer(kind=TimerKind.RING))))

    settled = await store.heard(NONCE, decide, make.now + 1, "g")
    assert views[0].room == make.room(ringing=RUNG)
    assert views[0].chat == make.chat()
    assert [claim.timer.kind for claim in settled.work.timers] == [TimerKind.RING]
    found = await store.room("room")
    assert found
    assert (found.version, found.ringing.call_id) == (2, "d")
    assert (await store.heard("b" * 32, decide, make.now, "h")).stale


async def test_two_things_heard_at_once_are_both_kept(store: Store, make: Make) -> None:
    """Two replicas hear of one call at the same time: neither's news is lost."""
    await expecting(store, make)

    def adds(oid: str) -> object:
        def decide(view: View) -> Reply:
            assert view.room
            ring = Ring(Person("", oid), RingState.JOINED, 1)
            rings = (*view.room.ringing.rings, ring)
            return Reply((SaveRoom(replace(view.room, ringing=replace(view.room.ringing, rings=rings))),))

        return store.heard(NONCE, decide, make.now, oid)

    await asyncio.gather(adds("x"), adds("y"))  # type: ignore[call-overload]  # each is a coroutine
    found = await store.room("room")
    assert found
    assert {ring.person.oid for ring in found.ringing.rings} == {"oid-ben", "x", "y"}


async def test_nonces_are_forgotten(store: Store, make: Make) -> None:
    """Two days later nobody is rung by that call any more."""
    await expecting(store, make)
    await store.sweep(make.now + CALLS_KEPT)
    assert await store.caller_of(NONCE) == make.tenant
    await store.sweep(make.now + CALLS_KEPT + 1)
    assert await store.caller_of(NONCE) == ""
