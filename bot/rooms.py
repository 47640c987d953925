"""The life of a room (ENGINE 3.2): every transition as a pure function from what is there to a reply."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from types import MappingProxyType
from typing import Any

from bot.decisions import (
    DropTimer,
    Effect,
    MakeRoom,
    PlanMessage,
    PointCard,
    Record,
    RefreshCards,
    Reply,
    SaveNote,
    SaveRoom,
    SetTimer,
)
from bot.errors import (
    AccessBlocked,
    CalendarWithoutTeams,
    CredentialsWrong,
    HostUnknown,
    PolicyMissing,
    QuotaReached,
    Refused,
    RoleMissing,
)
from bot.messages import Message, MessageState, Purpose, Whisper
from bot.model import (
    Binding,
    FrozenRequest,
    GraphCall,
    Meeting,
    MeetingRequest,
    Person,
    Room,
    RoomState,
    Timer,
    TimerKind,
    Way,
)

OPENING_CARD_AFTER = 1_500
"""ms after which a room that is still opening shows itself (ENGINE 3.2)."""
TRIES_FOR = 180_000
"""ms for which a request is tried (ENGINE R6)."""
GRACE_AFTER_END = 600_000
"""ms after the planned end before the clock closes a room nobody is known to be in (ENGINE 3.2)."""
LIVE_ON = 900_000
"""ms after which the planned end of a live room is looked at again (ENGINE 3.2)."""
MEMBER_REMEMBERED = 86_400_000
"""ms for which a member look-up is remembered (ENGINE 2.2)."""
MOST_CALLED = 19
"""How many people a call link names; a group call of Teams takes 20 with the caller."""
UNDO_AFTER = 60_000
"""ms after which a request whose outcome nobody knows has surely had its effect, so that it can be undone."""
UNDO_FOR = 86_400_000
"""ms for which the deletion of a meeting nobody saw is tried."""
BROUGHT_REMEMBERED = 86_400_000
"""ms for which a chat knows the room of another chat that was brought into it, without being told its topic."""
REFUSAL_REMEMBERED = 86_400_000
"""ms for which a refused thread is remembered (ENGINE R2)."""

FAIL_CODES: tuple[tuple[type[Refused], str], ...] = (
    (PolicyMissing, "policy"),
    (RoleMissing, "role"),
    (HostUnknown, "host"),
    (AccessBlocked, "blocked"),
    (CredentialsWrong, "credentials"),
    (QuotaReached, "quota"),
    (CalendarWithoutTeams, "calendar"),
    (Refused, "refused"),
)

Freeze = Callable[[str, MeetingRequest], FrozenRequest]


def refusal_keys(version: str, thread_id: str, way: Way = Way.APP) -> tuple[str, str]:
    """Return the notes that remember a refused binding: for the tenant, and for one thread (ENGINE R2).

    A channel that is known to be a standard one speaks for its tenant, way and version; a channel of unknown
    kind only for itself, or the first private channel would cost every other its tie.
    """
    return f"binding refused|{way}|{version}", f"binding refused|{way}|{version}|{thread_id}"


def open_timer(room: Room, due_at: int, attempts: int = 0, *, wished: bool = False, look_up: bool = False) -> SetTimer:
    """Return the timer that asks Graph for the room's meeting, after so many attempts.

    One that a person has `wished` for does not wait for Graph's pause to end; `look_up`: whether the person has
    signed in is asked first (ENGINE R2).
    """
    key = f"open|{room.room_id}"
    payload: dict[str, Any] = {"wished": True} if wished else {"settled": attempts}
    if look_up:
        payload["look_up"] = True
    return SetTimer(Timer(key, TimerKind.OPEN, room.tenant, room.room_id, due_at, payload, attempts))


def give_up_timer(room: Room) -> SetTimer:
    """Return the timer of the deadline: it holds also while a call to Graph never ends (ENGINE R6)."""
    return SetTimer(Timer(_give_up_key(room), TimerKind.GIVE_UP, room.tenant, room.room_id, room.give_up_at))


def _give_up_key(room: Room) -> str:
    return f"give_up|{room.room_id}"


def begin(room: Room, card: PlanMessage | PointCard, now: int, *, look_up: bool = False) -> Reply:
    """- → opening: the room, its card, and the timer that asks Graph at once."""
    record = Record(room.tenant, room.starter.oid, "meet", room.home_thread, room.room_id, reference=room.reference)
    asks = open_timer(room, now, look_up=look_up)
    return Reply((MakeRoom(room), card, asks, give_up_timer(room), record), "opening")


def first_card(room: Room, message_id: str, now: int) -> PlanMessage:
    """Plan the room's card: it shows "opening" unless the meeting is there within 1.5 s."""
    return card_in(room, room.home_thread, room.home_conversation, message_id=message_id, now=now)


def card_in(room: Room, thread_id: str, conversation_id: str, *, message_id: str, now: int) -> PlanMessage:
    """Plan the room's card in a chat: one for each (room, thread), however often it is asked for (ENGINE 3.2)."""
    opening = room.state is RoomState.OPENING
    return PlanMessage(
        Message(
            message_id=message_id,
            intent_key=f"card|{room.room_id}|{thread_id}",
            tenant=room.tenant,
            thread_id=thread_id,
            conversation_id=conversation_id,
            purpose=Purpose.CARD,
            due_at=now + OPENING_CARD_AFTER if opening else now,
            room_id=room.room_id,
        )
    )


def brought_key(thread_id: str, room_id: str = "") -> str:
    """Return the note that a room was brought into a chat; without the room how all notes of the chat begin."""
    return f"brought|{thread_id}|{room_id}"


def opened(room: Room, meeting: Meeting, now: int) -> Reply:
    """Opening → open or scheduled: Graph made the meeting. A room that is no longer opening deletes it (ENGINE R6)."""
    if room.state is not RoomState.OPENING:
        return late(room, meeting, now)
    later = room.starts_at > now
    after = replace(
        room,
        state=RoomState.SCHEDULED if later else RoomState.OPEN,
        meeting=meeting,
        binding=binding(room.bind_thread, meeting) if room.bind_thread else room.binding,
        opened_at=None if later else now,
        trying="",
    )
    kind, due_at = (TimerKind.START, room.starts_at) if later else (TimerKind.END, room.ends_at + GRACE_AFTER_END)
    follows = Timer(f"{kind}|{room.room_id}", kind, room.tenant, room.room_id, due_at)
    given_up = DropTimer(_give_up_key(room))
    return Reply((SaveRoom(after), RefreshCards(room.room_id), SetTimer(follows), given_up), after.state.value)


def binding(asked_thread: str, meeting: Meeting) -> Binding:
    """Read from the answer whether Graph tied the meeting to the thread it was asked for (ENGINE R2)."""
    if meeting.thread_id != asked_thread:
        return Binding.IGNORED
    return Binding.BOUND if meeting.message_id not in {"", "0"} else Binding.NO_POST


def late(room: Room, meeting: Meeting, now: int) -> Reply:
    """A meeting for a room that gave up, or has another one: nobody was shown it, so it is deleted."""
    if room.state is not RoomState.FAILED and (room.meeting is None or room.meeting.id == meeting.id):
        return Reply(outcome="overtaken")
    return Reply((delete_timer(room, meeting, now),), "late", regardless=True)


def delete_timer(room: Room, meeting: Meeting, now: int) -> SetTimer:
    """Return the timer that deletes a meeting nobody was shown."""
    organizer = meeting.organizer_oid or room.host.oid
    named = {"meeting_id": meeting.id} | ({"event_id": meeting.event_id} if meeting.event_id else {})
    payload = {**named, **_undone_by(room, organizer), "until": now + UNDO_FOR}
    key = f"delete|{room.room_id}|{meeting.event_id or meeting.id}"
    return SetTimer(Timer(key, TimerKind.DELETE, room.tenant, room.room_id, now, payload))


def patch_timer(room: Room, due_at: int, attempts: int = 0) -> SetTimer:
    """Return the timer that sets the options of a room's meeting (ENGINE R4)."""
    return SetTimer(Timer(f"patch|{room.room_id}", TimerKind.PATCH, room.tenant, room.room_id, due_at, {}, attempts))


def event_timer(room: Room, due_at: int, attempts: int = 0) -> SetTimer:
    """Return the timer that looks whether Outlook has filled in an event's link."""
    return SetTimer(Timer(f"event|{room.room_id}", TimerKind.EVENT, room.tenant, room.room_id, due_at, {}, attempts))


def undo(room: Room, now: int) -> SetTimer:
    """Return the timer that looks for a meeting which may have been made unseen, and deletes it (ENGINE R6).

    It asks for it with the same bytes, which finds what is there (ENGINE R1).
    """
    payload = {"request": asdict(room.request), **_undone_by(room, room.host.oid), "until": now + UNDO_FOR}
    key = f"delete|{room.room_id}|{room.attempt}"
    return SetTimer(Timer(key, TimerKind.DELETE, room.tenant, room.room_id, now + UNDO_AFTER, payload))


def _undone_by(room: Room, organizer: str) -> dict[str, Any]:
    """Return whose meeting is deleted, and whether by their own permission: the app may have none for it."""
    by_person = room.way is Way.USER and organizer == room.starter.oid
    return {"organizer_oid": organizer, **({"by_person": True} if by_person else {})}


def unknown(room: Room, now: int) -> Reply:
    """An attempt ended without anybody knowing how; for a room that gave up meanwhile it is undone (ENGINE R6)."""
    effects = undone(replace(room, trying="unclear"), now) if room.state is RoomState.FAILED else ()
    return Reply(effects, "undoing") if effects else Reply(outcome="overtaken")


def refused(room: Room, error: Refused, *, now: int, whisper_id: str) -> Reply:
    """Opening → failed: a definite no that asking differently would not change."""
    if room.state is not RoomState.OPENING:
        return Reply(outcome="overtaken")
    code = next(code for kind, code in FAIL_CODES if isinstance(error, kind))
    return failed(room, code, now=now, whisper_id=whisper_id)


def unbound(room: Room, *, now: int, freeze: Freeze, known_standard: bool) -> Reply:
    """Opening → opening: ask again without the thread (ENGINE R1, R2).

    It is a new attempt under a new external id, committed before it is sent.
    """
    if room.state is not RoomState.OPENING:
        return Reply(outcome="overtaken")
    after = replace(again(room), bind_thread="", binding=Binding.REFUSED)
    after = replace(after, request=freeze(room.host.oid, request_of(after)))
    for_tenant, for_thread = refusal_keys(room.request.version, room.bind_thread, room.way)
    key, about = (for_tenant, "") if known_standard else (for_thread, room.bind_thread)
    note = SaveNote(room.tenant, key, room.bind_thread, now + REFUSAL_REMEMBERED, about)
    return Reply((SaveRoom(after), note, open_timer(after, now), *undone(room, now)), "thread refused")


def again(room: Room) -> Room:
    """Return the room with another attempt under a new external id; of the new one nothing is unclear yet (R1)."""
    attempt = room.attempt + 1
    trying = "unavailable" if room.trying else ""
    return replace(room, attempt=attempt, external_id=f"{room.room_id}-{attempt}", trying=trying)


def request_of(room: Room) -> MeetingRequest:
    """Return what a room asks Graph for, to be frozen for another attempt."""
    return MeetingRequest(
        external_id=room.external_id,
        subject=room.subject,
        starts_at=room.starts_at,
        ends_at=room.ends_at,
        bind_thread=room.bind_thread,
        language=room.request.language,
        call=room.graph_call,
        way=room.way,
        options=room.options,
    )


def not_yet(
    room: Room,
    wait: float,
    *,
    now: int,
    attempts: int,
    notes: Mapping[str, str] = MappingProxyType({}),
    unclear: bool = False,
) -> Reply:
    """Opening → opening: transient or unclear. Tries again after `wait` seconds, at the latest at give-up.

    The first time, the card says so, and whom it could call is looked up unless `notes` knows.
    """
    if room.state is not RoomState.OPENING:
        return unknown(room, now) if unclear else Reply(outcome="overtaken")
    due_at = min(room.give_up_at, now + int(wait * 1000))
    effects: tuple[Effect, ...] = (open_timer(room, due_at, attempts),)
    why = "unclear" if unclear or room.trying == "unclear" else "unavailable"
    if room.trying not in {"unavailable", "unclear"}:
        trying = known(replace(room, trying=why), notes)
        told = (SaveRoom(trying), RefreshCards(room.room_id, only_posted=True))
        effects = (*told, *effects, *members_timer(trying, now))
    elif room.trying != why:
        effects = (SaveRoom(replace(room, trying=why)), *effects)
    return Reply(effects, "trying")


def undone(room: Room, now: int) -> tuple[SetTimer, ...]:
    """Return what undoes an attempt of which nobody knows whether it made a meeting.

    A plain create would only make another one; its orphan was shown to nobody (ENGINE R3).
    """
    finds = room.graph_call is not GraphCall.CREATE
    return (undo(room, now),) if room.trying == "unclear" and finds else ()


def member_key(person_id: str) -> str:
    """Return the note that remembers what a member look-up said about somebody (ENGINE 2.2)."""
    return f"member|{person_id}"


def known(room: Room, notes: Mapping[str, str]) -> Room:
    """Return the room with the sign-in names that are remembered."""
    people = tuple(
        person if person.upn else replace(person, upn=notes.get(member_key(person.id), "")) for person in room.people
    )
    return replace(room, people=people)


def members_timer(room: Room, now: int) -> tuple[SetTimer, ...]:
    """Return the timer that looks up whom the room's card could call; none when all are known."""
    if all(person.upn for person in room.people):
        return ()
    return (SetTimer(Timer(f"members|{room.room_id}", TimerKind.MEMBERS, room.tenant, room.room_id, now)),)


def called(room: Room, found: Sequence[Person], *, now: int) -> Reply:
    """The connector named these members: remembered for a day, and on the card while nobody can join."""
    notes = [
        SaveNote(room.tenant, member_key(person.id), person.upn, now + MEMBER_REMEMBERED, about=person.id)
        for person in found
        if person.upn
    ]
    after = known(room, {note.key: note.value for note in notes})
    if after == room or room.state not in {RoomState.OPENING, RoomState.FAILED}:
        return Reply(tuple(notes), "members known")
    return Reply((*notes, SaveRoom(after), RefreshCards(room.room_id, only_posted=True)), "members shown")


def try_now(room: Room, *, now: int) -> Reply:
    """Opening → opening: somebody asks to try at once; sends the same bytes (ENGINE R1, R6)."""
    if room.state is not RoomState.OPENING:
        return Reply(outcome="overtaken")
    return Reply((_next_timer(room, now),), "trying now")


def _next_timer(room: Room, now: int) -> SetTimer:
    """Return the timer of what an opening room waits for: Graph, Outlook's link, or its options."""
    meeting = room.meeting
    if meeting is None or (meeting.organizer_oid and meeting.organizer_oid != room.host.oid):
        return open_timer(room, now, wished=True)
    return patch_timer(room, now) if meeting.join_url else event_timer(room, now)


def stopped(room: Room, actor: Person, *, now: int, reference: str) -> Reply:
    """Opening → failed because somebody stopped it; a call that still succeeds is undone (ENGINE R6)."""
    if room.state is not RoomState.OPENING:
        return Reply(outcome="overtaken")
    record = Record(room.tenant, actor.oid, "stop", room.home_thread, room.room_id, reference=reference)
    reply = failed(room, "stopped", now=now, whisper_id="")
    return Reply((*reply.effects, record), "stopped")


def gave_up(room: Room, *, now: int, whisper_id: str) -> Reply:
    """Opening → failed at the deadline: late is worse than failed."""
    if room.state is not RoomState.OPENING:
        return Reply(outcome="overtaken")
    return failed(room, "deadline", now=now, whisper_id=whisper_id)


def broken(room: Room, *, now: int, whisper_id: str) -> Reply:
    """Opening → failed because something of ours broke each time it was tried."""
    if room.state is not RoomState.OPENING:
        return Reply(outcome="overtaken")
    return failed(room, "problem", now=now, whisper_id=whisper_id)


def failed(room: Room, code: str, *, now: int, whisper_id: str) -> Reply:
    """Opening → failed: the card says so to all, the person who asked is told the rest (EXPERIENCE 1.3)."""
    after = replace(room, state=RoomState.FAILED, fail_code=code, ended_at=now, trying="")
    record = Record(
        room.tenant, room.starter.oid, "failed", room.home_thread, room.room_id, code, reference=room.reference
    )
    # The timer that asks Graph stays: if its call is under way, its late success is to be deleted.
    effects: tuple[Effect, ...] = (SaveRoom(after), RefreshCards(room.room_id), DropTimer(_give_up_key(room)), record)
    effects = (*effects, *members_timer(after, now), *undone(room, now))
    if room.meeting is not None:
        effects = (*effects, delete_timer(room, room.meeting, now))
    if words := _why(room, code):
        effects = (*effects, PlanMessage(to_starter(room, words, whisper_id, now)))
    return Reply(effects, f"failed: {code}")


def _why(room: Room, code: str) -> Whisper | None:
    """Return what only the person who asked is told of a failure: what they can do themselves."""
    data: dict[str, str | int] = {"subject": room.subject, "service": room.host.oid != room.starter.oid, "code": code}
    name = {"policy": "policy", "host": "cannot-host", "quota": "cannot-host", "calendar": "no-calendar"}.get(code, "")
    if name == "policy":
        data["minutes"] = round((room.ends_at - room.starts_at) / 60_000)
    if name == "no-calendar":
        data["line"] = f"open anyway {room.subject}"
    return Whisper(name, data, room.request.language, room.zone, room.reference) if name else None


def planned_end(room: Room, *, now: int) -> Reply:
    """Open → ended when the planned end and its grace have passed; a live meeting never (ENGINE R7)."""
    if room.state is RoomState.LIVE:
        again = Timer(f"end|{room.room_id}", TimerKind.END, room.tenant, room.room_id, now + LIVE_ON)
        return Reply((SetTimer(again),), "live on")
    if room.state is not RoomState.OPEN:
        return Reply(outcome="not open")
    after = replace(room, state=RoomState.ENDED, ended_at=now, ended_by="clock")
    return Reply((SaveRoom(after), RefreshCards(room.room_id), DropTimer(f"open|{room.room_id}")), "ended")


def to_starter(room: Room, words: Whisper, message_id: str, now: int) -> Message:
    """Return a whisper to who asked for a room, one of each name."""
    return Message(
        message_id=message_id,
        intent_key=f"whisper|{room.room_id}|{words.name}",
        tenant=room.tenant,
        thread_id=room.home_thread,
        conversation_id=room.home_conversation,
        purpose=Purpose.WHISPER,
        due_at=now,
        room_id=room.room_id,
        to=room.starter,
        content=words,
        state=MessageState.PLANNED,
    )
