"""What each effect of a reply writes (ENGINE R12, 3.1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from bot.decisions import (
    DropTimer,
    DropWatch,
    Effect,
    ExpectCall,
    GiveAnswer,
    MakeRoom,
    Park,
    PlanMessage,
    PointCard,
    Record,
    RefreshCards,
    Reply,
    SaveAttendance,
    SaveChat,
    SaveInstaller,
    SaveKey,
    SaveNote,
    SavePerson,
    SaveRoom,
    SaveStep,
    SaveWatch,
    SetTimer,
    TakeNote,
)
from bot.leases import MessageClaim, Work
from bot.pauses import GRAPH_PAUSED
from bot.store import auditing, calls, rows, stories
from bot.store.claims import ASKS_GRAPH, Known, graph_pause, timer_claims
from bot.store.people import place_of
from bot.store.sending import chat_is_gone, claim_thread
from bot.store.signins import park
from bot.store.statements import Operation, Row, Rows, Terms, Value
from bot.store.writes import Writes


class Overtaken(Exception):
    """The place is taken or the room has changed: what was decided no longer fits what is there."""


OVERTAKEN_AT = (MakeRoom, SaveRoom, SavePerson, TakeNote)
"""The effects that raise it, having written nothing themselves."""


@dataclass(slots=True)
class Applying:
    """One reply being applied. `since` is when what it answers happened (ms UTC).

    `threads` are the (tenant, thread) that got something to send, with the earliest due time (ms UTC); `timers` what
    the reply armed, by key, with its due time; `leased` the rows of those that were due and are this process's already.
    """

    terms: Terms
    now: int
    since: int
    fresh_id: str
    records: int = 0
    known: Known = field(default_factory=Known)
    threads: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    timers: dict[str, int] = field(default_factory=dict)
    leased: dict[str, Row] = field(default_factory=dict)
    writes: Writes = field(default_factory=Writes)

    def begin_again(self) -> None:
        """Forget what a decision wanted that was overtaken."""
        self.timers.clear()
        self.leased.clear()
        self.writes.drop()
        self.known = Known()

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
    if not (yield "room_save", rows.room_params(effect.room)):
        raise Overtaken
    at.known.rooms[effect.room.room_id] = replace(effect.room, version=effect.room.version + 1)


def _plan_message(at: Applying, effect: PlanMessage) -> Operation[None]:
    message = effect.message
    yield from at.writes.add(message.intent_key, ("message_insert", {**rows.message_params(message), "now": at.now}))
    if message.due_at is not None:
        at.sends(message.tenant, message.thread_id, message.due_at)


def _point_card(at: Applying, effect: PointCard) -> Operation[None]:
    yield from at.writes.run()
    for row in (yield "card_point", {"message_id": effect.message_id, "room_id": effect.room_id}):
        due_at = yield from _card_due(at, row, only_posted=False)
        if due_at is not None:
            yield "message_due", {"message_id": row["message_id"], "due_at": due_at}
            at.sends(row["tenant"], row["thread_id"], due_at)


def _refresh_cards(at: Applying, effect: RefreshCards) -> Operation[None]:
    yield from at.writes.run()
    planned_at = None if effect.only_posted else at.now
    which: dict[str, Value] = {"room_id": effect.room_id, "thread_id": effect.thread_id, "apart": effect.apart}
    cards = yield "cards_want", {**which, "planned_at": planned_at}
    yield from refresh(at, cards, only_posted=effect.only_posted)


def refresh(at: Applying, cards: Rows, *, only_posted: bool = False) -> Operation[None]:
    """Make these cards due, which want a newer state than they show."""
    for row in cards:
        due_at = yield from _card_due(at, row, only_posted=only_posted)
        if due_at is None:
            continue
        at.sends(row["tenant"], row["thread_id"], due_at)
        if due_at != row["due_at"]:
            message_id = row["message_id"]
            yield from at.writes.add(message_id, ("message_due", {"message_id": message_id, "due_at": due_at}))


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
    """Arm a timer; what is due already is this process's from the start."""
    timer = effect.timer
    columns = {**rows.timer_params(timer), "now": at.now}
    at.timers[timer.timer_key] = timer.due_at
    if timer.due_at > at.now:
        yield from at.writes.add(timer.timer_key, ("timer_set", columns))
        return
    claimed: dict[str, Value] = {
        "attempts": timer.attempts + 1,
        "owner": at.terms.owner,
        "until": at.now + at.terms.lease_ms,
    }

    def leased(found: Rows) -> None:
        at.leased[timer.timer_key] = found[0]

    yield from at.writes.add(timer.timer_key, ("timer_take", {**columns, **claimed}), leased)
    if timer.kind in ASKS_GRAPH and timer.tenant not in at.known.pauses:
        paused = graph_pause(timer.tenant, at.now)
        yield from at.writes.add(GRAPH_PAUSED, paused, lambda found: at.known.pause(timer.tenant, found))


def _drop_timer(at: Applying, effect: DropTimer) -> Operation[None]:
    yield from at.writes.add(effect.timer_key, ("timer_drop", {"timer_key": effect.timer_key}))
    at.timers.pop(effect.timer_key, None)
    at.leased.pop(effect.timer_key, None)


def _save_chat(at: Applying, effect: SaveChat) -> Operation[None]:
    chat = effect.chat
    columns = {**rows.chat_params(chat), "since": at.since, "now": at.now}

    # What is in the table may know better in parts.
    yield from at.writes.add(chat.thread_id, ("chat_save", columns), at.known.read_chat)
    if chat.gone_at is not None:
        yield from at.writes.run()
        yield from chat_is_gone(chat.tenant, chat.thread_id, at.now, at.since)


def _save_note(at: Applying, effect: SaveNote) -> Operation[None]:
    if effect.key == GRAPH_PAUSED:
        at.known.pauses.pop(effect.tenant, None)
    note: dict[str, Value] = {"note_key": effect.key, "value": effect.value, "until": effect.until}
    yield from at.writes.add(effect.key, ("note_save", {"tenant": effect.tenant, "about": effect.about, **note}))


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
    yield from at.writes.run()
    if not (yield "note_take", taken):
        raise Overtaken


def _save_person(_at: Applying, effect: SavePerson) -> Operation[None]:
    own: dict[str, Value] = {"settings": rows.json_text(effect.settings), "version": effect.version}
    if not (yield "person_save", {"tenant": effect.tenant, "oid": effect.oid, **own}):
        raise Overtaken


def _save_installer(at: Applying, effect: SaveInstaller) -> Operation[None]:
    place: dict[str, Value] = {"tenant": effect.chat.tenant, "place": place_of(effect.chat)}
    yield "installer_save", {**place, "person": rows.json_text(effect.person), "now": at.now}


def _give_answer(_at: Applying, effect: GiveAnswer) -> Operation[None]:
    yield "turn_answer", {"turn_key": effect.turn_key, "answer": rows.answer_text(effect.answer)}


def _expect_call(at: Applying, effect: ExpectCall) -> Operation[None]:
    whose: dict[str, Value] = {"tenant": effect.tenant, "room_id": effect.room_id, "now": at.now}
    yield from at.writes.add(effect.nonce, ("call_expect", {"nonce": effect.nonce, **whose}))


def _record(at: Applying, effect: Record) -> Operation[None]:
    at.records += 1
    line = auditing.insert(effect, at.now, f"{at.fresh_id}-{at.records:03d}")
    yield from at.writes.add(f"audit {at.records}", line)


def _save_step(at: Applying, effect: SaveStep) -> Operation[None]:
    step = effect.step
    yield from at.writes.add(f"step {step.reference} {step.at} {step.kind}", stories.step_insert(step))


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
    SavePerson: _save_person,
    SaveInstaller: _save_installer,
    GiveAnswer: _give_answer,
    ExpectCall: _expect_call,
    Record: _record,
    SaveStep: _save_step,
}


def take(at: Applying) -> Operation[Work]:
    """Claim for this process what the reply made due by now, and say when the rest is due."""
    yield from at.writes.run()
    timers = yield from timer_claims(list(at.leased.values()), at.now, at.known)
    messages: list[MessageClaim] = []
    due = [due_at for times in at.threads.values() for due_at in times]
    ahead = [due_at for due_at in (*at.timers.values(), *due) if due_at > at.now]
    for (tenant, thread_id), times in at.threads.items():
        if min(times) <= at.now:
            claimed_here, later = yield from claim_thread(at.terms, tenant, thread_id, at.now, at.known)
            messages += claimed_here
            ahead += [later] if later else []
    return Work(timers=tuple(timers), messages=tuple(messages), next_due=min(ahead, default=None))
