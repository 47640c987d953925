"""What each effect of a reply writes (ENGINE R12, 3.1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from bot.decisions import (
    DropTimer,
    DropWatch,
    Effect,
    MakeRoom,
    Park,
    PlanMessage,
    PointCard,
    Record,
    RefreshCards,
    Reply,
    SaveAttendance,
    SaveChat,
    SaveKey,
    SaveNote,
    SaveRoom,
    SaveWatch,
    SetTimer,
    TakeNote,
)
from bot.leases import MessageClaim, TimerClaim, Work
from bot.store import calls, rows
from bot.store.claims import Known, timer_claims
from bot.store.sending import chat_is_gone, claim_thread
from bot.store.signins import park
from bot.store.statements import Operation, Row, Rows, Terms, Value


class Overtaken(Exception):
    """The place is taken or the room has changed: what was decided no longer fits what is there."""


OVERTAKEN_AT = (MakeRoom, SaveRoom)
"""The effects that raise it, having written nothing themselves."""


@dataclass(slots=True)
class Applying:
    """One reply being applied. `since` is when what it answers happened (ms UTC).

    `threads` are the (tenant, thread) that got something to send, with the earliest due time (ms UTC); `timers` what
    the reply armed, by key, with its due time.
    """

    terms: Terms
    now: int
    since: int
    fresh_id: str
    records: int = 0
    known: Known = field(default_factory=Known)
    threads: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    timers: dict[str, int] = field(default_factory=dict)

    def sends(self, tenant: str, thread_id: str, due_at: int) -> None:
        """Remember that a thread has something to send."""
        self.threads.setdefault((tenant, thread_id), []).append(due_at)


def apply(at: Applying, reply: Reply) -> Operation[None]:
    """Write the reply's effects in their order. Raises Overtaken: then nothing of it may stay."""
    for effect in reply.effects:
        yield from _WRITERS[type(effect)](at, effect)


def _make_room(at: Applying, effect: MakeRoom) -> Operation[None]:
    if not (yield "room_insert", rows.room_params(effect.room)):
        raise Overtaken
    at.known.rooms[effect.room.room_id] = effect.room


def _save_room(at: Applying, effect: SaveRoom) -> Operation[None]:
    saved = yield "room_save", rows.room_params(effect.room)
    if not saved:
        raise Overtaken
    at.known.rooms[effect.room.room_id] = replace(effect.room, version=saved[0]["version"])


def _plan_message(at: Applying, effect: PlanMessage) -> Operation[None]:
    message = effect.message
    planned = yield "message_insert", {**rows.message_params(message), "now": at.now}
    if planned and message.due_at is not None:
        at.sends(message.tenant, message.thread_id, message.due_at)


def _point_card(at: Applying, effect: PointCard) -> Operation[None]:
    for row in (yield "card_point", {"message_id": effect.message_id, "room_id": effect.room_id}):
        due_at = yield from _card_due(at, row, only_posted=False)
        if due_at is not None:
            yield "message_due", {"message_id": row["message_id"], "due_at": due_at}
            at.sends(row["tenant"], row["thread_id"], due_at)


def _refresh_cards(at: Applying, effect: RefreshCards) -> Operation[None]:
    which: dict[str, Value] = {"room_id": effect.room_id, "thread_id": effect.thread_id, "apart": effect.apart}
    yield from refresh(at, (yield "cards_want", which), only_posted=effect.only_posted)


def refresh(at: Applying, cards: Rows, *, only_posted: bool = False) -> Operation[None]:
    """Make these cards due, which want a newer state than they show."""
    for row in cards:
        due_at = yield from _card_due(at, row, only_posted=only_posted)
        if due_at is not None and due_at != row["due_at"]:
            yield "message_due", {"message_id": row["message_id"], "due_at": due_at}
            at.sends(row["tenant"], row["thread_id"], due_at)


def _card_due(at: Applying, row: Row, *, only_posted: bool) -> Operation[int | None]:
    """Return when the card shows the newest state. One that was told to wait keeps its time (ENGINE 2.14)."""
    due_at: int | None = row["due_at"]
    if row["attempts"] > 0 and due_at is not None:
        return due_at
    if row["state"] == "planned" and not only_posted:
        return at.now if due_at is None else min(due_at, at.now)
    if row["state"] == "posted" and row["activity_id"]:
        found = yield "thread_last_sent", {"tenant": row["tenant"], "thread_id": row["thread_id"]}
        apart: int = (row["sent_at"] or 0) + row["apart"]
        return max(at.now, (found[0]["sent_at"] or 0) + at.terms.chat_send_gap_ms, apart)
    return due_at


def _set_timer(at: Applying, effect: SetTimer) -> Operation[None]:
    yield "timer_set", {**rows.timer_params(effect.timer), "now": at.now}
    at.timers[effect.timer.timer_key] = effect.timer.due_at


def _drop_timer(at: Applying, effect: DropTimer) -> Operation[None]:
    yield "timer_drop", {"timer_key": effect.timer_key}
    at.timers.pop(effect.timer_key, None)


def _save_chat(at: Applying, effect: SaveChat) -> Operation[None]:
    chat = effect.chat
    at.known.chats.pop((chat.tenant, chat.thread_id), None)  # what is in the table may know better in parts
    yield "chat_save", {**rows.chat_params(chat), "since": at.since, "now": at.now}
    if chat.gone_at is not None:
        yield from chat_is_gone(chat.tenant, chat.thread_id, at.now, at.since)


def _save_note(_at: Applying, effect: SaveNote) -> Operation[None]:
    note: dict[str, Value] = {"note_key": effect.key, "value": effect.value, "until": effect.until}
    yield "note_save", {"tenant": effect.tenant, "about": effect.about, **note}


def _save_attendance(at: Applying, effect: SaveAttendance) -> Operation[None]:
    yield from calls.save_attendance(effect)
    if known := at.known.rooms.get(effect.room_id):
        at.known.rooms[effect.room_id] = replace(known, attendance=effect.attendance)


def _save_watch(_at: Applying, effect: SaveWatch) -> Operation[None]:
    yield "watch_save", calls.watch_params(effect.watched)


def _drop_watch(_at: Applying, effect: DropWatch) -> Operation[None]:
    yield "watch_drop", {"room_id": effect.room_id}


def _save_key(_at: Applying, effect: SaveKey) -> Operation[None]:
    yield "key_save", calls.key_params(effect.key)


def _park(_at: Applying, effect: Park) -> Operation[None]:
    yield from park(effect.turn)


def _take_note(at: Applying, effect: TakeNote) -> Operation[None]:
    taken: dict[str, Value] = {"tenant": effect.tenant, "note_key": effect.key, "value": effect.value, "now": at.now}
    if not (yield "note_take", taken):
        raise Overtaken


def _record(at: Applying, effect: Record) -> Operation[None]:
    at.records += 1
    yield (
        "audit_insert",
        {
            # Ordered by time, unique by the decision's own random id.
            "audit_id": f"{at.now:015d}-{at.fresh_id}-{at.records:03d}",
            "tenant": effect.tenant,
            "now": at.now,
            "actor_oid": effect.actor_oid,
            "action": effect.action,
            "room_id": effect.room_id,
            "thread_id": effect.thread_id,
            "detail": effect.detail,
            "reference": effect.reference,
        },
    )


_WRITERS: dict[type[Effect], Callable[[Applying, Any], Operation[None]]] = {
    MakeRoom: _make_room,
    SaveRoom: _save_room,
    PlanMessage: _plan_message,
    PointCard: _point_card,
    RefreshCards: _refresh_cards,
    SetTimer: _set_timer,
    DropTimer: _drop_timer,
    SaveChat: _save_chat,
    SaveNote: _save_note,
    TakeNote: _take_note,
    SaveAttendance: _save_attendance,
    SaveWatch: _save_watch,
    DropWatch: _drop_watch,
    SaveKey: _save_key,
    Park: _park,
    Record: _record,
}


def take(at: Applying) -> Operation[Work]:
    """Claim for this process what the reply made due by now, and say when the rest is due."""
    lease: dict[str, Value] = {"now": at.now, "owner": at.terms.owner, "until": at.now + at.terms.lease_ms}
    timers: list[TimerClaim] = []
    messages: list[MessageClaim] = []
    for timer_key in [key for key, due_at in at.timers.items() if due_at <= at.now]:
        claimed = yield "timer_claim", {**lease, "timer_key": timer_key}
        timers += yield from timer_claims(claimed, at.now, at.known)
    due = [due_at for times in at.threads.values() for due_at in times]
    ahead = [due_at for due_at in (*at.timers.values(), *due) if due_at > at.now]
    for (tenant, thread_id), times in at.threads.items():
        if min(times) <= at.now:
            claimed_here, later = yield from claim_thread(at.terms, tenant, thread_id, at.now, at.known)
            messages += claimed_here
            ahead += [later] if later else []
    return Work(timers=tuple(timers), messages=tuple(messages), next_due=min(ahead, default=None))
