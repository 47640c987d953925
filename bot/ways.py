"""By whose permission a meeting is made, and what happens when its person has to sign in first (ENGINE R1, R2, R13).

Pure. Times are ms UTC.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from bot import hosts, rooms
from bot.decisions import Effect, Park, PlanMessage, Reply, SaveNote, SaveRoom, View
from bot.messages import Whisper
from bot.model import ChannelKind, Chat, ChatKind, GraphCall, Person, Room, RoomState, Turn, TurnKind, Way

KEPT = 900_000
"""ms for which a request waits for its person's sign-in (ENGINE R13)."""
POLICY_REMEMBERED = 900_000
"""ms for which a host's missing access policy is remembered (ENGINE 2.7)."""
SOON = 1_000
"""ms after a sign-in card at which its person reads what else they can do: the card itself is fetched first."""
MOST_ASKED = 2
"""How often one request asks for a sign-in: the second time when the first did not last until it ran."""


def policy_key(host_oid: str) -> str:
    """Return the note that remembers that no access policy names somebody."""
    return f"policy missing|{host_oid}"


def first(auth: str, notes: Mapping[str, str], host_oid: str) -> Way:
    """Return the way of a new room's first attempt; `auth` as in `Policy`."""
    asks = auth == "user" or (auth == "auto" and policy_key(host_oid) in notes)
    return Way.USER if asks else Way.APP


def to_bind(chat: Chat, way: Way, version: str, notes: Mapping[str, str]) -> str:
    """Return the thread Graph is asked to tie a meeting to: a standard channel's, unless refused lately (R2).

    `version` is the Graph version that is asked, or `off`.
    """
    standard = chat.kind is ChatKind.CHANNEL and chat.channel_kind in {None, ChannelKind.STANDARD}
    refused = any(key in notes for key in rooms.refusal_keys(version, chat.thread_id, way))
    return chat.thread_id if standard and not refused and version != "off" else ""


def looks_up(room: Room, auth: str, version: str, *, chat: Chat, notes: Mapping[str, str]) -> bool:
    """Say whether the person's token is looked for first: only a delegated call is documented to tie (R2).

    An event is never tied, whoever makes it.
    """
    ties = room.graph_call is not GraphCall.EVENT and bool(to_bind(chat, Way.USER, version, notes))
    return auth == "auto" and room.way is Way.APP and ties


def looked_up(room: Room, view: View, *, version: str, freeze: rooms.Freeze, there: bool) -> Reply:
    """Opening → opening: nothing was sent yet, so the first attempt itself is frozen anew when a token is there."""
    if room.state is not RoomState.OPENING:
        return Reply(outcome="overtaken")
    if not there or view.chat is None:
        return Reply((rooms.open_timer(room, view.now),), "no token")
    after = _by_person(room, to_bind(view.chat, Way.USER, version, view.notes), freeze)
    return Reply((SaveRoom(after), rooms.open_timer(after, view.now)), "by the person")


def without_policy(room: Room, view: View, *, version: str, freeze: rooms.Freeze) -> Reply:
    """Opening → opening: no access policy names the host, so the person's own permission is next (ENGINE 2.7).

    It is a new attempt under a new external id, committed before it is sent (R1).
    """
    if room.state is not RoomState.OPENING:
        return Reply(outcome="overtaken")
    bind_thread = to_bind(view.chat, Way.USER, version, view.notes) if view.chat and room.bind_thread else ""
    after = _by_person(rooms.again(room), bind_thread, freeze)
    about = hosts.about_host(room)
    note = SaveNote(room.tenant, policy_key(room.host.oid), "", view.now + POLICY_REMEMBERED, about)
    effects: tuple[Effect, ...] = (
        SaveRoom(after),
        note,
        rooms.open_timer(after, view.now),
        *rooms.undone(room, view.now),
    )
    return Reply(effects, "policy missing")


def _by_person(room: Room, bind_thread: str, freeze: rooms.Freeze) -> Room:
    after = replace(room, way=Way.USER, host=room.starter, bind_thread=bind_thread)
    return replace(after, request=freeze(after.host.oid, rooms.request_of(after)))


def by_whom(room: Room) -> Person | None:
    """Return whose own permission makes a room's meeting; None: the app's."""
    return room.host if room.way is Way.USER else None


def asked_key(room_id: str) -> str:
    """Return the note that counts how often the request behind a room has asked for a sign-in."""
    return f"sign-in asked|{room_id}"


def sign_in_needed(room: Room, view: View, whisper_id: str) -> Reply:
    """Opening → failed(sign_in): the request waits for its person, and the place is free for others (ENGINE 3.2)."""
    if room.state is not RoomState.OPENING:
        return Reply(outcome="overtaken")
    asked = int(view.notes.get(asked_key(room.room_id), "0")) + 1
    if view.chat is None or asked > MOST_ASKED:
        return rooms.failed(room, "sign_in_lost", now=view.now, whisper_id=whisper_id)
    failed = rooms.failed(room, "sign_in", now=view.now, whisper_id=whisper_id)
    data = {
        "room": room.room_id,
        "asked": str(asked),
        "subject": room.subject,
        "minutes": str(round((room.ends_at - room.starts_at) / 60_000)),
        "policy": "yes" if policy_key(room.host.oid) in view.notes else "",
    }
    turn = _waiting(room, view.chat, data, view.now)
    words = Whisper("sign-in", data, turn.locale, turn.zone, turn.reference)
    whispers = [PlanMessage(rooms.to_starter(room, words, whisper_id, view.now))]
    if data["policy"]:
        other = Whisper("sign-in-else", {"subject": room.subject}, turn.locale, turn.zone)
        other_id = hashlib.sha256(f"{whisper_id}|{other.name}".encode()).hexdigest()[:32]
        whispers.append(PlanMessage(rooms.to_starter(room, other, other_id, view.now + SOON)))
    return replace(failed, effects=(*failed.effects, Park(turn), *whispers))


def _waiting(room: Room, chat: Chat, data: dict[str, str], now: int) -> Turn:
    """Return the turn that goes on for a room when its person has signed in; no token is in it."""
    key = f"sign-in|{room.room_id}"
    return Turn(
        turn_key=key,
        echo_key=key,
        kind=TurnKind.SIGNED_IN,
        chat=chat,
        person=room.starter,
        conversation_id=room.home_conversation,
        activity_id="",
        received_at=now,
        expires_at=now + KEPT,
        reference=room.reference,
        text=f"meet now {room.subject}",
        mentions=room.people,
        data=data,
        locale=room.request.language,
        zone=room.zone,
    )
