"""`meet now`: an instant meeting in this chat."""

from __future__ import annotations

from bot import limits, rooms
from bot.commands.command import Asked, Command, derived, once
from bot.decisions import PlanMessage, PointCard, Reply
from bot.model import ChannelKind, ChatKind, MeetingRequest, Purpose, Room, RoomState

LONGEST_SUBJECT = 120


def run(asked: Asked) -> Reply:
    """Open the chat's room, or tell the person that one is there already."""
    if asked.view.rooms:
        return running(asked, asked.view.rooms[0])
    if not asked.turn.person.oid:
        return asked.tell("failed", code="host", subject=subject(asked))
    if wait := limits.too_fast(asked.view.mine, asked.view.here, asked.view.now):
        return too_fast(asked, wait)
    room = new_room(asked)
    return rooms.begin(room, card_for(asked, room), asked.view.now)


def too_fast(asked: Asked, wait: int) -> Reply:
    """Too many meetings in a minute: told at most once in that minute (EXPERIENCE 2, TOO FAST)."""
    turn = asked.turn
    key = f"too-fast|{turn.chat.tenant}|{turn.person.id}|{asked.view.now // limits.RATE_SPAN}"
    return once(asked.tell("too-fast", seconds=wait), key)


def card_for(asked: Asked, room: Room) -> PlanMessage | PointCard:
    """Return the card that shows the room: the pressed card of one that is over, else a new one."""
    pressed, before = asked.view.pressed, asked.view.pressed_room
    if pressed and before and pressed.purpose is Purpose.CARD and before.state is RoomState.FAILED:
        return PointCard(pressed.message_id, room.room_id)
    return rooms.first_card(room, derived(asked.view.fresh_id, "card"), asked.view.now)


def running(asked: Asked, room: Room) -> Reply:
    """One is running: join it (EXPERIENCE 2, RUNNING)."""
    return asked.tell(
        "running",
        subject=room.subject,
        starter=room.starter.name,
        opened_at=room.opened_at or room.created_at,
        join_url=room.meeting.join_url if room.meeting and room.state is not RoomState.OPENING else "",
    )


def subject(asked: Asked) -> str:
    """Return what was asked for, or the default subject of EXPERIENCE 2 (OPEN)."""
    plain = " ".join(asked.rest.split())[:LONGEST_SUBJECT].strip()
    if plain:
        return plain
    chat, person = asked.turn.chat, asked.turn.person
    if chat.kind is ChatKind.CHANNEL and chat.name:
        return f"Meeting in #{chat.name}"
    return f"Meeting with {person.name}" if person.name else "Meeting"


def new_room(asked: Asked) -> Room:
    """Return the room that this turn asks for, with everything frozen that a retry must not change (ENGINE R1)."""
    turn, view, policy = asked.turn, asked.view, asked.policy
    starts_at = view.now - view.now % 1000
    request = MeetingRequest(
        external_id=view.fresh_id,
        subject=subject(asked),
        starts_at=starts_at,
        ends_at=starts_at + policy.duration * 60_000,
        bind_thread=thread_to_bind(asked),
        language=turn.locale,
    )
    chat = view.chat or turn.chat
    return Room(
        room_id=view.fresh_id,
        tenant=turn.chat.tenant,
        scope_key=rooms.scope_key(turn.chat.thread_id),
        topic="",
        state=RoomState.OPENING,
        version=1,
        subject=request.subject,
        starter=turn.person,
        host=turn.person,
        home_thread=turn.chat.thread_id,
        home_conversation=turn.conversation_id,
        request=policy.freeze(turn.person.oid, request),
        external_id=request.external_id,
        created_at=view.now,
        give_up_at=view.now + rooms.TRIES_FOR,
        starts_at=request.starts_at,
        ends_at=request.ends_at,
        reference=turn.reference,
        zone=str(chat.settings.get("zone", "")) or turn.zone,
        language=str(chat.settings.get("language", "")) or policy.language,
        bind_thread=request.bind_thread,
    )


def thread_to_bind(asked: Asked) -> str:
    """Return the thread Graph is asked to tie the meeting to: a standard channel's, unless refused lately (R2)."""
    chat = asked.view.chat or asked.turn.chat
    standard = chat.kind is ChatKind.CHANNEL and chat.channel_kind in {None, ChannelKind.STANDARD}
    remembered = rooms.refusal_keys(asked.policy.binding, chat.thread_id)
    refused = any(key in asked.view.notes for key in remembered)
    return chat.thread_id if standard and not refused and asked.policy.binding != "off" else ""


COMMAND = Command(
    name="meet",
    phrases=("meet now", "meet", "now", "huddle"),
    usage="meet now [subject]",
    description="A meeting here, right away",
    examples=("meet now", "meet now Retro"),
    run=run,
    takes_words=True,
    alone=frozenset({"meet", "now"}),
)
