"""Who is rung into a meeting and what became of it: the decisions of ENGINE R22. Pure; times are ms UTC.

Muster joins the meeting by a call of its own, rings each person by an invitation, reads the answers from that call's
callbacks, and leaves when nobody is left who may still answer. Who declines or cannot be reached makes room for the
next of the chat's ring list; who does not answer within a minute too, unless somebody has come.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot import ending
from bot.decisions import Effect, ExpectCall, PlanMessage, RefreshCards, Reply, SaveNote, SaveRoom, SetTimer, View
from bot.messages import Message, Purpose, Whisper
from bot.model import (
    CallState,
    Chat,
    Person,
    Ring,
    Ringing,
    RingState,
    Room,
    RoomState,
    Timer,
    TimerKind,
)

MOST = 20
"""People whom one command rings."""
MOST_WAITING = 3 * MOST
"""People who wait at once to be looked up or rung: a dialog is sent back as often as a client likes."""
AGAIN_AFTER = 120_000
"""ms before the same person is rung again."""
ANSWER_WITHIN = 60_000
"""ms after which who does not answer makes room for the next; Graph gives up then too."""
CALL_WITHIN = 60_000
"""ms within which a callback has to say that our call stands; else nobody is rung (ENGINE 3.4, C11)."""
KEEP_ALIVE = 900_000
"""ms between two signs of life of a call (facts/graph 5)."""
AT_ONCE, APART = 5, 1_000
"""Invitations sent together, and ms between such groups: Graph takes five people at once (facts/graph 5)."""
LOOK, JOIN, UNHEARD, INVITE, LATE, KEEP, LEAVE = "look", "join", "unheard", "invite", "late", "keep", "leave"
"""What a ring timer does next: its payload's `step`."""
PENDING = frozenset({RingState.WAITING, RingState.RINGING, RingState.UNCLEAR})
"""States in which somebody may still answer."""
_INVITED = frozenset({RingState.RINGING, RingState.UNCLEAR})
_BUSY = frozenset({"presenting", "donotdisturb"})
"""What people are doing, in Graph's words and small letters, who are asked about before they are rung."""
_DECLINED, _UNANSWERED = frozenset({486, 600, 603}), frozenset({408, 487})
"""Codes an invitation fails with, as in RFC 3261 and https://learn.microsoft.com/graph/api/call-delete."""


@dataclass(frozen=True, slots=True)
class News:
    """One thing that Graph tells of a call.

    `state` is the call's own in small letters, `inside` the object ids on its roster (None: it is not about that),
    `context` and `failed` name an invitation and the code it failed with.
    """

    call_id: str
    state: str = ""
    inside: frozenset[str] | None = None
    context: str = ""
    failed: int | None = None


def timer(room: Room, step: str, due_at: int, about: str = "", **payload: str | int) -> SetTimer:
    """Return the timer of a step, one for each thing it is about."""
    key = f"ring|{room.room_id}|{step}|{about}".rstrip("|")
    return SetTimer(Timer(key, TimerKind.RING, room.tenant, room.room_id, due_at, {"step": step, **payload}))


def rung_key(oid: str) -> str:
    """Return the note that somebody was rung a moment ago."""
    return f"rung|{oid}"


def context(ring: Ring) -> str:
    """Return what names an invitation to Graph: whom it is for, and since when."""
    return f"{ring.person.oid}|{ring.at}"


def ring_list(chat: Chat | None) -> tuple[str, ...]:
    """Return the object ids of whom a chat rings, in their order."""
    said = chat.settings.get("ring") if chat else None
    listed = said.split(",") if isinstance(said, str) else said if isinstance(said, list) else []
    return tuple(str(oid) for oid in listed if oid)


def wanted(people: Iterable[Person], now: int, *, listed: bool = False) -> tuple[Ring, ...]:
    """Return these people as ones to be rung, because somebody asked or because they are `listed`."""
    return tuple(Ring(person, RingState.WAITING, now, listed=listed) for person in people)


def asked(room: Room, people: Sequence[Person], by: Person, now: int) -> Reply:
    """Ring these people as well; whoever rings already goes on ringing, and ids that nobody here has are forgotten."""
    known = [ring for ring in room.ringing.rings if ring.state in PENDING or not _nobody(ring)]
    held = [ring for ring in known if ring.state in PENDING or not _one_of(ring.person, people)]
    new = [person for person in people if not any(_one_of(ring.person, [person]) for ring in held)]
    rings = (*held, *wanted(new, now))
    return _looks(room, replace(room.ringing, rings=rings, asked_by=by, denied=""), now, "ringing")


def anyway(room: Room, by: Person, now: int) -> Reply:
    """Ring those who are busy all the same."""
    rings = tuple(
        replace(ring, state=RingState.WAITING, at=now) if ring.state is RingState.BUSY else ring
        for ring in room.ringing.rings
    )
    if rings == room.ringing.rings:
        return Reply(outcome="nobody busy")
    return _looks(room, replace(room.ringing, rings=rings, asked_by=by), now, "ringing anyway")


def stopped(room: Room, now: int) -> Reply:
    """Ring nobody any more: who has not answered is forgotten, and our call is left."""
    rings = tuple(ring for ring in room.ringing.rings if ring.state not in PENDING)
    if rings == room.ringing.rings:
        return Reply(outcome="nobody rings")
    return _saved(room, replace(room.ringing, rings=rings), now, (), "stopped ringing")


def left_over(room: Room) -> tuple[Person, ...]:
    """Return whom a request that failed was to ring: whoever asks for it anew still wants them."""
    waiting = (ring.person for ring in room.ringing.rings if ring.state is RingState.WAITING)
    return tuple(waiting) if room.state is RoomState.FAILED else ()


def hung_up(reply: Reply, now: int) -> Reply:
    """Return a decision that closes a room with nobody rung any more, and with our call left (ENGINE R22)."""
    over = {RoomState.ENDED, RoomState.FAILED}
    closed = next((one for one in reply.effects if isinstance(one, SaveRoom) and one.room.state in over), None)
    quiet = stopped(closed.room, now).effects if closed else ()
    if not quiet:
        return reply
    kept = tuple(one for one in reply.effects if one is not closed)
    return replace(reply, effects=(*kept, *(one for one in quiet if one not in kept)))


def next_listed(room: Room, chat: Chat | None, count: int = 1) -> tuple[Person, ...]:
    """Return the next people of the chat's ring list who were not rung yet."""
    rung = {ring.person.oid for ring in room.ringing.rings}
    left = [oid for oid in ring_list(chat) if oid not in rung]
    return tuple(Person("", oid) for oid in left[:count])


def opened(reply: Reply, before: Room | None) -> Reply:
    """Return a decision that opened a room with the look at whom it is to ring."""
    after = next((effect.room for effect in reply.effects if isinstance(effect, SaveRoom)), None)
    if before is None or after is None or before.state is not RoomState.OPENING or after.state not in ending.RUNNING:
        return reply
    if not any(ring.state is RingState.WAITING for ring in after.ringing.rings):
        return reply
    now = after.opened_at or after.created_at
    return replace(reply, effects=(*reply.effects, timer(after, LOOK, now)))


def looked(room: Room, found: Mapping[str, Person | None], presence: Mapping[str, str], view: View) -> Reply:
    """The people are known, and what they are doing: our call is asked for, or they are invited into the one there is.

    `found` has by the id that was looked up who it is, None for no member; `presence` is by object id.
    """
    kept: list[Ring] = []
    soon: list[Person] = []
    notes: list[Effect] = []
    fresh: list[Ring] = []
    for ring in room.ringing.rings:
        key = ring.person.id or ring.person.oid
        if ring.state is not RingState.WAITING or key not in found:
            kept.append(ring)
            continue
        person = found[key]
        if person is None or not person.oid:
            kept.append(replace(ring, state=RingState.UNREACHABLE))
        elif any(person.oid == other.person.oid for other in kept if other.state in PENDING):
            continue
        elif not ring.busy and rung_key(person.oid) in view.notes:
            soon.append(person)
        elif not ring.busy and (doing := presence.get(person.oid, "")).casefold() in _BUSY:
            kept.append(replace(ring, person=person, state=RingState.BUSY, busy=doing))
        else:
            fresh.append(replace(ring, person=person, at=view.now))
            kept.append(fresh[-1])
            until = view.now + AGAIN_AFTER
            notes.append(SaveNote(room.tenant, rung_key(person.oid), "", until))
    after, escalated = _escalated(room, tuple(kept), view)
    return _called(room, after, fresh, view, (*notes, *escalated, *_not_rung(room, after, soon, view)))


def _called(room: Room, after: Ringing, fresh: Sequence[Ring], view: View, effects: tuple[Effect, ...]) -> Reply:
    """Ask for our call if somebody is to be rung and there is none; where it stands, invite."""
    if fresh and after.call is CallState.NONE:
        nonce = _id(view, "call")
        after = replace(after, call=CallState.ASKED, nonce=nonce, call_id="")
        join = timer(room, JOIN, view.now, nonce, nonce=nonce)
        unheard = timer(room, UNHEARD, view.now + CALL_WITHIN, nonce, nonce=nonce)
        effects = (*effects, ExpectCall(nonce, room.tenant, room.room_id), join, unheard)
    elif after.call is CallState.ESTABLISHED:
        effects = (*effects, *_invitations(room, fresh, view.now))
    return _saved(room, after, view.now, effects, "looked")


def _invitations(room: Room, rings: Sequence[Ring], now: int) -> tuple[SetTimer, ...]:
    return tuple(
        timer(room, INVITE, now + number // AT_ONCE * APART, context(ring), context=context(ring))
        for number, ring in enumerate(rings)
    )


def made(room: Room, nonce: str, call_id: str, now: int) -> Reply:
    """Graph has made our call; nobody can use it any more: it is left (ENGINE C11)."""
    ringing = room.ringing
    if ringing.nonce != nonce or ringing.call_id not in {"", call_id}:
        return Reply((timer(room, LEAVE, now, call_id, call=call_id),), "late call", regardless=True)
    if ringing.call is not CallState.ASKED:
        return Reply(outcome="known")
    return Reply((SaveRoom(replace(room, ringing=replace(ringing, call=CallState.MADE, call_id=call_id))),), "made")


def not_made(room: Room, nonce: str, now: int, *, denied: str = "") -> Reply:
    """Our call does not stand: those who wait are not rung, and who may see it is told what is `denied`."""
    ringing = room.ringing
    if ringing.nonce != nonce or ringing.call not in {CallState.ASKED, CallState.MADE}:
        return Reply(outcome="overtaken")
    rings = tuple(
        replace(ring, state=RingState.UNREACHABLE) if ring.state is RingState.WAITING else ring
        for ring in ringing.rings
    )
    return _saved(room, replace(ringing, rings=rings, denied=denied), now, (), "not rung")


def invited(room: Room, about: str, state: RingState, view: View, *, denied: str = "") -> Reply:
    """An invitation was sent, or its fate is not known, or it was refused."""
    rings = tuple(
        replace(ring, state=state) if context(ring) == about and ring.state is RingState.WAITING else ring
        for ring in room.ringing.rings
    )
    if rings == room.ringing.rings:
        return Reply(outcome="overtaken")
    late = timer(room, LATE, view.now + ANSWER_WITHIN, about, context=about)
    if denied:
        return _saved(room, replace(room.ringing, rings=rings, denied=denied), view.now, (), "denied")
    after, escalated = _escalated(room, rings, view)
    return _saved(room, after, view.now, (*((late,) if state in _INVITED else ()), *escalated), state.value)


def late(room: Room, about: str, view: View) -> Reply:
    """A minute is over: who still rings does not answer."""
    return _changed(room, (News("", context=about, failed=408),), room.ringing, view)


def heard(room: Room, nonce: str, news: Sequence[News], view: View) -> Reply:
    """Graph tells of a call of ours (ENGINE R22): one that we no longer want is left."""
    ringing = room.ringing
    call_id = next((one.call_id for one in news if one.call_id), "")
    ended = any(one.state == "terminated" for one in news)
    if ringing.nonce != nonce or ringing.call_id not in {"", call_id}:
        leaves = (timer(room, LEAVE, view.now, call_id, call=call_id),) if call_id and not ended else ()
        return Reply(leaves, "old call")
    if not call_id:
        return Reply(outcome="nothing new")
    if room.state not in ending.RUNNING and not ended:
        left = replace(ringing, call=CallState.ESTABLISHED, call_id=call_id)
        return stopped(replace(room, ringing=left), view.now)
    return _changed(room, news, replace(ringing, call_id=call_id), view)


def _changed(room: Room, news: Sequence[News], ringing: Ringing, view: View) -> Reply:
    """Return what the news make of the rings and of the call."""
    rings, established = ringing.rings, ringing.call is CallState.ESTABLISHED
    ended = any(one.state == "terminated" for one in news)
    for one in news:
        established = established or one.state == "established" or one.inside is not None
        rings = tuple(_answered(ring, one) for ring in rings)
    effects: tuple[Effect, ...] = ()
    if ended:
        rings = tuple(_unheard(ring) for ring in rings)
        ringing = replace(ringing, call=CallState.NONE, nonce="", call_id="")
    elif established and ringing.call is not CallState.ESTABLISHED:
        ready = [ring for ring in rings if ring.state is RingState.WAITING and ring.person.id and ring.person.oid]
        ringing = replace(ringing, call=CallState.ESTABLISHED)
        keep = timer(room, KEEP, view.now + KEEP_ALIVE, ringing.nonce, nonce=ringing.nonce)
        effects = (*_invitations(room, ready, view.now), keep)
    elif ringing.call is CallState.ASKED and ringing.call_id:
        ringing = replace(ringing, call=CallState.MADE)
    after, escalated = _escalated(room, rings, view, ringing)
    if after == room.ringing:
        return Reply(outcome="nothing new")
    return _saved(room, after, view.now, (*effects, *escalated), "heard")


def _answered(ring: Ring, one: News) -> Ring:
    """Return a ring as one piece of news has it; who is inside has come, whatever was said of their invitation."""
    if one.inside is not None and ring.person.oid in one.inside and ring.state is not RingState.JOINED:
        return replace(ring, state=RingState.JOINED)
    if one.failed is None or one.context != context(ring) or ring.state not in PENDING:
        return ring
    if one.failed in _DECLINED:
        return replace(ring, state=RingState.DECLINED)
    return replace(ring, state=RingState.NO_ANSWER if one.failed in _UNANSWERED else RingState.UNREACHABLE)


def _unheard(ring: Ring) -> Ring:
    ended = {RingState.WAITING: RingState.UNREACHABLE, RingState.RINGING: RingState.NO_ANSWER}
    ended[RingState.UNCLEAR] = RingState.NO_ANSWER
    return replace(ring, state=ended.get(ring.state, ring.state))


def _escalated(
    room: Room, rings: tuple[Ring, ...], view: View, ringing: Ringing | None = None
) -> tuple[Ringing, tuple[Effect, ...]]:
    """Return the rings with those of the list who are next, and the look at these."""
    before = {context(ring): ring.state for ring in room.ringing.rings}
    came = any(ring.state is RingState.JOINED for ring in rings)
    lost = {RingState.DECLINED, RingState.UNREACHABLE} | (set() if came else {RingState.NO_ANSWER})
    places = sum(ring.state in lost and before.get(context(ring), ring.state) in PENDING for ring in rings)
    places += sum(
        ring.listed and ring.state is RingState.BUSY and before.get(context(ring)) in PENDING for ring in rings
    )
    after = replace(ringing or room.ringing, rings=rings)
    if room.state not in ending.RUNNING:
        return after, ()
    more = next_listed(replace(room, ringing=after), view.chat, places)
    if not more:
        return after, ()
    return replace(after, rings=(*rings, *wanted(more, view.now, listed=True))), (timer(room, LOOK, view.now),)


def _looks(room: Room, ringing: Ringing, now: int, outcome: str) -> Reply:
    """Save who is to be rung; while the meeting opens they wait for it."""
    after = replace(room, ringing=ringing)
    look = () if room.state is RoomState.OPENING else (timer(room, LOOK, now),)
    shown = RefreshCards(room.room_id, only_posted=room.state is RoomState.OPENING)
    return Reply((SaveRoom(after), shown, *look), outcome)


def _saved(room: Room, after: Ringing, now: int, effects: tuple[Effect, ...], outcome: str) -> Reply:
    """Save the rings and show them; a call that nobody is left to be rung by is left."""
    if after.call is not CallState.NONE and not any(ring.state in PENDING for ring in after.rings):
        leaves = (timer(room, LEAVE, now, after.call_id, call=after.call_id),) if after.call_id else ()
        after = replace(after, call=CallState.NONE, nonce="", call_id="")
        effects = (*effects, *leaves)
    shown = (RefreshCards(room.room_id),) if after.rings != room.ringing.rings or after.denied else ()
    return Reply((SaveRoom(replace(room, ringing=after)), *shown, *effects), outcome)


def _not_rung(room: Room, after: Ringing, soon: Sequence[Person], view: View) -> tuple[PlanMessage, ...]:
    """Tell who asked whom they did not ring: who is busy, who was rung just now, who is not here."""
    before = {ring.person.id for ring in room.ringing.rings if ring.state is RingState.WAITING and not ring.listed}
    ours = [ring for ring in after.rings if ring.person.id in before]
    busy = [ring.person.name for ring in ours if ring.state is RingState.BUSY]
    missing = [ring.person.name for ring in ours if ring.state is RingState.UNREACHABLE]
    to = room.ringing.asked_by
    if to is None or not (busy or missing or soon):
        return ()
    doing = next((ring.busy for ring in ours if ring.state is RingState.BUSY), "")
    data = {"busy": busy, "doing": doing.casefold(), "soon": [one.name for one in soon], "missing": missing}
    words = Whisper("not-rung", data, room.request.language, room.zone, room.reference, {"room": room.room_id})
    message = Message(
        message_id=_id(view, "not-rung"),
        intent_key=f"whisper|{room.room_id}|not-rung|{view.fresh_id}",
        tenant=room.tenant,
        thread_id=room.home_thread,
        conversation_id=room.home_conversation,
        purpose=Purpose.WHISPER,
        due_at=view.now,
        room_id=room.room_id,
        to=to,
        content=words,
    )
    return (PlanMessage(message),)


def _id(view: View, what: str) -> str:
    """Return an unguessable id made from the decision's own."""
    return hashlib.sha256(f"{view.fresh_id}|{what}".encode()).hexdigest()[:32]


def _nobody(ring: Ring) -> bool:
    """Say whether a ring was for an id out of a dialog that no member has: who is known has a name."""
    return ring.state is RingState.UNREACHABLE and not (ring.listed or ring.person.name)


def _one_of(person: Person, people: Iterable[Person]) -> bool:
    return any((person.id == one.id != "") or (person.oid == one.oid != "") for one in people)
