"""What the store itself has to tell people: their request was dropped, set aside, or came too late (ENGINE R6, R12)."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from bot.leases import MessageClaim
from bot.messages import Message, Purpose, Whisper
from bot.model import Person, Turn, TurnKind
from bot.store import rows
from bot.store.claims import UNREADABLE
from bot.store.statements import Operation, Row, Terms

LATE_WITHIN = 3_600_000
"""ms after which nobody is told any more that a request came too late."""
MINUTE = 60_000
PEOPLES = frozenset({TurnKind.SAID, TurnKind.EDITED, TurnKind.PRESSED, TurnKind.SIGNED_IN})
"""What somebody waits for, besides dialogs that were submitted."""


def tell(terms: Terms, turn: Turn, name: str, now: int, *, key: str = "", **data: str) -> Operation[None]:
    """Plan a whisper to the person of a turn, one for each `key` (default: one of each name for the turn).

    `data` is the whisper's; what was typed is always in it.
    """
    intent = key or f"whisper|{turn.turn_key}|{name}"
    words = Whisper(name, {"typed": _typed(turn), **data}, turn.locale, turn.zone, turn.reference)
    where = (turn.chat.tenant, turn.chat.thread_id, turn.conversation_id)
    yield from _whisper(_message(terms, intent, where, turn.person), words, now)


def _typed(turn: Turn) -> str:
    """Return the line that asks for the same: of a dialog nothing was typed."""
    if turn.kind is not TurnKind.DIALOG:
        return turn.text
    return "settings" if turn.verb.endswith("settings") else f"meet now {turn.data.get('subject', '')}".strip()


def _waited_for(turn: Turn) -> bool:
    """Say whether somebody waits for what comes of a turn; a dialog that was not shown in time nobody does."""
    return turn.kind in PEOPLES or (turn.kind is TurnKind.DIALOG and turn.verb.startswith("submit "))


def unshown(terms: Terms, claim: MessageClaim, now: int) -> Operation[None]:
    """Tell whom a message was for, or who asked for its meeting, that it cannot be shown; with the reference.

    Of a card in another chat than the meeting's own nobody is told: who asked there is not known, and others have one.
    """
    message, room = claim.message, claim.room
    to = message.to or (room.starter if room and room.home_thread == message.thread_id else None)
    about = message.content or (Whisper("", {}, room.request.language, room.zone, room.reference) if room else None)
    if to is None or about is None or about.name == "problem":
        return
    intent = f"whisper|{message.message_id}|problem"
    where = (message.tenant, message.thread_id, message.conversation_id)
    yield from _whisper(_message(terms, intent, where, to), replace(about, name="problem"), now)


def _message(terms: Terms, intent: str, where: tuple[str, str, str], to: Person) -> Message:
    tenant, thread_id, conversation_id = where
    return Message(
        # Unguessable as every message's id: the owner's id is random and never leaves the process.
        message_id=hashlib.sha256(f"{terms.owner}|{intent}".encode()).hexdigest()[:32],
        intent_key=intent,
        tenant=tenant,
        thread_id=thread_id,
        conversation_id=conversation_id,
        purpose=Purpose.WHISPER,
        due_at=None,
        to=to,
    )


def _whisper(message: Message, words: Whisper, now: int) -> Operation[None]:
    planned = replace(message, content=words, due_at=now)
    yield "message_insert", {**rows.message_params(planned), "now": now}


def tell_busy(terms: Terms, turn: Turn, now: int) -> Operation[None]:
    """Tell somebody that too much was asked in the chat: once a minute (ENGINE R12)."""
    key = f"busy|{turn.chat.tenant}|{turn.chat.thread_id}|{turn.person.id}|{now // MINUTE}"
    yield from tell(terms, turn, "busy", now, key=key)


def _read(row: Row) -> Turn | None:
    """Return the turn, or None for one that only a newer release could read."""
    try:
        return rows.read_turn(row)
    except UNREADABLE:
        return None


def expire(terms: Terms, row: Row, now: int) -> Operation[None]:
    """Empty a turn that came too late, and tell the person if that was not long ago (ENGINE R6)."""
    turn = _read(row)
    if turn is None:
        return
    yield "turn_empty", {"turn_key": turn.turn_key}
    if _waited_for(turn) and now - turn.received_at < LATE_WITHIN:
        yield from tell(terms, turn, "late", now)


def poisoned(terms: Terms, row: Row, now: int) -> Operation[None]:
    """Tell somebody that their request was set aside, with the reference to ask for it (ENGINE C3)."""
    turn = _read(row)
    if turn is not None and _waited_for(turn):
        yield from tell(terms, turn, "problem", now)
