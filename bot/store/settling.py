"""Decisions and outcomes: view, decide, write, in one transaction, under a guard (ENGINE R12, 3.2 to 3.4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot.decisions import Reply, View
from bot.errors import StoreError
from bot.leases import MessageClaim, Sent, Settled, TimerClaim, TurnClaim, Work
from bot.model import Message, MessageState, Turn
from bot.ports import Decide
from bot.rooms import scope_key
from bot.store import rows
from bot.store.claims import MOST_ATTEMPTS, find_chat, find_room
from bot.store.effects import Applying, Overtaken, apply, take
from bot.store.statements import Operation, Row, Terms, Value

TRIES = 3
"""How often a decision is taken anew when others were faster."""

Look = Callable[[], Operation[View]]


def settle_turn(at: Applying, claim: TurnClaim, decide: Decide) -> Operation[Settled]:
    """T2: decide about the turn and mark it done; brings the chat's next turn along if one waits."""
    turn, lease = claim.turn, claim.lease
    guard: dict[str, Value] = {"turn_key": turn.turn_key, "owner": lease.owner, "fence": lease.fence}
    if not (yield "turn_finish", guard):
        return Settled(stale=True)
    reply = yield from _decided(at, lambda: _turn_view(at, turn), decide)
    outcome: dict[str, Value] = {"answer": rows.answer_text(reply.answer), "outcome": reply.outcome}
    yield "turn_outcome", {"turn_key": turn.turn_key, **outcome}
    work = yield from take(at)
    lane: dict[str, Value] = {"tenant": turn.chat.tenant, "thread_id": turn.chat.thread_id}
    yield "lane_lock", lane
    claimed = yield (
        "lane_claim",
        {
            **lane,
            "now": at.now,
            "owner": at.terms.owner,
            "until": at.now + at.terms.lease_ms,
            "most_attempts": MOST_ATTEMPTS,
        },
    )
    turns = tuple(TurnClaim(rows.read_turn(row), rows.read_lease(row), row["attempts"]) for row in claimed)
    return Settled(stale=False, reply=reply, work=replace(work, turns=turns))


def settle_timer(at: Applying, claim: TimerClaim, decide: Decide) -> Operation[Settled]:
    """T3: decide about the timer; its row goes unless the reply arms it again (which raises its fence)."""
    key, lease = claim.timer.timer_key, claim.lease
    held = yield "timer_finish", {"timer_key": key, "owner": lease.owner, "fence": lease.fence}
    if not held:
        return Settled(stale=True)
    reply = yield from _decided(at, lambda: _timer_view(at, claim), decide)
    yield "timer_end", {"timer_key": key, "fence": held[0]["fence"]}
    return Settled(stale=False, reply=reply, work=(yield from take(at)))


def _decided(at: Applying, look: Look, decide: Decide) -> Operation[Reply]:
    """Look, decide, apply; all over again when another decision was faster, never half."""
    for _ in range(TRIES):
        reply = decide((yield from look()))
        at.messages.clear()
        at.timers.clear()
        yield "decision_begin", {}
        try:
            yield from apply(at, reply)
        except Overtaken:
            yield "decision_undo", {}
            yield "decision_end", {}
            continue
        yield "decision_end", {}
        return reply
    raise StoreError(f"others were faster {TRIES} times")


def _turn_view(at: Applying, turn: Turn) -> Operation[View]:
    tenant, thread_id = turn.chat.tenant, turn.chat.thread_id
    chat = yield from find_chat(tenant, thread_id)
    unfinished = yield "rooms_unfinished", {"tenant": tenant, "scope_key": scope_key(thread_id)}
    last = yield "room_last", {"tenant": tenant, "thread_id": thread_id}
    pressed = yield from _pressed(turn)
    return View(
        now=at.now,
        fresh_id=at.fresh_id,
        chat=chat,
        rooms=tuple(rows.read_room(row) for row in unfinished),
        last_room=rows.read_room(last[0]) if last else None,
        pressed=pressed,
        pressed_room=(yield from find_room(pressed.room_id)) if pressed else None,
        notes=(yield from _notes(tenant, at.now)),
    )


def _pressed(turn: Turn) -> Operation[Message | None]:
    """Return the message an invoke came from: by where it is, never by what its data says (ENGINE 4.2)."""
    if not turn.reply_to_id:
        return None
    place = {"tenant": turn.chat.tenant, "thread_id": turn.chat.thread_id, "activity_id": turn.reply_to_id}
    found = yield "message_by_activity", place
    return rows.read_message(found[0]) if found else None


def _timer_view(at: Applying, claim: TimerClaim) -> Operation[View]:
    room = yield from find_room(claim.timer.subject)
    chat = (yield from find_chat(room.tenant, room.home_thread)) if room else None
    notes = yield from _notes(claim.timer.tenant, at.now)
    return View(now=at.now, fresh_id=at.fresh_id, chat=chat, room=room, notes=notes)


def _notes(tenant: str, now: int) -> Operation[dict[str, str]]:
    found = yield "notes_find", {"tenant": tenant, "now": now}
    return {row["note_key"]: row["value"] for row in found}


def settle_message(terms: Terms, claim: MessageClaim, sent: Sent, now: int) -> Operation[Settled]:
    """T4: write how the sending ended; what is out of date and due comes back claimed."""
    message_id, lease = claim.message.message_id, claim.lease
    held = yield "message_free", {"message_id": message_id, "owner": lease.owner, "fence": lease.fence}
    if not held:
        return Settled(stale=True)
    after = _after(held[0], sent, now, terms.chat_send_gap_ms)
    yield "message_sent", {"message_id": message_id, **after}
    due_at = after["due_at"]
    if not isinstance(due_at, int):
        return Settled(stale=False)
    if due_at > now or sent.state is not MessageState.POSTED:
        return Settled(stale=False, work=Work(next_due=due_at))
    at = Applying(terms, now, since=now, fresh_id="", messages={message_id: due_at})
    return Settled(stale=False, work=(yield from take(at)))


def _after(row: Row, sent: Sent, now: int, gap: int) -> dict[str, Value]:
    """Return what a message's row says after a sending (ENGINE 3.3)."""
    shown = sent.shown_version or row["shown_version"]
    sent_at = row["sent_at"] if sent.sent_at is None else sent.sent_at
    activity_id = sent.activity_id or row["activity_id"]
    attempts, due_at = row["attempts"], None
    if sent.state in {MessageState.PLANNED, MessageState.UNCLEAR}:
        due_at = now if sent.retry_at is None else sent.retry_at
    elif sent.state is MessageState.POSTED and sent.retry_at is not None:
        due_at = sent.retry_at
    elif sent.state is MessageState.POSTED:
        attempts = 0
        # A post whose id the connector did not tell cannot be edited; posting it again would double it.
        if activity_id and row["want_version"] > shown:
            due_at = max(now, (sent_at or 0) + gap)
    return {
        "state": sent.state.value,
        "activity_id": activity_id,
        "shown_version": shown,
        "sent_at": sent_at,
        "attempts": attempts,
        "due_at": due_at,
        "outcome": sent.outcome,
    }
