"""Values of what Muster says: messages, whispers, what a press is answered (DESIGN 1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bot.model import Person


class Purpose(StrEnum):
    """What a message is for, ENGINE 3.1. ADVICE is for an administrator's own chat and no other."""

    CARD = "card"
    WHISPER = "whisper"
    NOTICE = "notice"
    WELCOME = "welcome"
    REMINDER = "reminder"
    STRAY = "stray"
    ADVICE = "advice"


class MessageState(StrEnum):
    """The life of a message, ENGINE 3.3."""

    PLANNED = "planned"
    SENDING = "sending"
    UNCLEAR = "unclear"
    POSTED = "posted"
    GONE = "gone"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Whisper:
    """What one person is to see: the name of a text in `cards.whispers` and its data, rendered when sent.

    Every value of `data` is text, a number, a list of text or texts by name: what JSON can hold. `offer` is what a
    press on it may do, in ids of ours: it stays in the store when the words have left it.
    """

    name: str
    data: dict[str, Any] = field(default_factory=dict)
    language: str = "en"
    zone: str = ""
    reference: str = ""
    offer: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """Something Muster posts, ENGINE 3.1 and 3.3. A card has no content: it is rendered from its room."""

    message_id: str
    intent_key: str
    tenant: str
    thread_id: str
    conversation_id: str
    purpose: Purpose
    due_at: int | None
    room_id: str = ""
    to: Person | None = None
    content: Whisper | None = None
    state: MessageState = MessageState.PLANNED
    generation: int = 1
    activity_id: str = ""
    want_version: int = 1
    shown_version: int = 0
    attempts: int = 0
    sent_at: int | None = None
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A card ready to be posted.

    `card` is an Adaptive Card as JSON values or None for plain text; `summary` is one sentence for notifications and
    lock screens; `text` is the same content in plain words, "" where only the card is sent. `sign_in` is the title of
    the button by which its one reader signs in, "" where there is none; `silent` says that Teams may first try without
    asking.
    """

    card: dict[str, Any] | None
    summary: str
    text: str
    sign_in: str = ""
    silent: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """What an invoke's response says: a refreshed card, a dialog, or one sentence.

    `insert`: the card goes into the message that is being written.
    """

    text: str = ""
    card: dict[str, Any] | None = None
    error: str = ""
    insert: bool = False
