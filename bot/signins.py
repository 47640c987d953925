"""Sign-ins at the door: one exchange for all copies of it, on any replica, and what waited for it runs (ENGINE R13)."""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.errors import NotNow, SomebodyElse
from bot.leases import Exchange
from bot.model import Turn
from bot.observe import Event, Observer
from bot.ports import Accounts, Clock, Store

WAIT_MS = 8_000
"""For how long a copy waits for the exchange that another one began; Teams itself waits ten seconds."""
LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class SignIns:
    """Implements `bot.ports.SignIns`; `wake` makes the worker look for what may run now.

    `key`, the same on every replica and nowhere in the store, is what codes are written down with.
    """

    store: Store
    users: Accounts
    clock: Clock
    observe: Observer
    wake: Callable[[], None]
    key: bytes = b""

    async def exchange(self, turn: Turn, exchange_id: str, sso_token: str) -> bool:
        """Sign the turn's person in with Teams' token. Raises StoreError."""
        return await self._once(turn, exchange_id, lambda: self.users.exchange(turn.person, sso_token))

    async def redeem(self, turn: Turn, code: str) -> bool:
        """Sign the turn's person in with the code that their browser ended with. Raises StoreError."""
        return await self._once(turn, self._written(turn, code), lambda: self._redeemed(turn, code))

    def _written(self, turn: Turn, code: str) -> str:
        """Return what stands for a code in the store.

        A code is as good as a token while it lives, and often six digits: a hash that needs no key is guessed at once.
        """
        whose = f"{turn.chat.tenant}|{turn.person.oid}|{code}"
        return f"code {hmac.new(self.key, whose.encode(), hashlib.sha256).hexdigest()}"

    async def _redeemed(self, turn: Turn, code: str) -> bool:
        try:
            return await self.users.redeem(turn.person, code)
        except SomebodyElse:
            # The browser says nothing, and Teams shows only that it did not work.
            await self.store.exchange_failed(turn.chat.tenant, turn.person.oid, self.clock.now(), account=True)
            self.wake()
            return False

    async def failed(self, turn: Turn, code: str) -> None:
        """Say why in the log, and offer the browser's sign-in: Teams itself stays silent. Raises StoreError."""
        told: dict[str, str | int] = {"code": code, "ref": turn.reference, "tenant": turn.chat.tenant}
        self.observe(Event("sign_in.failed", {**told}, logging.WARNING))
        await self.store.exchange_failed(turn.chat.tenant, turn.person.oid, self.clock.now())
        self.wake()

    async def _once(self, turn: Turn, key: str, attempt: Callable[[], Awaitable[bool]]) -> bool:
        give_up = self.clock.now() + WAIT_MS
        while True:
            now = self.clock.now()
            match await self.store.exchange_begins(turn.chat.tenant, turn.person.oid, key, now):
                case Exchange.OURS:
                    return await self._ours(turn, key, attempt)
                case Exchange.THEIRS if now < give_up:
                    await self.clock.sleep(LOOK_SECONDS)
                case known:
                    return known is Exchange.DONE

    async def _ours(self, turn: Turn, key: str, attempt: Callable[[], Awaitable[bool]]) -> bool:
        done: bool | None = None
        try:
            done = await attempt()
        except NotNow as error:
            self.observe(Event("token_service.away", {"status": error.status, "ref": turn.reference}, logging.WARNING))
        await self.store.exchange_ended(turn.chat.tenant, turn.person.oid, key, self.clock.now(), done=done)
        if done:
            self.wake()
        return bool(done)
