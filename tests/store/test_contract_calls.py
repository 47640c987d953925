"""Who is in a call and by which subscription we hear of it: the same promises on each engine (ENGINE R20, R21)."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.calls import NOBODY, CallEvent, CallEventKind, Change, Watched, WatchKey, WatchState
from bot.calls_seen import seen
from bot.decisions import (
    DropWatch,
    MakeRoom,
    PlanMessage,
    RefreshCards,
    Reply,
    SaveKey,
    SaveWatch,
    SetTimer,
    View,
)
from bot.leases import Sent, Work
from bot.messages import MessageState
from bot.model import RoomState, TimerKind
from bot.ports import Store
from bot.store.calls import find_watch

if TYPE_CHECKING:  # conftest is pytest's to import
    from tests.store.conftest import Engine, Make

ROW = Watched("room", "tenant", "mark", "key", "beta", expires_at=1_790_000_000_000)
DAY = 86_400_000
KEYS = itertools.count()


async def settled(store: Store, make: Make, reply: Reply) -> Work:
    """Let a turn have these effects, and return the work that came of it."""
    key = str(next(KEYS))
    receipt = await store.receive(make.turn(key), make.now)
    assert receipt.claim is not None
    return (await store.settle_turn(receipt.claim, lambda _: reply, make.now, key)).work


async def opened(store: Store, make: Make) -> None:
    """Let there be an open room."""
    await settled(store, make, Reply((MakeRoom(make.room(state=RoomState.OPEN, opened_at=make.now)),)))


async def test_a_roster_is_counted_once_by_two_processes(engine: Engine, make: Make) -> None:
    """Two processes hear of twenty people at the same moment, some of them twice: all are counted, each once."""
    stores = [await engine.open("one"), await engine.open("two")]
    await opened(stores[0], make)

    async def hears(store: Store, number: int) -> None:
        change = Change(f"p{number}", inside=True, person=f"oid-{number}", sequence=number + 1)
        told = [CallEvent(CallEventKind.ROSTER, make.now + number, (change,))]
        await store.settle_call("room", lambda view: seen(view, told, "count"), make.now + 100, "fresh")

    await asyncio.gather(*(hears(stores[number % 2], number % 20) for number in range(30)))
    room = await stores[0].room("room")
    assert room is not None
    assert (room.state, room.attendance.inside) == (RoomState.LIVE, 20)
    assert len(await engine.rows("SELECT participant_id FROM roster")) == 20


async def test_nobody_is_the_beginning(store: Store, make: Make) -> None:
    """A room begins with nobody in it, and a room that is not there is no reason to fail."""
    await opened(store, make)
    views: list[View] = []
    await store.settle_call("room", make.looking(views), make.now, "fresh")
    await store.settle_call("no room", make.looking(views), make.now, "fresh")
    assert views[0].room is not None
    assert (views[0].room.attendance, views[0].stays, views[0].watched) == (NOBODY, (), None)
    assert views[1].room is None


async def test_a_subscription_is_known_by_its_id_or_before_by_its_mark(store: Store, make: Make) -> None:
    """While Graph has not answered the clientState alone says whose a notification is; afterwards the id has to fit."""
    await settled(store, make, Reply((SaveWatch(ROW),)))
    assert await store.watched("s1", "mark") == ROW
    assert await store.watched("s1", "guessed") is None
    active = replace(ROW, state=WatchState.ACTIVE, subscription_id="s1")
    await settled(store, make, Reply((SaveWatch(active),)))
    assert await store.watched("s1", "guessed") == active, "the door compares the mark"
    assert await store.watched("s2", "mark") is None
    await settled(store, make, Reply((DropWatch("room"),)))
    assert await store.watched("s1", "mark") is None


async def test_a_key_serves_for_a_while_and_is_kept_for_longer(store: Store, make: Make) -> None:
    """New subscriptions use the newest key that serves; an old one stays as long as something may use it."""
    key = WatchKey("key", "certificate", "sealed", make.now + DAY)
    await settled(store, make, Reply((SaveKey(key), SaveWatch(ROW))))
    views: list[View] = []
    for now in (make.now, make.now + 2 * DAY):
        timer = make.timer("subscribe|room", kind=TimerKind.SUBSCRIBE, due_at=now)
        at_once = (await settled(store, make, Reply((SetTimer(timer),)))).timers
        (claim,) = at_once or (await store.claim(now, 9)).timers
        await store.settle_timer(claim, make.looking(views), now, "fresh")
    assert [view.key for view in views] == [key, None]
    await store.sweep(make.now + 3 * DAY)
    assert await store.watch_key("key") == key
    await store.sweep(make.now + 10 * DAY)
    await store.sweep(make.now + 10 * DAY)
    assert await store.watch_key("key") is None


async def test_a_calm_card_waits_unless_more_has_changed(store: Store, engine: Engine, make: Make) -> None:
    """Another number waits its half minute; another state does not, whichever of the two came first."""
    room = make.room(state=RoomState.LIVE)
    work = await settled(store, make, Reply((MakeRoom(room), PlanMessage(make.message()))))
    sent = Sent(MessageState.POSTED, "1:x", shown_version=1, outcome="posted", sent_at=make.now)
    await store.settle_message(work.messages[0], sent, make.now)
    calm, state = RefreshCards("room", thread_id=make.thread, apart=30_000), RefreshCards("room")
    elsewhere = RefreshCards("room", thread_id="another chat")
    due = []
    for refresh in (elsewhere, calm, state, calm):
        await settled(store, make, Reply((refresh,)))
        due += await engine.rows("SELECT due_at FROM messages")
    assert due == [(None,), (make.now + 30_000,), (make.now + 3_000,), (make.now + 3_000,)]


def test_a_subscription_is_looked_for_in_one_statement() -> None:
    """What Graph tells while its answer comes to another replica is heard: nothing changes between two looks."""
    looking = find_watch("s1", "mark")
    next(looking)
    with pytest.raises(StopIteration) as ended:
        looking.send([])
    assert ended.value.value is None
