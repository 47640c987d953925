"""The engine's motor: takes turns in, runs what is due, hands leases back (ENGINE R10 to R14, R25, R27).

Whatever a transaction makes due at once is run at once, from memory; whatever a crash leaves behind is found by
the one claimer, which looks when something is due, when it is woken, and now and then.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from bot import done
from bot.answers import Answers
from bot.delivery import Delivery
from bot.dispatch import Dispatch
from bot.errors import DoorError, StoreError, told
from bot.examining import Timers
from bot.leases import MessageClaim, Receipt, ReceiptKind, Sent, Settled, TimerClaim, TurnClaim, Work, together
from bot.messages import Answer, MessageState
from bot.model import Turn
from bot.observe import Event, Observer, Value
from bot.places import AT_ONCE, Places
from bot.ports import KEPT, Chance, Clock, Decide, Store

POLL_SECONDS = 1.0
HEARTBEAT_SECONDS = 10.0
SWEEP_SECONDS = 600.0
STORE_AWAY_SECONDS = 8.0
TURN_RETRY_MS = 2_000
CLAIM_LIMIT = 64
MOST_HELD = 1_024
"""Pieces of work in this process beyond which it looks for no more: what is leased here nobody else can do."""
SEND_LEASE_MS = 12_000
"""No send starts with less of its lease left (ENGINE 3)."""
MOST_TURNS = 128 * 1024 * 1024 // (256 * 1024)
"""Turns in this process at the same moment: what 128 MiB hold of the largest bodies the door lets in."""
BUSY_SECONDS = 2
SETTLE_SECONDS = 1.0
"""How long what is being written at the very end of stopping may take."""


@dataclass(frozen=True, slots=True)
class Engine:
    """Everything the worker drives; what is over is `kept` for so many ms."""

    store: Store
    dispatch: Dispatch
    lifecycle: Timers
    delivery: Delivery
    clock: Clock
    chance: Chance
    observe: Observer
    most_turns: int = MOST_TURNS
    kept: int = KEPT


class Worker:
    """Runs the engine in this process; implements `bot.ports.Intake` for the door."""

    def __init__(self, engine: Engine, *, at_once: int = AT_ONCE) -> None:
        self._engine = engine
        self._places = Places(at_once)
        self._turns = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._held: dict[int, Work] = {}
        self._on_the_way: set[int] = set()
        self._posting: set[int] = set()  # bytes of a message that is nowhere yet may have left
        self._answers = Answers(engine.store, engine.clock)
        self._left: list[Work] = []
        self._changed = asyncio.Event()
        self._look_now = False
        self._look_at = 0
        self._loops: list[asyncio.Task[None]] = []
        self._stopping = False
        self._stopped = False
        self.replicas = 1  # how many processes share the store, this one among them; as of the last heartbeat

    # --- the door's side ---------------------------------------------------------------------------------

    async def take(self, turn: Turn) -> Receipt:
        """Return when the turn is durable. A store that is away is waited for, up to 8 s (ENGINE R25).

        Raises DoorError 503 when as many turns are here as memory is meant for.
        """
        if self._turns >= self._engine.most_turns:
            raise DoorError(503, "crowded", retry_after=BUSY_SECONDS)
        self._turns += 1
        try:
            receipt = await self._patiently(lambda: self._engine.store.receive(turn, self._engine.clock.now()))
        finally:
            self._turns -= 1
        if receipt.kind is ReceiptKind.UNHEARD:
            return receipt
        self._event("turn.received", turn, kind=turn.kind, receipt=receipt.kind)
        if turn.wants_answer and receipt.kind is ReceiptKind.NEW:
            self._answers.expect(turn.turn_key)
        if receipt.claim:
            self._begin(Work(turns=(receipt.claim,)))
        elif receipt.kind in {ReceiptKind.NEW, ReceiptKind.FULL}:
            self.wake()
        return receipt

    async def answer(self, turn: Turn, receipt: Receipt) -> Answer:
        """Return the invoke's answer, the stored one for a copy, or "working" after 2.5 s (ENGINE R11, R14)."""
        return await self._answers.of(turn, receipt)

    async def heard_call(self, nonce: str, decide: Decide) -> None:
        """Return when what Graph tells of our call is written, and go on with it (ENGINE R22). Raises StoreError."""
        engine = self._engine
        self._continue(await engine.store.heard(nonce, decide, engine.clock.now(), engine.chance.token()))

    async def heard(self, room_id: str, decide: Decide) -> None:
        """Return when what was told of a room's call is durable. Raises StoreError: then nothing was promised."""
        engine = self._engine
        settled = await engine.store.settle_call(room_id, decide, engine.clock.now(), engine.chance.token())
        engine.observe(Event("call.told", {"outcome": settled.reply.outcome if settled.reply else "stale"}))
        self._continue(settled)

    async def _patiently(self, attempt: Callable[[], Awaitable[Receipt]]) -> Receipt:
        clock = self._engine.clock
        give_up = clock.now() + int(STORE_AWAY_SECONDS * 1000)
        while True:
            try:
                return await attempt()
            except StoreError:
                if clock.now() >= give_up or self._stopping:
                    raise
            await clock.sleep(0.25)

    # --- running -----------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin to look for work and to keep leases alive."""
        loops = (self._claiming, self._heartbeat, self._sweeping)
        self._loops = [asyncio.create_task(loop(), name=loop.__name__) for loop in loops]

    async def stop(self, within: float) -> None:
        """Take no more work, give what runs `within` seconds to finish, hand back the rest (ENGINE R25)."""
        self._stopping = True
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self.idle()
        self._stopped = True
        unfinished = {task: self._held[id(task)] for task in self._tasks if id(task) not in self._posting}
        for task in [task for task in self._tasks if id(task) in self._on_the_way]:
            task.cancel()
        if self._tasks:  # what is being written is soon written, and says what is left
            await asyncio.wait(set(self._tasks), timeout=SETTLE_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        left = together([*self._left, *unfinished.values()])
        with suppress(StoreError):  # a store that is away keeps the leases until they end by themselves
            await self._engine.store.release(left, self._engine.clock.now())

    def wake(self) -> None:
        """Look for work now."""
        self._look_now = True
        self._changed.set()

    async def idle(self) -> None:
        """Return when nothing that was begun is still running (timers that are not due yet do not count)."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def _claiming(self) -> None:
        engine = self._engine
        while True:
            self._look_now = False
            jitter = 0.75 + 0.5 * engine.chance.fraction()
            self._look_at = engine.clock.now() + int(POLL_SECONDS * 1000 * jitter)
            with self._surviving():
                if (free := MOST_HELD - len(self._tasks)) > 0:  # else some of it ends before the next look
                    work = await engine.store.claim(engine.clock.now(), min(CLAIM_LIMIT, free))
                    self._due(work.next_due)
                    self._begin(work)
            while not self._look_now and (wait := self._look_at - engine.clock.now()) > 0:
                await self._changed_within(wait / 1000)

    async def _changed_within(self, seconds: float) -> None:
        """Wait so long, or until somebody wakes the claimer or something is due sooner."""
        self._changed.clear()
        sleep = asyncio.ensure_future(self._engine.clock.sleep(seconds))
        changed = asyncio.ensure_future(self._changed.wait())
        try:
            await asyncio.wait({sleep, changed}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleep.cancel()
            changed.cancel()

    async def _heartbeat(self) -> None:
        engine = self._engine
        while True:
            with self._surviving(), suppress(StoreError):  # said by the claimer; our work has its fences
                self.replicas = await engine.store.alive(engine.clock.now())
            await engine.clock.sleep(HEARTBEAT_SECONDS)
            held = together(self._held.values())
            with self._surviving(), suppress(StoreError):  # as above
                self._lose(await engine.store.renew(held, engine.clock.now()))

    def _lose(self, lost: Work) -> None:
        """Stop network calls for work that is somebody else's by now; what is being written stops by its fence."""
        if lost == Work():
            return
        for task in list(self._tasks):
            held = self._held[id(task)]
            if id(task) in self._on_the_way and held.overlaps(lost):
                self._engine.observe(Event("lease.lost", {"task": task.get_name()}, logging.WARNING))
                task.cancel()

    async def _sweeping(self) -> None:
        engine = self._engine
        while True:
            await engine.clock.sleep(SWEEP_SECONDS)
            with self._surviving(), suppress(StoreError):  # said by the claimer; the next sweep does it
                await engine.store.sweep(engine.clock.now(), engine.kept)

    @contextmanager
    def _surviving(self) -> Iterator[None]:
        """Outlive whatever goes wrong with a loop's work: its next turn does it."""
        try:
            yield
        except StoreError as error:
            self._engine.observe(Event("store.away", {"error": told(error)}, logging.ERROR))
        except Exception as error:  # noqa: BLE001 - a loop that ends takes leases and retention with it
            self._engine.observe(Event("worker.failed", {"error": told(error)}, logging.ERROR))

    def _begin(self, work: Work) -> None:
        for turn in work.turns:
            self._turns += 1
            self._run(self._turn(turn), Work(turns=(turn,)), "turn", turn.turn.chat.thread_id)
        for timer in work.timers:
            home = timer.room.home_thread if timer.room else timer.timer.subject
            thread_id = timer.turn.chat.thread_id if timer.turn else home
            self._run(self._timer(timer), Work(timers=(timer,)), "timer", thread_id)
        for message in work.messages:
            self._run(self._message(message), Work(messages=(message,)), "message", message.message.thread_id)

    def _run(self, doing: Coroutine[Any, Any, None], held: Work, kind: str, chat: str) -> None:
        async def run() -> None:
            try:
                async with self._places.of(kind, chat):
                    if not self._stopped:
                        await doing
            except StoreError as error:
                # Nothing was written; the lease ends and the work is found again.
                self._engine.observe(Event("store.away", {"error": told(error)}, logging.ERROR))
            finally:
                doing.close()  # it may never have had its place

        task = asyncio.create_task(run(), name=kind)
        self._tasks.add(task)
        self._held[id(task)] = held
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        held = self._held.pop(id(task))
        self._turns -= len(held.turns)
        self._on_the_way.discard(id(task))
        self._posting.discard(id(task))
        if not task.cancelled() and (error := task.exception()) is not None:
            self._engine.observe(Event("worker.failed", {"error": told(error)}, logging.ERROR))

    # --- one piece of work -------------------------------------------------------------------------------

    async def _turn(self, claim: TurnClaim) -> None:
        engine, turn, started = self._engine, claim.turn, self._engine.clock.now()
        fresh_id = engine.chance.token()
        try:
            settled = await engine.store.settle_turn(claim, engine.dispatch.decide(turn), started, fresh_id)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - a handler's bug must not lose the turn: it is given back
            await self._turn_failed(claim, error)
            return
        engine.observe(done.turn(claim, settled, engine.clock.now() - started))
        if settled.reply and settled.reply.answer:
            self._answers.give(turn.turn_key, settled.reply.answer)
        self._continue(settled)

    async def _turn_failed(self, claim: TurnClaim, error: Exception) -> None:
        engine = self._engine
        now = engine.clock.now()
        poison = await engine.store.fail_turn(claim, now, now + TURN_RETRY_MS)
        fields: dict[str, Value] = {"ref": claim.turn.reference, "error": told(error)}
        fields |= {"attempts": claim.attempts, "poison": poison}
        engine.observe(Event("turn.failed", fields, logging.ERROR))
        if poison:
            self.wake()  # the store has planned to tell the person
        self._due(now + TURN_RETRY_MS)

    async def _timer(self, claim: TimerClaim) -> None:
        engine, started = self._engine, self._engine.clock.now()
        try:
            with self._underway():
                decide = await engine.lifecycle.run(claim)
            settled = await engine.store.settle_timer(claim, decide, engine.clock.now(), engine.chance.token())
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - a bug must neither lose the timer nor run it for ever
            broken = engine.lifecycle.broken(claim, error)
            settled = await engine.store.settle_timer(claim, broken, engine.clock.now(), engine.chance.token())
        now = engine.clock.now()
        engine.observe(done.timer(claim, settled, now - started, now))
        self._continue(settled)

    async def _message(self, claim: MessageClaim) -> None:
        engine = self._engine
        now = engine.clock.now()
        if claim.lease.until - now < SEND_LEASE_MS:
            held = Work(messages=(claim,))
            if (await engine.store.renew(held, now)).messages:
                engine.observe(Event("lease.lost", {"task": "message"}, logging.WARNING))
                return
        if self._stopped:
            return
        if not claim.message.activity_id:
            self._posting.add(id(asyncio.current_task()))
        try:
            with self._underway():
                sent = await engine.delivery.send(claim)
        except asyncio.CancelledError:
            if claim.message.activity_id and not self._stopped:  # its lease is lost, and its edit may have come through
                lost = Sent(MessageState.POSTED, outcome="lease lost")
                self._continue(await engine.store.settle_message(claim, lost, engine.clock.now()))
            raise
        settled = await engine.store.settle_message(claim, sent, engine.clock.now())
        self._due(sent.retry_at)
        self._continue(settled)

    @contextmanager
    def _underway(self) -> Iterator[None]:
        """Mark this task as one that may be stopped when its lease is lost: it is on the network, not in the store."""
        task = id(asyncio.current_task())
        self._on_the_way.add(task)
        try:
            yield
        finally:
            self._on_the_way.discard(task)

    def _continue(self, settled: Settled) -> None:
        """Run what the transaction made due at once, and remember when the rest will be."""
        if self._stopped:
            self._left.append(settled.work)
            return
        self._due(settled.work.next_due)
        for due_at in settled.reply.due_times() if settled.reply else ():
            self._due(due_at)
        self._begin(settled.work)

    def _due(self, at: int | None) -> None:
        if at is not None and at < self._look_at:
            self._look_at = at
            self._changed.set()

    def _event(self, name: str, turn: Turn, **fields: str) -> None:
        self._engine.observe(Event(name, {"ref": turn.reference, "tenant": turn.chat.tenant, **fields}))
