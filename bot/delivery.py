"""Sending one message: renders the newest state, posts or edits, and says how it ended (ENGINE 3.3)."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import cards
from bot.backoff import delay
from bot.errors import Gone, NotDone, SendError, Unclear
from bot.leases import MessageClaim, Sent
from bot.model import ChatKind, Message, MessageState, Purpose, Rendered, Whisper
from bot.observe import Event, Observer, Value
from bot.ports import Chance, Clock, Messenger

UNCLEAR_WAIT = 5_000
"""ms to wait before a message that may have been posted is posted once more (ENGINE R15)."""
BEST_BEFORE = 300_000
"""ms after which a whisper, a notice or a welcome that could not be posted is given up (ENGINE R6)."""
MOST_ATTEMPTS = 30


@dataclass(frozen=True, slots=True)
class Delivery:
    """Sends claimed messages. It never raises for what the connector answers."""

    messenger: Messenger
    clock: Clock
    chance: Chance
    observe: Observer

    async def send(self, claim: MessageClaim) -> Sent:
        """Post or edit the message and return how that ended."""
        started = self.clock.now()
        message = claim.message
        if claim.chat is None:
            return Sent(MessageState.GONE, outcome="chat unknown")
        try:
            activity_id = await self._put(claim)
        except SendError as error:
            sent = self._after(message, error)
        else:
            sent = Sent(
                MessageState.POSTED,
                activity_id=activity_id,
                shown_version=message.want_version,
                outcome="posted" if not message.activity_id else "edited",
                sent_at=self.clock.now(),
            )
        self._report(claim, sent, started)
        return sent

    async def _put(self, claim: MessageClaim) -> str:
        message, chat = claim.message, claim.chat
        if chat is None:
            raise Gone("the chat is not known")
        content = render(claim)
        if message.activity_id:
            await self.messenger.edit(chat, message.conversation_id, message.activity_id, content)
            return message.activity_id
        if message.to is not None and chat.kind is not ChatKind.PERSONAL:
            return await self._whisper(claim, content)
        return await self.messenger.post(chat, message.conversation_id, content, nonce=message.message_id)

    async def _whisper(self, claim: MessageClaim, content: Rendered) -> str:
        """Targeted, else one neutral public line: never silence (ENGINE R18)."""
        message, chat = claim.message, claim.chat
        if chat is None or message.to is None:
            raise Gone("nobody to whisper to")
        try:
            return await self.messenger.whisper(
                chat, message.conversation_id, message.to, content, nonce=message.message_id
            )
        except (NotDone, Unclear):
            raise
        except SendError as error:
            self.observe(Event("whisper.refused", {"status": error.status}, logging.WARNING))
            reference = message.content.reference if message.content else ""
            line = Whisper("elsewhere", {"name": message.to.name}, reference=reference)
            content = cards.render_whisper(line)
            return await self.messenger.post(chat, message.conversation_id, content, nonce=message.message_id)

    def _after(self, message: Message, error: SendError) -> Sent:
        now = self.clock.now()
        posted = bool(message.activity_id)
        wait = int(delay(message.attempts, error.retry_after, self.chance.fraction()) * 1000)
        if isinstance(error, NotDone | Unclear) and message.attempts >= MOST_ATTEMPTS:
            return Sent(MessageState.REFUSED, outcome="gave up")
        if posted and isinstance(error, NotDone | Unclear):
            return Sent(MessageState.POSTED, retry_at=now + wait, outcome=f"edit later: {error.status}")
        if isinstance(error, NotDone):
            return Sent(MessageState.PLANNED, retry_at=now + wait, outcome=f"not done: {error.status}")
        if isinstance(error, Unclear):
            return Sent(MessageState.UNCLEAR, retry_at=now + UNCLEAR_WAIT, outcome=f"unclear: {error.status}")
        if isinstance(error, Gone):
            return Sent(MessageState.GONE, outcome=f"gone: {error.status}")
        return Sent(MessageState.REFUSED, outcome=f"refused: {error.status}")

    def _report(self, claim: MessageClaim, sent: Sent, started: int) -> None:
        message = claim.message
        level = logging.INFO if sent.state is MessageState.POSTED else logging.WARNING
        fields: dict[str, Value] = {
            "ref": claim.room.reference if claim.room else (message.content.reference if message.content else ""),
            "purpose": message.purpose,
            "outcome": sent.outcome,
            "generation": message.generation,
            "ms": self.clock.now() - started,
        }
        self.observe(Event("message.sent", fields, level))


def render(claim: MessageClaim) -> Rendered:
    """Return what the message shows now: a card from its room, everything else from its own words."""
    if claim.message.purpose is Purpose.CARD and claim.room is not None:
        return cards.render_room(claim.room, at_home=claim.message.thread_id == claim.room.home_thread)
    if claim.message.content is None:
        raise Gone("nothing to show")
    return cards.render_whisper(claim.message.content)
