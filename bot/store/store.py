"""The store over any engine: every promise of `bot.ports.Store` as one operation in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from bot.calls import Watched, WatchKey
from bot.errors import StoreError
from bot.leases import Exchange, MessageClaim, Receipt, Sent, Settled, Stuck, TimerClaim, TurnClaim, Work
from bot.model import Chat, Room, Turn
from bot.ports import Decide
from bot.store import calls, counts, operations, ringing, settling, signins
from bot.store.claims import Known, find_room
from bot.store.effects import Applying
from bot.store.statements import Driver, Terms


class TransactionalStore:
    """Implements `bot.ports.Store`: what it promises is said there."""

    def __init__(self, driver: Driver, terms: Terms) -> None:
        self._driver = driver
        self._terms = terms

    async def receive(self, turn: Turn, now: int) -> Receipt:
        """Write the turn to the inbox."""
        return await self._driver.run(lambda: operations.receive(self._terms, turn, now), first=True)

    async def claim(self, now: int, limit: int) -> Work:
        """Lease what is due."""
        return await self._driver.run(lambda: operations.claim(self._terms, now, limit))

    async def settle_turn(self, claim: TurnClaim, decide: Decide, now: int, fresh_id: str) -> Settled:
        """Decide about a turn and mark it done."""
        since = claim.turn.received_at
        return await self._driver.run(
            lambda: settling.settle_turn(Applying(self._terms, now, since, fresh_id), claim, decide)
        )

    async def settle_timer(self, claim: TimerClaim, decide: Decide, now: int, fresh_id: str) -> Settled:
        """Decide about a timer."""
        return await self._driver.run(
            lambda: settling.settle_timer(Applying(self._terms, now, now, fresh_id), claim, decide)
        )

    async def settle_message(self, claim: MessageClaim, sent: Sent, now: int) -> Settled:
        """Write how a sending ended."""
        return await self._driver.run(lambda: settling.settle_message(self._terms, claim, sent, now))

    async def settle_call(self, room_id: str, decide: Decide, now: int, fresh_id: str) -> Settled:
        """Decide about what was told of a room's call."""
        return await self._driver.run(
            lambda: settling.settle_call(Applying(self._terms, now, now, fresh_id), room_id, decide)
        )

    async def watched(self, subscription_id: str, mark: str) -> Watched | None:
        """Read a subscription."""
        return await self._driver.run(lambda: calls.find_watch(subscription_id, mark))

    async def watch_key(self, key_id: str) -> WatchKey | None:
        """Read a key pair."""
        return await self._driver.run(lambda: calls.find_key(key_id))

    async def fail_turn(self, claim: TurnClaim, now: int, retry_at: int) -> bool:
        """Give a turn back, or poison it."""
        return await self._driver.run(lambda: operations.fail_turn(self._terms, claim, now, retry_at))

    async def answer(self, turn_key: str, *, last: bool = False) -> Receipt | None:
        """Read an invoke's stored answer."""
        return await self._driver.run(lambda: operations.answer(turn_key, last=last))

    async def exchange_begins(self, tenant: str, user_oid: str, exchange_id: str, now: int) -> Exchange:
        """Take an exchange, or say whose it is."""
        return await self._driver.run(lambda: signins.begin(self._terms, (tenant, user_oid, exchange_id), now))

    async def exchange_ended(
        self, tenant: str, user_oid: str, exchange_id: str, now: int, *, done: bool | None
    ) -> None:
        """Write how an exchange ended."""
        await self._driver.run(lambda: signins.end((tenant, user_oid, exchange_id), now, done=done))

    async def exchange_failed(self, tenant: str, user_oid: str, now: int, *, account: bool = False) -> None:
        """Offer the sign-in through the browser."""
        await self._driver.run(lambda: signins.failed(self._terms, tenant, user_oid, now, account=account))

    async def room(self, room_id: str) -> Room | None:
        """Read a room."""
        return await self._driver.run(lambda: find_room(room_id))

    async def chat(self, tenant: str, thread_id: str) -> Chat | None:
        """Read a chat."""
        return await self._driver.run(lambda: Known().chat(tenant, thread_id))

    async def caller_of(self, nonce: str) -> str:
        """Read whose call it is."""
        return await self._driver.run(lambda: ringing.tenant_of(nonce))

    async def heard(self, nonce: str, decide: Decide, now: int, fresh_id: str) -> Settled:
        """Decide about the room of a call."""
        return await self._driver.run(
            lambda: ringing.heard(Applying(self._terms, now, now, fresh_id), nonce, decide), first=True
        )

    async def renew(self, work: Work, now: int) -> Work:
        """Prolong leases."""
        return await self._driver.run(lambda: operations.renew(self._terms, work, now))

    async def release(self, work: Work, now: int) -> None:  # noqa: ARG002 - the port's signature
        """Hand leases back."""
        await self._driver.run(lambda: operations.release(work))

    async def stuck(self, limit: int) -> list[Stuck]:
        """Read the turns that were set aside."""
        return await self._driver.run(lambda: operations.stuck(limit))

    async def replay(self, turn_key: str, now: int) -> bool:
        """Let one of them run again."""
        return await self._driver.run(lambda: operations.replay(turn_key, now))

    async def drop(self, turn_key: str) -> bool:
        """Forget one of them."""
        return await self._driver.run(lambda: operations.drop(turn_key))

    async def made(self, tenant: str, since: int) -> Mapping[str, int]:
        """Count meetings by host."""
        return await self._driver.run(lambda: counts.made(tenant, since))

    async def sweep(self, now: int) -> None:
        """Delete what is kept no longer."""
        await self._driver.run(lambda: operations.sweep(now))

    async def ready(self) -> None:
        """Return when the store answers."""
        await self._driver.run(operations.ready)

    async def alive(self, now: int) -> int:
        """Count the live replicas, this one among them."""
        if not self._terms.shared:
            return 1
        return await self._driver.run(lambda: operations.alive(self._terms, now))

    async def close(self) -> None:
        """Finish what is queued and let go."""
        if self._terms.shared:
            with suppress(StoreError):  # away: the others stop counting us by themselves
                await self._driver.run(lambda: operations.leave(self._terms))
        await self._driver.close()
