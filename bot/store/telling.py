"""What the store itself has to tell people: their request was dropped, set aside, or came too late (ENGINE R6, R12)."""

from __future__ import annotations

import hashlib

from bot.model import Message, Purpose, Turn, TurnKind, Whisper
from bot.store import rows
from bot.store.statements import Operation, Row, Terms

LATE_WITHIN = 3_600_000
"""ms after which nobody is told any more that a request came too late."""
MINUTE = 60_000


def tell(terms: Terms, turn: Turn, name: str, now: int, *, key: str = "", **data: str) -> Operation[None]:
    """Plan a whisper to the person of a turn, one for each `key` (default: one of each name for the turn).

    `data` is the whisper's; what was typed is always in it.
    """
    intent = key or f"whisper|{turn.turn_key}|{name}"
    message = Message(
        # Unguessable as every message's id: the owner's id is random and never leaves the process.
        message_id=hashlib.sha256(f"{terms.owner}|{intent}".encode()).hexdigest()[:32],
        intent_key=intent,
        tenant=turn.chat.tenant,
        thread_id=turn.chat.thread_id,
        conversation_id=turn.conversation_id,
        purpose=Purpose.WHISPER,
        due_at=now,
        to=turn.person,
        content=Whisper(name, {"typed": turn.text, **data}, turn.locale, turn.zone, turn.reference),
    )
    yield "message_insert", {**rows.message_params(message), "now": now}


def tell_busy(terms: Terms, turn: Turn, now: int) -> Operation[None]:
    """Tell somebody that too much was asked in the chat: once a minute (ENGINE R12)."""
    key = f"busy|{turn.chat.tenant}|{turn.chat.thread_id}|{turn.person.id}|{now // MINUTE}"
    yield from tell(terms, turn, "busy", now, key=key)


def expire(terms: Terms, row: Row, now: int) -> Operation[None]:
    """Empty a turn that came too late, and tell the person if that was not long ago (ENGINE R6)."""
    turn = rows.read_turn(row)
    yield "turn_empty", {"turn_key": turn.turn_key}
    if turn.kind is TurnKind.SAID and now - turn.received_at < LATE_WITHIN:
        yield from tell(terms, turn, "late", now)


def poisoned(terms: Terms, row: Row, now: int) -> Operation[None]:
    """Tell somebody that their request was set aside, with the reference to ask for it (ENGINE C3)."""
    turn = rows.read_turn(row)
    if turn.kind in {TurnKind.SAID, TurnKind.EDITED, TurnKind.PRESSED}:
        yield from tell(terms, turn, "problem", now)
