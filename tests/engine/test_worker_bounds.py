"""What the worker does when too much comes, and when its leases are lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from bot import worker as worker_module
from bot.errors import DoorError, StoreError, Unclear
from bot.leases import Lease, MessageClaim, Receipt, ReceiptKind, Sent, Settled, Work
from bot.messages import Answer, Message, MessageState, Purpose, Whisper
from bot.model import Chat, ChatKind, Person, Turn, TurnKind
from bot.observe import Event
from bot.worker import Engine, Worker

NOW = 1_790_000_000_000
CHAT = Chat("t", "19:x", ChatKind.GROUP)
MESSAGE = Message("m", "i", "t", "19:x", "19:x", Purpose.NOTICE, NOW, content=Whisper("busy"))
TURN = Turn("k", "e", TurnKind.SAID, CHAT, Person("29:a"), "19:x", "1", NOW, NOW + 300_000, "7F3K-92QD")


@dataclass
class HandClock:
    """A clock that stands; sleepers wait until somebody wakes them."""

    waking: asyncio.Event = field(default_factory=asyncio.Event)

    def now(self) -> int:
        """Return always the same."""
        return NOW

    async def sleep(self, seconds: float) -> None:
        """Wait for the hand: heartbeats, looks for an answer, and nothing else."""
        await (self.waking.wait() if seconds in {0.1, 10.0} else asyncio.Event().wait())
        self.waking.clear()


class Chance:
    """No surprises."""

    def token(self) -> str:
        """Return the same."""
        return "f" * 32

    def fraction(self) -> float:
        """Return none."""
        return 0.0


@dataclass
class Shelf:
    """A store that hands out one piece of work, and says which leases are lost."""

    work: Work = field(default_factory=Work)
    lost: Work = field(default_factory=Work)
    held: asyncio.Event = field(default_factory=asyncio.Event)
    settled: list[Sent] = field(default_factory=list)
    renewed: list[Work] = field(default_factory=list)
    released: Work = field(default_factory=Work)
    follows: Work = field(default_factory=Work)
    writing: asyncio.Event = field(default_factory=asyncio.Event)
    receipt: ReceiptKind = ReceiptKind.COPY
    endless: MessageClaim | None = None
    limits: list[int] = field(default_factory=list)
    beats: int = 0
    breaks: list[Exception] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Write at once, unless the test says otherwise."""
        self.writing.set()

    async def claim(self, _: int, limit: int) -> Work:
        """Return the work once, or as much as is wanted of what never ends."""
        self.limits.append(limit)
        if self.endless:
            return Work(messages=(self.endless,) * limit, next_due=NOW)
        work, self.work = self.work, Work()
        return work

    async def receive(self, turn: Turn, _: int) -> Receipt:
        """Hold every turn until the test lets go."""
        await self.held.wait()
        return Receipt(self.receipt, turn.turn_key)

    async def alive(self, _: int) -> int:
        """Be the only one, or break as the test wants."""
        self.beats += 1
        if self.breaks:
            raise self.breaks.pop()
        return 1

    async def renew(self, work: Work, _: int) -> Work:
        """Say what was lost."""
        self.renewed.append(work)
        return self.lost

    async def answer(self, _: str, *, last: bool = False) -> Receipt | None:
        """Have the answer that another process gave; at first the store is away."""
        assert not last
        if not self.renewed:
            self.renewed.append(Work())
            raise StoreError("away")
        return Receipt(ReceiptKind.COPY, "k", answer=Answer("joined"))

    async def settle_message(self, _claim: MessageClaim, sent: Sent, _now: int) -> Settled:
        """Keep how it ended."""
        self.settled.append(sent)
        await self.writing.wait()
        return Settled(stale=False, work=self.follows)

    async def release(self, work: Work, _: int) -> None:
        """Keep what was handed back."""
        self.released = work


@dataclass
class Post:
    """A delivery that takes as long as the test wants."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)
    goes: asyncio.Event = field(default_factory=asyncio.Event)
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    count: int = 0

    breaks: Exception | None = None

    async def send(self, _: MessageClaim) -> Sent:
        """Begin, and wait."""
        self.begun.set()
        self.count += 1
        if self.breaks:
            raise self.breaks
        try:
            await self.goes.wait()
        except asyncio.CancelledError:
            self.stopped.set()
            raise
        return Sent(MessageState.POSTED, "1:x", 1)


def engine(store: Shelf, post: Post, clock: HandClock, events: list[Event]) -> Engine:
    """Return an engine of these parts, for two turns at a time."""
    parts: Any = (store, None, None, post, clock, Chance(), events.append, 2)
    return Engine(*parts)


async def until(holds: Callable[[], bool]) -> None:
    """Let everything run until something holds."""
    for _ in range(1_000):
        if holds():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came to hold")


def claimed(until: int) -> MessageClaim:
    """Return a claim whose lease ends then."""
    return MessageClaim(MESSAGE, Lease("me", 1, until), None, CHAT)


async def test_more_turns_than_memory_is_meant_for_are_refused() -> None:
    """One turn more than may be here is refused with 503 and a time to come back, before anything is kept."""
    store, clock = Shelf(), HandClock()
    worker = Worker(engine(store, Post(), clock, []))
    waiting = [asyncio.create_task(worker.take(TURN)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(DoorError) as refused:
        await worker.take(TURN)
    assert (refused.value.status, refused.value.retry_after) == (503, 2)
    store.held.set()
    await asyncio.gather(*waiting)
    assert (await worker.take(TURN)).kind is ReceiptKind.COPY


@pytest.mark.parametrize("activity_id", ["", "1:x"])
async def test_a_lost_lease_stops_the_send(activity_id: str) -> None:
    """Who learns that another process owns the message stops sending it; of an edit the store is told all the same."""
    claim = replace(claimed(NOW + 30_000), message=replace(MESSAGE, activity_id=activity_id))
    store, clock, post, events = Shelf(Work(messages=(claim,))), HandClock(), Post(), list[Event]()
    worker = Worker(engine(store, post, clock, events))
    await worker.start()
    await post.begun.wait()
    clock.waking.set()
    await until(lambda: bool(store.renewed))
    assert not post.stopped.is_set()
    store.lost = Work(messages=(claim,))
    clock.waking.set()
    await post.stopped.wait()
    await worker.idle()
    assert [sent.outcome for sent in store.settled] == ["lease lost"] * bool(activity_id)
    assert [event.name for event in events] == ["lease.lost"]
    await worker.stop(0.1)


async def test_a_loop_outlives_what_nobody_foresaw() -> None:
    """Leases go on being kept after something else than the store's absence went wrong once, and the log says so."""
    store, clock, events = Shelf(), HandClock(), list[Event]()
    store.breaks = [ValueError("odd")]
    worker = Worker(engine(store, Post(), clock, events))
    await worker.start()
    for beats in (1, 2):
        await until(lambda beats=beats: store.beats == beats)  # type: ignore[misc]  # mypy knows no type for a lambda's default
        clock.waking.set()
    assert [event.name for event in events] == ["worker.failed"]
    await worker.stop(0.1)


async def test_no_process_takes_more_than_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """However much is due, it is left to other replicas, and to later, beyond what this process can hold."""
    monkeypatch.setattr(worker_module, "MOST_HELD", 100)
    store, post, due = Shelf(), Post(), claimed(NOW + 30_000)
    store.endless = due
    worker = Worker(engine(store, post, HandClock(), []))
    await worker.start()
    await until(lambda: len(worker._tasks) == 100)
    assert store.limits == [64, 36]
    await worker.stop(0)


@pytest.mark.parametrize("lost", [True, False])
async def test_no_send_starts_on_a_short_lease(lost: bool) -> None:
    """With less than 12 seconds of lease left it is renewed first; lost, nothing is sent."""
    claim = claimed(NOW + 11_999)
    store, post, events = Shelf(Work(messages=(claim,))), Post(), list[Event]()
    store.lost = Work(messages=(claim,)) if lost else Work()
    post.goes.set()
    worker = Worker(engine(store, post, HandClock(), events))
    await worker.start()
    await until(lambda: bool(store.renewed) and not worker._tasks)
    assert store.renewed == [Work(messages=(claim,))]
    assert post.begun.is_set() is not lost
    assert len(store.settled) == (0 if lost else 1)
    await worker.stop(0.1)


async def test_enough_lease_is_not_renewed() -> None:
    """A send that has time enough costs no look at the store."""
    claim = claimed(NOW + 12_000)
    store, post = Shelf(Work(messages=(claim,))), Post()
    post.goes.set()
    worker = Worker(engine(store, post, HandClock(), []))
    await worker.start()
    await until(lambda: bool(store.settled))
    assert store.renewed == []
    await worker.stop(0.1)


async def test_an_answer_that_another_process_gives_is_waited_for() -> None:
    """A press that came in here and was decided by another replica is answered with that decision."""
    store, clock = Shelf(), HandClock()
    worker = Worker(engine(store, Post(), clock, []))
    store.receipt = ReceiptKind.NEW
    store.held.set()
    press = replace(TURN, kind=TurnKind.PRESSED)
    answering = asyncio.create_task(worker.answer(press, await worker.take(press)))
    for _ in range(2):
        clock.waking.set()
        await until(lambda: not clock.waking.is_set())
    assert await answering == Answer("joined")


async def test_what_was_not_begun_is_handed_back() -> None:
    """At the stop a message that waits for its place goes back, one whose bytes may have left does not."""
    begun, waits = (replace(claimed(NOW + 30_000), message=replace(MESSAGE, message_id=name)) for name in "ab")
    edit = replace(begun, message=replace(MESSAGE, message_id="c", activity_id="1:x", thread_id="19:y"))
    store, post = Shelf(Work(messages=(begun, edit, waits))), Post()
    worker = Worker(engine(store, post, HandClock(), []), at_once=2)
    await worker.start()
    await until(lambda: post.count == 2)
    await worker.stop(0)
    assert {claim.message.message_id for claim in store.released.messages} == {"b", "c"}
    assert post.count == 2


async def test_what_is_settled_last_is_handed_back_too() -> None:
    """What a sending that ends in the last moment makes due is another process's at once."""
    next_one = replace(claimed(NOW + 30_000), message=replace(MESSAGE, message_id="next"))
    store, post = Shelf(Work(messages=(claimed(NOW + 30_000),)), follows=Work(messages=(next_one,))), Post()
    store.writing.clear()
    post.goes.set()
    worker = Worker(engine(store, post, HandClock(), []))
    await worker.start()
    await until(lambda: bool(store.settled))
    stopping = asyncio.create_task(worker.stop(0))
    await until(lambda: worker._stopped)
    store.writing.set()
    await stopping
    assert store.released == Work(messages=(next_one,))


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (KeyError("https://teams.example/meet/1?p=secret"), "KeyError in tests.engine.test_worker_bounds:"),
        (Unclear("POST was answered 502"), "Unclear: POST was answered 502"),
    ],
)
async def test_a_log_line_never_repeats_what_others_say(error: Exception, told: str) -> None:
    """A failure of ours is told in our words; of any other, which may quote people, only its kind and its place."""
    events = list[Event]()
    store = Shelf(Work(messages=(claimed(NOW + 30_000),)))
    worker = Worker(engine(store, Post(breaks=error), HandClock(), events))
    await worker.start()
    await until(lambda: bool(events))
    assert str(events[0].fields["error"]).startswith(told)
    assert "secret" not in str(events)
    await worker.stop(0.1)
