"""Posts whose id was lost: a press with our nonce adopts the first, and has a second taken away (ENGINE R15, 3.3)."""

from __future__ import annotations

from dataclasses import replace

from bot.messages import Message, MessageState, Purpose
from bot.model import Turn
from bot.store import rows
from bot.store.effects import Applying
from bot.store.sending import forget
from bot.store.statements import Operation


def pressed(at: Applying, turn: Turn) -> Operation[Message | None]:
    """Return the message an invoke came from: by where it is, never by what its data says (ENGINE 4.2).

    A place that is not known counts only with the nonce of a message of the same chat, which nobody can guess.
    """
    if not turn.reply_to_id:
        return None
    place = {"tenant": turn.chat.tenant, "thread_id": turn.chat.thread_id}
    found = yield "message_by_activity", {**place, "activity_id": turn.reply_to_id}
    if found:
        return rows.read_message(found[0])
    nonce = turn.data.get("n", "")
    ours = (yield "message_find", {"message_id": nonce}) if nonce else []
    if not ours or (ours[0]["tenant"], ours[0]["thread_id"]) != (turn.chat.tenant, turn.chat.thread_id):
        return None
    adopted = yield "message_adopt", {"message_id": nonce, "activity_id": turn.reply_to_id, "now": at.now}
    if adopted:
        yield from forget([row for row in adopted if row["due_at"] is None])
        at.sends(turn.chat.tenant, turn.chat.thread_id, at.now)
        return rows.read_message(adopted[0])
    message = rows.read_message(ours[0])
    yield from stray(at, message, turn.reply_to_id)
    return message


def stray(at: Applying, message: Message, activity_id: str) -> Operation[None]:
    """Plan to take away a second copy of a message; a whisper's copy is nobody else's to see and stays."""
    if message.to is not None or not message.activity_id:
        return
    copy = replace(
        message,
        message_id=f"{message.message_id}-{activity_id}"[:200],
        intent_key=f"stray|{message.tenant}|{message.thread_id}|{activity_id}",
        purpose=Purpose.STRAY,
        state=MessageState.POSTED,
        activity_id=activity_id,
        want_version=1,
        shown_version=0,
        attempts=0,
        sent_at=None,
        outcome="stray",
        due_at=at.now,
    )
    yield "message_insert", {**rows.message_params(copy), "now": at.now}
    at.sends(message.tenant, message.thread_id, at.now)
