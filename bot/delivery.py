"""Sending one message: renders the newest state, posts or edits, and says how it ended (ENGINE 3.3)."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

import cards
from bot import backoff
from bot.clouds import WORLDWIDE
from bot.errors import Gone, Nameless, NotDone, Rejected, SendError, Unclear, told
from bot.leases import Learned, MessageClaim, Sent
from bot.messages import Message, MessageState, Purpose, Rendered, Whisper
from bot.model import Chat, ChatKind, Person, Room, RoomState
from bot.observe import Event, Observer, Value
from bot.ports import Chance, Clock, Messenger
from bot.reading import Reading

MOST_ATTEMPTS = 30
"""How often a message is posted; one that stands there is edited until it is true, if only every `SELDOM_MS` then."""
SELDOM_MS = 300_000
MOST_FAILURES = 5
"""How often something that nobody foresaw may go wrong with a message before it is set aside, as for turns."""
PAUSING = frozenset({412, 429})
"""Answers after which the whole thread keeps silent for a while, on every replica (ENGINE R17)."""


NOTHING = Learned()
NOT_SERVED = frozenset({400, 405, 501})
"""How a connector says that it does not know targeted messages; a refused token or person says nothing of the kind."""


@dataclass(frozen=True, slots=True)
class _Put:
    """Where a message stands now, and what was learned on the way there; a card that was `found` may be out of date."""

    activity_id: str
    learned: Learned = NOTHING
    outcome: str = ""
    found: bool = False


class _Failed(Exception):
    """A rung of the ladder broke after others had taught something."""

    def __init__(self, error: SendError, learned: Learned) -> None:
        super().__init__(str(error))
        self.error = error
        self.learned = learned


@dataclass(frozen=True, slots=True)
class Delivery:
    """Sends claimed messages. It never raises, whatever the connector answers and whatever is to be rendered.

    `language` (BCP 47) is that of what a whole chat reads, where the chat has none of its own; `teams_url` is where
    this cloud's Teams opens its own links.
    """

    messenger: Messenger
    clock: Clock
    chance: Chance
    observe: Observer
    language: str = "en"
    reading: Reading | None = None
    teams_url: str = WORLDWIDE.teams_url

    async def send(self, claim: MessageClaim) -> Sent:
        """Post, edit or delete the message and return how that ended."""
        started = self.clock.now()
        if claim.chat is None:
            return Sent(MessageState.GONE, outcome="chat unknown")
        try:
            sent = await self._sent(claim, claim.chat)
        except _Failed as failed:
            sent = self._after(claim, failed.error, failed.learned)
        except SendError as error:
            sent = self._after(claim, error, Learned())
        except Exception as error:  # noqa: BLE001 - one message's bug must not hold up its thread for ever
            sent = self._failed(claim, error)
        self._report(claim, sent, started)
        return sent

    async def _sent(self, claim: MessageClaim, chat: Chat) -> Sent:
        message = claim.message
        if message.purpose is Purpose.STRAY:
            return await self._take_away(chat, message)
        put = await self._put(claim, chat)
        return Sent(
            MessageState.POSTED,
            activity_id=put.activity_id,
            shown_version=0 if put.found and message.purpose is Purpose.CARD else message.want_version,
            outcome=put.outcome or ("posted" if not message.activity_id else "edited"),
            sent_at=self.clock.now(),
            learned=put.learned,
        )

    async def _put(self, claim: MessageClaim, chat: Chat) -> _Put:
        message = claim.message
        content = render(claim, self.teams_url)
        if message.activity_id:
            await self.messenger.edit(chat, message.conversation_id, message.activity_id, content)
            return _Put(message.activity_id)
        if message.purpose is Purpose.ADVICE and message.to is not None:
            return await self._advise(claim, chat, message.to, content)
        if message.to is not None and chat.kind is not ChatKind.PERSONAL:
            return await self._whisper(claim, chat, message.to, content)
        if self.reading and (found := await self.reading.find(message, chat)):
            return _Put(found, outcome="found", found=True)
        if message.to is not None:
            nonce = message.message_id
            return _Put(await self.messenger.whisper(chat, message.conversation_id, message.to, content, nonce=nonce))
        return _Put(await self.messenger.post(chat, message.conversation_id, content, nonce=message.message_id))

    async def _whisper(self, claim: MessageClaim, chat: Chat, to: Person, content: Rendered) -> _Put:
        """Targeted, else in the person's own chat, else one neutral public line: never silence (ENGINE R18)."""
        message, learned = claim.message, Learned()
        if claim.route.targeted:
            try:
                return _Put(
                    await self.messenger.whisper(chat, message.conversation_id, to, content, nonce=message.message_id)
                )
            except (NotDone, Unclear):
                raise
            except SendError as error:
                self.observe(Event("whisper.refused", {"status": error.status}, logging.WARNING))
                learned = replace(learned, untargeted=error.status in NOT_SERVED)
        try:
            personal = await self._personally(claim, chat, to, content)
        except (NotDone, Unclear) as error:
            raise _Failed(error, learned) from error
        learned = replace(learned, personal=personal.learned.personal, moved_to=personal.learned.moved_to)
        if personal.activity_id:
            return replace(personal, learned=learned)
        reference = message.content.reference if message.content else ""
        aloud = cards.render_whisper(
            Whisper("elsewhere", {"name": to.name}, chat.language(self.language), reference=reference)
        )
        try:
            activity_id = await self.messenger.post(chat, message.conversation_id, aloud, nonce=message.message_id)
        except SendError as error:
            raise _Failed(error, learned) from error
        return _Put(activity_id, learned, "said aloud")

    async def _advise(self, claim: MessageClaim, chat: Chat, to: Person, content: Rendered) -> _Put:
        """Post into an administrator's own chat; who has none is not told elsewhere. Raises Rejected."""
        put = await self._personally(claim, chat, to, content)
        if not put.activity_id:
            raise _Failed(Rejected("the administrator has no chat with the bot"), put.learned)
        return put

    async def _personally(self, claim: MessageClaim, chat: Chat, to: Person, content: Rendered) -> _Put:
        """Post into the person's own chat with the bot; an empty activity id says that there is none."""
        conversation = claim.route.personal
        if conversation == "":
            return _Put("")
        try:
            conversation = conversation or await self.messenger.personal(chat, to)
            own = replace(chat, thread_id=conversation, kind=ChatKind.PERSONAL)
            activity_id = await self.messenger.whisper(own, conversation, to, content, nonce=claim.message.message_id)
        except (NotDone, Unclear):
            raise
        except SendError as error:
            # Without a status the connector was not asked, and nothing is known about the person's chat.
            return _Put("", Learned(personal="" if error.status else None))
        return _Put(activity_id, Learned(personal=conversation, moved_to=conversation), "in their own chat")

    async def _take_away(self, chat: Chat, copy: Message) -> Sent:
        """Delete a second copy of a card; refused → it points to the live one (ENGINE 3.3)."""
        try:
            await self.messenger.delete(chat, copy.conversation_id, copy.activity_id)
        except (NotDone, Unclear):
            raise
        except SendError as error:
            if isinstance(error, Gone) and not error.chat:
                return Sent(MessageState.GONE, outcome="stray gone already")
            content = cards.render_whisper(Whisper("live-below", language=chat.language(self.language)))
            await self.messenger.edit(chat, copy.conversation_id, copy.activity_id, content)
            return Sent(MessageState.GONE, outcome="stray superseded", sent_at=self.clock.now())
        return Sent(MessageState.GONE, outcome="stray deleted", sent_at=self.clock.now())

    def _failed(self, claim: MessageClaim, error: Exception) -> Sent:
        """Try what broke unforeseen a few times more, and then set it aside; a later state of a card is another try."""
        message, now = claim.message, self.clock.now()
        fields: dict[str, Value] = {"ref": _reference(claim), "error": told(error), "attempts": message.attempts}
        self.observe(Event("message.failed", fields, logging.ERROR))
        why = type(error).__name__
        if message.attempts < MOST_FAILURES:
            retry_at = now + max(
                backoff.UNCLEAR_WAIT, int(backoff.delay(message.attempts, None, self.chance.fraction()) * 1000)
            )
            state = MessageState.POSTED if message.activity_id else MessageState.UNCLEAR
            return Sent(state, retry_at=retry_at, outcome=f"failed: {why}")
        state = MessageState.POSTED if message.activity_id else MessageState.REFUSED
        return Sent(state, shown_version=message.want_version, outcome=f"set aside: {why}", set_aside=True)

    def _after(self, claim: MessageClaim, error: SendError, learned: Learned) -> Sent:
        message, now = claim.message, self.clock.now()
        if isinstance(error, Nameless) and not (claim.room and claim.room.state is RoomState.OPENING):
            # A second copy would be worse; an opening card would promise for ever what has come.
            put = Sent(MessageState.POSTED, shown_version=message.want_version, outcome="posted without an id")
            return replace(put, sent_at=now, learned=learned)
        if isinstance(error, Gone):
            learned = replace(learned, chat_gone=error.chat)
            return Sent(MessageState.GONE, outcome=f"gone: {error.status}", learned=learned)
        unseen = message.purpose is Purpose.CARD and not message.activity_id  # who asked for a meeting waits for it
        if not isinstance(error, NotDone | Unclear):
            return Sent(MessageState.REFUSED, outcome=f"refused: {error.status}", learned=learned, set_aside=unseen)
        wait = int(backoff.delay(message.attempts, error.retry_after, self.chance.fraction()) * 1000)
        if error.status in PAUSING:
            learned = replace(learned, paused_until=now + wait)
        tired = message.attempts >= MOST_ATTEMPTS
        if tired and not message.activity_id:
            return Sent(MessageState.REFUSED, outcome="gave up", learned=learned, set_aside=unseen)
        state, why = MessageState.PLANNED, "not done"
        if message.activity_id:  # what stands there must not say for ever what is over
            state, why, wait = MessageState.POSTED, "edit later", max(wait, SELDOM_MS if tired else 0)
        elif isinstance(error, Unclear):
            state, why, wait = MessageState.UNCLEAR, "unclear", backoff.UNCLEAR_WAIT
        return Sent(state, retry_at=now + wait, outcome=f"{why}: {error.status}", learned=learned)

    def _report(self, claim: MessageClaim, sent: Sent, started: int) -> None:
        message, now = claim.message, self.clock.now()
        fine = sent.state is MessageState.POSTED or message.purpose is Purpose.STRAY
        fields: dict[str, Value] = {
            "ref": _reference(claim),
            "purpose": message.purpose,
            "outcome": sent.outcome,
            "generation": message.generation,
            "ms": now - started,
            "since_asked_ms": now - claim.room.created_at if claim.room and _first(claim.room, message, sent) else None,
        }
        self.observe(Event("message.sent", fields, logging.INFO if fine else logging.WARNING))


def _first(room: Room, message: Message, sent: Sent) -> bool:
    """Say whether this is the moment at which those who asked see the card."""
    at_home = message.purpose is Purpose.CARD and message.thread_id == room.home_thread
    return at_home and sent.state is MessageState.POSTED and not message.activity_id


def _reference(claim: MessageClaim) -> str:
    content = claim.message.content
    return claim.room.reference if claim.room else (content.reference if content else "")


def render(claim: MessageClaim, teams_url: str = WORLDWIDE.teams_url) -> Rendered:
    """Return what the message shows now: a card from its room, everything else from its own words."""
    message = claim.message
    if message.purpose is Purpose.CARD and claim.room is not None:
        at_home = message.thread_id == claim.room.home_thread
        plain = claim.route.plain
        shown = cards.render_room(claim.room, message.message_id, at_home=at_home, teams_url=teams_url, said=plain)
        return replace(shown, card=None) if plain else shown
    if message.content is None:
        gone = Gone("nothing to show")
        gone.chat = False
        raise gone
    return cards.render_whisper(message.content, message.message_id, plain=claim.route.plain)
