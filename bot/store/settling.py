"""Decisions and outcomes: view, decide, write, in one transaction, under a guard (ENGINE R12, 3.2 to 3.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bot import limits
from bot.decisions import Reply, View
from bot.errors import StoreError
from bot.leases import Learned, MessageClaim, Sent, Settled, TimerClaim, TurnClaim
from bot.messages import Message, MessageState, Purpose
from bot.model import UNFINISHED, Chat, Room, TimerKind, Turn, TurnKind
from bot.pauses import GRAPH_PAUSED
from bot.ports import Decide
from bot.rooms import brought_key
from bot.store import calls, people, rows, signins, stories, strays
from bot.store.claims import MOST_ATTEMPTS, find_room, turn_claims
from bot.store.effects import OVERTAKEN_AT, Applying, Overtaken, apply, refresh, take
from bot.store.sending import learn
from bot.store.statements import Operation, Rows, Statement, Terms, Value, side_by_side
from bot.store.telling import unshown
from bot.topics import chat_scope, named, team_scope

TRIES = 3
"""How often a decision is taken anew when others were faster."""
HEARD_WITHIN = 3_000
"""ms after which nobody waits for a press's answer (ENGINE R14), whatever became of the process that took it in."""

DAY = 86_400_000
"""ms within which people are counted whom one fault meets."""
MOST_ELSEWHERE = 20
"""Rooms of the same topic in other scopes that a decision sees."""

MOST_RECENT = 5
"""Rooms of the chat, over or not, that a decision sees."""

KEPT_OUT, NAMED, MET_BEFORE = range(3)
"""Which meetings of its team and tenant a decision sees: none, all when a topic is named, those it may open again."""

Look = Callable[[Sequence[Rows]], Operation[View]]
"""Returns the view, from the rows of what was asked for it."""


def settle_turn(at: Applying, claim: TurnClaim, decide: Decide) -> Operation[Settled]:
    """T2: decide about the turn and mark it done; brings the chat's next turn along if one waits."""
    turn, lease = claim.turn, claim.lease
    guard: dict[str, Value] = {"turn_key": turn.turn_key, "owner": lease.owner, "fence": lease.fence}
    asked = _asked(turn, at.now)
    held, *found = yield from side_by_side([("turn_finish", guard), *asked])
    if not held:
        return Settled(stale=True)
    late = held[0]["outcome"] == "unheard" or at.now - turn.received_at >= HEARD_WITHIN
    unheard = turn.wants_answer and late
    reply = yield from decided(at, asked, found, lambda found: _turn_view(at, turn, found, unheard=unheard), decide)
    outcome: dict[str, Value] = {"answer": rows.answer_text(reply.answer), "outcome": reply.outcome}
    yield from at.writes.add(turn.turn_key, ("turn_outcome", {"turn_key": turn.turn_key, **outcome}))
    lane: dict[str, Value] = {"tenant": turn.chat.tenant, "thread_id": turn.chat.thread_id}
    yield from at.writes.add("lane", ("lane_lock", lane))
    work = yield from take(at)
    turns = yield from _next_of(at, lane)
    return Settled(stale=False, reply=reply, work=replace(work, turns=tuple(turns)))


def _next_of(at: Applying, lane: dict[str, Value]) -> Operation[list[TurnClaim]]:
    """Claim the lane's next turn, if one waits: mostly none does, and to look costs less than to write nothing."""
    if not (yield "lane_waits", {**lane, "most": 1}):
        return []
    lease: dict[str, Value] = {"now": at.now, "owner": at.terms.owner, "until": at.now + at.terms.lease_ms}
    claimed = yield "lane_claim", {**lane, **lease, "most_attempts": MOST_ATTEMPTS}
    return (yield from turn_claims(claimed))


def settle_timer(at: Applying, claim: TimerClaim, decide: Decide) -> Operation[Settled]:
    """T3: decide about the timer; its row goes unless the reply arms it again (which raises its fence)."""
    key, lease = claim.timer.timer_key, claim.lease
    guard: dict[str, Value] = {"timer_key": key, "owner": lease.owner, "fence": lease.fence}
    asked = _asked_by_timer(claim, at.now)
    if claim.timer.kind in calls.WATCHING:  # what it says of the room's calls is said of what was told of them by now
        yield "room_lock", {"room_id": claim.timer.subject}
    held, *found = yield from side_by_side([("timer_finish", guard), *asked])
    if not held:
        yield from decided(at, asked, found, lambda found: _timer_view(at, claim, found), _regardless(decide))
        return Settled(stale=True, work=(yield from take(at)))
    reply = yield from decided(at, asked, found, lambda found: _timer_view(at, claim, found), decide)
    yield from at.writes.add(key, ("timer_end", {"timer_key": key, "fence": lease.fence + 1}))
    return Settled(stale=False, reply=reply, work=(yield from take(at)))


def _regardless(decide: Decide) -> Decide:
    """Return the decision as it holds for who has lost the lease: all of it, or nothing."""

    def decision(view: View) -> Reply:
        reply = decide(view)
        return reply if reply.regardless else Reply()

    return decision


def settle_call(at: Applying, room_id: str, decide: Decide) -> Operation[Settled]:
    """Decide about what was told of a room's call; one after the other for each room, on whichever replica."""
    yield "room_lock", {"room_id": room_id}
    reply = yield from decided(at, (), (), lambda _: calls.view(at.known, at.now, at.fresh_id, room_id), decide)
    return Settled(stale=False, reply=reply, work=(yield from take(at)))


def decided(
    at: Applying, asked: Sequence[Statement], found: Sequence[Rows], look: Look, decide: Decide
) -> Operation[Reply]:
    """Look, decide, apply; all over again when another decision was faster, never half.

    `found` are the rows of what was `asked` for the first look. Where only the first effect can be overtaken nothing
    was written by then, and there is nothing to undo.
    """
    for again in range(TRIES):
        if again:
            found = yield from side_by_side(asked)
        reply = decide((yield from look(found)))
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
            at.begin_again()
            continue
        if undoable:
            yield "decision_end", {}
        return reply
    raise StoreError(f"others were faster {TRIES} times")


def _asked(turn: Turn, now: int) -> list[Statement]:
    """Return what every decision about a turn looks at; `_turn_view` has their rows in this order."""
    tenant, thread_id = turn.chat.tenant, turn.chat.thread_id
    who: dict[str, Value] = {"tenant": tenant, "starter_oid": turn.person.oid}
    return [
        ("chat_find", {"tenant": tenant, "thread_id": thread_id}),
        _unfinished(turn, turn.chat),
        ("notes_find", {"tenant": tenant, "about": thread_id, "who": turn.person.oid, "now": now}),
        ("rooms_last", {"tenant": tenant, "thread_id": thread_id, "most": _most_recent(turn)}),
        ("rooms_started", {**who, "thread_id": thread_id, "since": now - limits.RATE_SPAN}),
        people.asked(turn.chat, turn.person),
    ]


def _unfinished(turn: Turn, chat: Chat) -> Statement:
    """Ask for the rooms that a turn can be about, in the scopes of its chat as that is known."""
    topics = NAMED if named(turn.text) else KEPT_OUT if _meets(turn) else MET_BEFORE
    return "rooms_unfinished", {**_scopes(chat), "thread_id": chat.thread_id, "topics": topics}


def _scopes(chat: Chat) -> dict[str, Value]:
    return {"tenant": chat.tenant, "scope_key": chat_scope(chat.thread_id), "team_scope": team_scope(chat)}


def _turn_view(at: Applying, turn: Turn, found: Sequence[Rows], *, unheard: bool) -> Operation[View]:
    tenant, thread_id = turn.chat.tenant, turn.chat.thread_id
    seen, unfinished, noted, last, openings, own = found
    chat = at.known.read_chat(seen)
    if chat and team_scope(chat) != team_scope(turn.chat):  # the turn itself did not say all that is known
        unfinished = yield _unfinished(turn, chat)
    scope_key = chat_scope(thread_id)
    elsewhere = yield from _elsewhere(chat or turn.chat, named(turn.text))
    notes = by_key(noted)
    at.known.pause(tenant, [row for row in noted if row["note_key"] == GRAPH_PAUSED])
    brought = yield from _brought(notes, thread_id)
    waited = turn.data.get("room", "") if turn.kind is TurnKind.SIGNED_IN else ""
    pressed = yield from signins.card_of(waited, thread_id) if waited else strays.pressed(at, turn)
    started = _started(openings)
    person = people.known(own)
    told = pressed is not None and pressed.to is not None
    view = View(
        now=at.now,
        fresh_id=at.fresh_id,
        chat=chat,
        affected=(yield from _affected(tenant, at.now)) if told else 0,
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
        opened=(yield from _opened(turn)),
        me=person.settings,
        me_version=person.version,
        installers=person.installers,
    )
    return (yield from calls.told(view, turn)) if turn.kind is TurnKind.CALLED else view


def _elsewhere(chat: Chat, topic: str) -> Operation[Rows]:
    """Ask for the rooms of a topic in other scopes; nothing without a topic."""
    if not topic:
        return []
    return (yield "rooms_elsewhere", {**_scopes(chat), "topic": topic, "most": MOST_ELSEWHERE})


def _opened(turn: Turn) -> Operation[Room | None]:
    """Return what the message that was edited or deleted has opened."""
    if turn.kind not in {TurnKind.EDITED, TurnKind.DELETED}:
        return None
    message = {"tenant": turn.chat.tenant, "thread_id": turn.chat.thread_id, "reference": turn.reference}
    found = yield "room_asked", message
    return rows.read_room(found[0]) if found else None


def _affected(tenant: str, now: int) -> Operation[int]:
    """Return how many people lack an access policy; asked when a whisper was pressed, which may be about that."""
    found = yield "people_failed", {"tenant": tenant, "since": now - DAY}
    return int(found[0]["people"])


def _most_recent(turn: Turn) -> int:
    """Return how many of the chat's rooms a decision sees: what nearly everybody says needs only the newest."""
    return 1 if _meets(turn) else MOST_RECENT


def _meets(turn: Turn) -> bool:
    return turn.text.startswith("meet")


def _brought(notes: dict[str, str], thread_id: str) -> Operation[dict[str, Room]]:
    """Return by id the unfinished rooms of other chats that were brought into this one."""
    found = {}
    for note, room_id in notes.items():
        room = (yield from find_room(room_id)) if note.startswith(brought_key(thread_id)) else None
        if room and room.state in UNFINISHED:
            found[room_id] = room
    return found


def _started(found: Rows) -> dict[str, tuple[int, ...]]:
    """Return when meetings were opened lately by the turn's person and in its chat, newest first."""
    return {
        scope: tuple(sorted((row["created_at"] for row in found if row["scope"] == scope), reverse=True))
        for scope in ("mine", "here")
    }


def _asked_by_timer(claim: TimerClaim, now: int) -> list[Statement]:
    """Return what every decision about a timer looks at, and last what one about the turn in it does.

    A room never moves: where it was when the timer was claimed is where it is.
    """
    tenant = claim.timer.tenant
    thread_id, who = (claim.room.home_thread, claim.room.starter.oid) if claim.room else ("", "")
    return [
        ("room_find", {"room_id": claim.timer.subject}),
        ("chat_find", {"tenant": tenant, "thread_id": thread_id}),
        ("notes_find", {"tenant": tenant, "about": thread_id, "who": who, "now": now}),
        *(_asked(claim.turn, now) if claim.turn else ()),
    ]


def _timer_view(at: Applying, claim: TimerClaim, found: Sequence[Rows]) -> Operation[View]:
    rooms, seen, noted, *turns = found
    room = rows.read_room(rooms[0]) if rooms else None
    chat = at.known.read_chat(seen) if room else None
    if claim.turn is not None:
        view = replace((yield from _turn_view(at, claim.turn, turns, unheard=False)), room=room)
        return (yield from stories.with_story(view, claim.timer)) if claim.timer.kind is TimerKind.STORY else view
    notes = by_key(noted)
    for person in room.people if room else ():
        if not person.upn:
            about: dict[str, Value] = {"tenant": claim.timer.tenant, "about": person.id, "now": at.now}
            notes |= by_key((yield "notes_about", about))
    view = View(now=at.now, fresh_id=at.fresh_id, chat=chat, room=room, notes=notes)
    return (yield from calls.with_watch(view, claim.timer)) if claim.timer.kind in calls.WATCHING else view


def by_key(found: Rows) -> dict[str, str]:
    """Return notes by their keys."""
    return {row["note_key"]: row["value"] for row in found}


def settle_message(terms: Terms, claim: MessageClaim, sent: Sent, now: int) -> Operation[Settled]:
    """T4: write how the sending ended; what is out of date and due comes back claimed."""
    message_id, lease = claim.message.message_id, claim.lease
    guard: dict[str, Value] = {"message_id": message_id, "owner": lease.owner, "fence": lease.fence}
    at = Applying(terms, now, since=now, fresh_id="")
    if (yield from _settled_at_once(at, claim, guard, sent)):
        return Settled(stale=False, work=(yield from take(at)))
    held = yield "message_free", guard
    if not held:
        yield from _shown_again(at, claim)
        return Settled(stale=True, work=(yield from take(at)))
    adopted = rows.read_message(held[0])
    if adopted.activity_id and sent.activity_id not in {"", adopted.activity_id}:
        # A press had adopted another copy meanwhile: that one stays, this one goes.
        yield from strays.stray(at, adopted, sent.activity_id)
        sent = replace(sent, activity_id=adopted.activity_id)
    after = _after(adopted, sent, now, max(terms.chat_send_gap_ms, held[0]["apart"]))
    words = held[0]["content"]
    content = rows.emptied(words) if after["due_at"] is None else words
    yield "message_sent", {"message_id": message_id, **after, "content": content}
    yield "send_ended", {"message_id": message_id, "fence": lease.fence, "at": now}
    yield from learn(terms, claim, sent.learned, now)
    if sent.set_aside:
        yield from unshown(terms, claim, now)
    if isinstance(due_at := after["due_at"], int):
        at.sends(adopted.tenant, adopted.thread_id, due_at)
    at.sends(adopted.tenant, adopted.thread_id, now)  # whatever else waits for its turn in the thread
    return Settled(stale=False, work=(yield from take(at)))


def _settled_at_once(at: Applying, claim: MessageClaim, guard: Mapping[str, Value], sent: Sent) -> Operation[bool]:
    """Write how the sending of a card ended, if it is still as it was claimed and nothing else is to be written."""
    message = claim.message
    after = _after(message, sent, at.now, at.terms.chat_send_gap_ms)
    if sent.learned != Learned() or sent.set_aside or message.content:
        return False
    as_it_was: dict[str, Value] = {"had_activity": message.activity_id, "wanted": message.want_version}
    if not (yield "message_settled", {**guard, **after, **as_it_was}):
        return False
    ended: Statement = ("send_ended", {"message_id": message.message_id, "fence": claim.lease.fence, "at": at.now})
    yield from at.writes.add("send", ended)
    if isinstance(due_at := after["due_at"], int):
        at.sends(message.tenant, message.thread_id, due_at)
    at.sends(message.tenant, message.thread_id, at.now)
    return True


def _shown_again(at: Applying, claim: MessageClaim) -> Operation[None]:
    """An edit whose lease was lost may have come after a newer one: the newest state is shown once more (C13)."""
    message = claim.message
    if message.activity_id and message.purpose is Purpose.CARD:
        yield from refresh(at, (yield "card_want", {"message_id": message.message_id}))


def _after(before: Message, sent: Sent, now: int, gap: int) -> dict[str, Value]:
    """Return what a message's row says after a sending (ENGINE 3.3)."""
    shown = sent.shown_version or before.shown_version
    sent_at = before.sent_at if sent.sent_at is None else sent.sent_at
    activity_id = sent.activity_id or before.activity_id
    attempts, due_at = before.attempts, None
    if before.activity_id and sent.state in {MessageState.PLANNED, MessageState.UNCLEAR}:
        sent = replace(sent, state=MessageState.POSTED)  # adopted by a press meanwhile
    if sent.state in {MessageState.PLANNED, MessageState.UNCLEAR}:
        due_at = now if sent.retry_at is None else sent.retry_at
    elif sent.state is MessageState.POSTED and sent.retry_at is not None:
        due_at = sent.retry_at
    elif sent.state is MessageState.POSTED:
        attempts = 0
        # A post whose id the connector did not tell cannot be edited; posting it again would double it.
        if activity_id and before.want_version > shown:
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
