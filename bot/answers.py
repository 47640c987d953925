"""What the response to a press says: the decision while somebody waits for it, else that it comes (ENGINE R11, R14)."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from bot.dispatch import in_words
from bot.errors import StoreError
from bot.leases import Receipt, ReceiptKind
from bot.messages import Answer
from bot.model import Turn
from bot.ports import Clock, Store

ANSWER_WITHIN_SECONDS = 2.5
LAST_WORD_SECONDS = 5.5
"""How much longer the store may take to say whether there is an answer: 8 s in all, as for taking a turn in."""
LOOK_EVERY_SECONDS = 0.1


class Answers:
    """The presses that wait in this process; each may be decided here or by another replica."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._waiting: dict[str, asyncio.Future[Answer]] = {}

    def expect(self, turn_key: str) -> None:
        """Remember that somebody waits for this turn's answer."""
        self._waiting[turn_key] = asyncio.get_running_loop().create_future()

    def give(self, turn_key: str, answer: Answer) -> None:
        """Hand over what was decided here."""
        waiting = self._waiting.get(turn_key)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

    async def of(self, turn: Turn, receipt: Receipt) -> Answer:
        """Return the answer, the stored one for a copy, or "working" after 2.5 s: then the result is whispered."""
        if receipt.answer:
            return receipt.answer
        key = receipt.original_key
        asking = asyncio.create_task(self._from_store(key))
        late = asyncio.create_task(self._clock.sleep(ANSWER_WITHIN_SECONDS))
        here = self._waiting.get(key)
        try:
            answers: list[asyncio.Future[Answer]] = [here, asking] if here else [asking]
            anything: list[asyncio.Future[Any]] = [*answers, late]
            await asyncio.wait(anything, return_when=asyncio.FIRST_COMPLETED)
            answered = next((task for task in answers if task.done()), None)
            return answered.result() if answered else await self._last_word(turn, key)
        finally:
            asking.cancel()
            late.cancel()
            if receipt.kind is ReceiptKind.NEW:
                self._waiting.pop(turn.turn_key, None)

    async def _from_store(self, key: str) -> Answer:
        while True:
            await self._clock.sleep(LOOK_EVERY_SECONDS)
            with suppress(StoreError):  # said by the claimer; asked again until it is too late
                stored = await self._store.answer(key)
                if stored and stored.answer:
                    return stored.answer

    async def _last_word(self, turn: Turn, key: str) -> Answer:
        """Return "working", and see to it that the result is whispered; unless there is one at this very moment."""
        with suppress(StoreError, TimeoutError):  # then the turn finds out by its age that nobody waits
            async with asyncio.timeout(LAST_WORD_SECONDS):
                stored = await self._store.answer(key, last=True)
                if stored and stored.answer:
                    return stored.answer
        return Answer(text=in_words("working", turn))
