"""Decisions and outcomes: view, decide, write, in one transaction, under a guard (ENGINE R12, 3.2 to 3.4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from bot import limits
from bot.decisions import Reply, View
from bot.errors import StoreError
from bot.leases import MessageClaim, Sent, Settled, TimerClaim, TurnClaim
from bot.model import UNFINISHED, MessageState, Person, Purpose, Room, Turn, TurnKind
from bot.ports import Decide
from bot.rooms import brought_key
from bot.store import calls, rows, signins, strays
from bot.store.claims import MOST_ATTEMPTS, Known, find_room, turn_claims
from bot.store.effects import OVERTAKEN_AT, Applying, Overtaken, apply, refresh, take
from bot.store.sending import learn
from bot.store.statements import Operation, Row, Terms, Value
from bot.store.telling import unshown
from bot.topics import chat_scope, named, team_scope

TRIES = 3
"""How often a decision is taken anew when others were faster."""
HEARD_WITHIN = 3_000
"""ms after which nobody waits for a press's answer (ENGINE R14), whatever became of the process that took it in."""

MOST_ELSEWHERE = 20
"""Rooms of the same topic in other scopes that a decision sees."""

MOST_RECENT = 5
"""Rooms of the chat, over or not, that a decision sees."""

Look = Callable[[], Operation[View]]


def settle_turn(at: Applying, claim: TurnClaim, decide: Decide) -> Operation[Settled]:
    """T2: decide about the turn and mark it done; brings the chat's next turn along if one waits."""
    turn, lease = claim.turn, claim.lease
    guard: dict[str, Value] = {"turn_key": turn.turn_key, "owner": lease.owner, "fence": lease.fence}
    held = yield "turn_finish", guard
    if not held:
        return Settled(stale=True)
    late = held[0]["outcome"] == "unheard" or at.now - turn.received_at >= HEARD_WITHIN
    unheard = turn.wants_answer and late
    reply = yield from _decided(at, lambda: _turn_view(at, turn, unheard=unheard), decide)
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
    turns = yield from turn_claims(claimed)
    return Settled(stale=False, reply=reply, work=replace(work, turns=tuple(turns)))


def settle_timer(at: Applying, claim: TimerClaim, decide: Decide) -> Operation[Settled]:
    """T3: decide about the timer; its row goes unless the reply arms it again (which raises its fence)."""
    key, lease = claim.timer.timer_key, claim.lease
    held = yield "timer_finish", {"timer_key": key, "owner": lease.owner, "fence": lease.fence}
    if not held:
        reply = decide((yield from _timer_view(at, claim)))
        if reply.regardless:
            yield from apply(at, reply)
        return Settled(stale=True, work=(yield from take(at)))
    reply = yield from _decided(at, lambda: _timer_view(at, claim), decide)
    yield "timer_end", {"timer_key": key, "fence": held[0]["fence"]}
    return Settled(stale=False, reply=reply, work=(yield from take(at)))


def settle_call(at: Applying, room_id: str, decide: Decide) -> Operation[Settled]:
    """Decide about what was told of a room's call; one after the other for each room, on whichever replica."""
    yield "room_lock", {"room_id": room_id}
    reply = yield from _decided(at, lambda: calls.view(at.now, at.fresh_id, room_id), decide)
    return Settled(stale=False, reply=reply, work=(yield from take(at)))


def _decided(at: Applying, look: Look, decide: Decide) -> Operation[Reply]:
    """Look, decide, apply; all over again when another decision was faster, never half.

    Where only the first effect can be overtaken nothing was written by then, and there is nothing to undo.
    """
    for _ in range(TRIES):
        reply = decide((yield from look()))
        healed = {thread: list(times) for thread, times in at.threads.items()}
        undoable = any(isinstance(effect, OVERTAKEN_AT) for effect in reply.effects[1:])
        if undoable:
            yield "decision_begin", {}
        try:
            yield from apply(at, reply)
        except Overtaken:
            if undoable:
                yield "decision_undo", {}
                yield "decision_end", {}
            at.threads = healed
            at.timers.clear()
            at.known = Known()
            continue
        if undoable:
            yield "decision_end", {}
        return reply
    raise StoreError(f"others were faster {TRIES} times")


def _turn_view(at: Applying, turn: Turn, *, unheard: bool) -> Operation[View]:
    tenant, thread_id = turn.chat.tenant, turn.chat.thread_id
    chat = yield from at.known.chat(tenant, thread_id)
    scope_key = chat_scope(thread_id)
    topic = named(turn.text)
    scopes = {"tenant": tenant, "scope_key": scope_key, "team_scope": team_scope(chat or turn.chat)}
    unfinished = yield "rooms_unfinished", {**scopes, "thread_id": thread_id, "topics": int(bool(topic))}
    elsewhere = (yield "rooms_elsewhere", {**scopes, "topic": topic, "most": MOST_ELSEWHERE}) if topic else []
    notes = yield from _notes(tenant, thread_id, (), at.now)
    brought = yield from _brought(notes, thread_id)
    last = yield "rooms_last", {"tenant": tenant, "thread_id": thread_id, "most": _most_recent(turn)}
    waited = turn.data.get("room", "") if turn.kind is TurnKind.SIGNED_IN else ""
    pressed = yield from signins.card_of(waited, thread_id) if waited else strays.pressed(at, turn)
    started = yield from _started(turn, at.now)
    asked: dict[str, Value] = {"tenant": tenant, "thread_id": thread_id, "reference": turn.reference}
    opened = (yield "room_asked", asked) if turn.kind in {TurnKind.EDITED, TurnKind.DELETED} else []
    called = (yield from calls.called(turn, notes)) if turn.kind is TurnKind.CALLED else None
    return View(
        now=at.now,
        fresh_id=at.fresh_id,
        chat=chat,
        room=called,
        stays=(yield from calls.stays_of(called)),
        watched=(yield from calls.watch_of(called)),
        rooms=(
            *(rows.read_room(row) for row in unfinished if row["scope_key"] == scope_key or row["shown_here"]),
            *brought.values(),
        ),
        topics=tuple(rows.read_room(row) for row in unfinished if row["scope_key"] != scope_key),
        elsewhere=tuple(rows.read_room(row) for row in elsewhere if row["room_id"] not in brought),
        recent=tuple(rows.read_room(row) for row in last),
        pressed=pressed,
        pressed_room=(yield from find_room(waited or (pressed.room_id if pressed else ""))),
        notes=notes,
        mine=started["mine"],
        here=started["here"],
        unheard=unheard,
        opened=rows.read_room(opened[0]) if opened else None,
    )


def _most_recent(turn: Turn) -> int:
    """Return how many of the chat's rooms a decision sees: what nearly everybody says needs only the newest."""
    return 1 if turn.text.startswith("meet") else MOST_RECENT


def _brought(notes: dict[str, str], thread_id: str) -> Operation[dict[str, Room]]:
    """Return by id the unfinished rooms of other chats that were brought into this one."""
    found = {}
    for note, room_id in notes.items():
        room = (yield from find_room(room_id)) if note.startswith(brought_key(thread_id)) else None
        if room and room.state in UNFINISHED:
            found[room_id] = room
    return found


def _started(turn: Turn, now: int) -> Operation[dict[str, tuple[int, ...]]]:
    """Return when meetings were opened lately by the turn's person and in its chat, newest first."""
    who: dict[str, Value] = {"tenant": turn.chat.tenant, "starter_oid": turn.person.oid}
    where: dict[str, Value] = {"thread_id": turn.chat.thread_id, "since": now - limits.RATE_SPAN}
    found = yield "rooms_started", {**who, **where}
    return {
        scope: tuple(sorted((row["created_at"] for row in found if row["scope"] == scope), reverse=True))
        for scope in ("mine", "here")
    }


def _timer_view(at: Applying, claim: TimerClaim) -> Operation[View]:
    room = yield from find_room(claim.timer.subject)
    chat = (yield from at.known.chat(room.tenant, room.home_thread)) if room else None
    if claim.turn is not None:
        return replace((yield from _turn_view(at, claim.turn, unheard=False)), room=room)
    notes = yield from _notes(claim.timer.tenant, room.home_thread if room else "", room.people if room else (), at.now)
    view = View(now=at.now, fresh_id=at.fresh_id, chat=chat, room=room, notes=notes)
    return (yield from calls.with_watch(view, claim.timer)) if claim.timer.kind in calls.WATCHING else view


def _notes(tenant: str, thread_id: str, people: Sequence[Person], now: int) -> Operation[dict[str, str]]:
    """Return the tenant's own notes, the thread's, and what is to be known of these people."""
    found = list((yield "notes_find", {"tenant": tenant, "about": thread_id, "now": now}))
    for person in people:
        if not person.upn:
            found += yield "notes_about", {"tenant": tenant, "about": person.id, "now": now}
    return {row["note_key"]: row["value"] for row in found}


def settle_message(terms: Terms, claim: MessageClaim, sent: Sent, now: int) -> Operation[Settled]:
    """T4: write how the sending ended; what is out of date and due comes back claimed."""
    message_id, lease = claim.message.message_id, claim.lease
    held = yield "message_free", {"message_id": message_id, "owner": lease.owner, "fence": lease.fence}
    at = Applying(terms, now, since=now, fresh_id="")
    if not held:
        yield from _shown_again(at, claim)
        return Settled(stale=True, work=(yield from take(at)))
    adopted = rows.read_message(held[0])
    if adopted.activity_id and sent.activity_id not in {"", adopted.activity_id}:
        # A press had adopted another copy meanwhile: that one stays, this one goes.
        yield from strays.stray(at, adopted, sent.activity_id)
        sent = replace(sent, activity_id=adopted.activity_id)
    after = _after(held[0], sent, now, terms.chat_send_gap_ms)
    yield "message_sent", {"message_id": message_id, **after}
    yield "send_ended", {"message_id": message_id, "fence": lease.fence, "at": now}
    yield from learn(terms, claim, sent.learned, now)
    if sent.set_aside:
        yield from unshown(terms, claim, now)
    if isinstance(due_at := after["due_at"], int):
        at.sends(adopted.tenant, adopted.thread_id, due_at)
    at.sends(adopted.tenant, adopted.thread_id, now)  # whatever else waits for its turn in the thread
    return Settled(stale=False, work=(yield from take(at)))


def _shown_again(at: Applying, claim: MessageClaim) -> Operation[None]:
    """An edit whose lease was lost may have come after a newer one: the newest state is shown once more (C13)."""
    message = claim.message
    if message.activity_id and message.purpose is Purpose.CARD:
        yield from refresh(at, (yield "card_want", {"message_id": message.message_id}))


def _after(row: Row, sent: Sent, now: int, gap: int) -> dict[str, Value]:
    """Return what a message's row says after a sending (ENGINE 3.3)."""
    shown = sent.shown_version or row["shown_version"]
    sent_at = row["sent_at"] if sent.sent_at is None else sent.sent_at
    activity_id = sent.activity_id or row["activity_id"]
    attempts, due_at = row["attempts"], None
    if row["activity_id"] and sent.state in {MessageState.PLANNED, MessageState.UNCLEAR}:
        sent = replace(sent, state=MessageState.POSTED)  # adopted by a press meanwhile
    if sent.state in {MessageState.PLANNED, MessageState.UNCLEAR}:
        due_at = now if sent.retry_at is None else sent.retry_at
    elif sent.state is MessageState.POSTED and sent.retry_at is not None:
        due_at = sent.retry_at
    elif sent.state is MessageState.POSTED:
        attempts = 0
        # A post whose id the connector did not tell cannot be edited; posting it again would double it.
        if activity_id and row["want_version"] > shown:
            due_at = max(now, (sent_at or 0) + max(gap, row["apart"]))
    return {
        "state": sent.state.value,
        "activity_id": activity_id,
        "shown_version": shown,
        "sent_at": sent_at,
        "attempts": attempts,
        "due_at": due_at,
        "outcome": sent.outcome,
        "content": rows.emptied(row["content"]) if due_at is None else row["content"],
    }
