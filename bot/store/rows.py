"""Values as rows and back. JSON is text, made and read by msgspec; an absent value is NULL or ''."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from bot.alerted import NO_ALERT, Alerted
from bot.calls import NOBODY, Attendance
from bot.leases import Lease
from bot.messages import Answer, Message, MessageState, Purpose, Whisper
from bot.model import (
    NOBODY_RUNG,
    Binding,
    ChannelKind,
    Chat,
    ChatKind,
    FrozenRequest,
    GraphCall,
    Meeting,
    Options,
    Person,
    Ringing,
    Room,
    RoomState,
    Timer,
    TimerKind,
    Turn,
    Way,
)
from bot.store.statements import Row, Value

Params = dict[str, Value]

ROOM_PLAIN = (
    "room_id",
    "tenant",
    "scope_key",
    "topic",
    "version",
    "subject",
    "home_thread",
    "home_conversation",
    "external_id",
    "created_at",
    "give_up_at",
    "starts_at",
    "ends_at",
    "reference",
    "zone",
    "language",
    "attempt",
    "bind_thread",
    "trying",
    "opened_at",
    "live_at",
    "empty_at",
    "ended_at",
    "ended_by",
    "fail_code",
    "backup_bridge",
)
MESSAGE_PLAIN = (
    "message_id",
    "intent_key",
    "tenant",
    "thread_id",
    "conversation_id",
    "due_at",
    "room_id",
    "generation",
    "activity_id",
    "want_version",
    "shown_version",
    "attempts",
    "sent_at",
    "outcome",
)
TIMER_PLAIN = ("timer_key", "tenant", "subject", "due_at", "attempts")
CHAT_PLAIN = ("tenant", "thread_id", "team_id", "group_id", "name", "service_url", "bot_id")

_turn = msgspec.json.Decoder(Turn)
_person = msgspec.json.Decoder(Person)
_people = msgspec.json.Decoder(tuple[Person, ...])
_request = msgspec.json.Decoder(FrozenRequest)
_meeting = msgspec.json.Decoder(Meeting)
_options = msgspec.json.Decoder(Options)
_ringing = msgspec.json.Decoder(Ringing)
_alerted = msgspec.json.Decoder(Alerted)
_whisper = msgspec.json.Decoder(Whisper)
_answer = msgspec.json.Decoder(Answer)
_attendance = msgspec.json.Decoder(Attendance)
_object = msgspec.json.Decoder(dict[str, Any])


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _plain(value: object, names: tuple[str, ...]) -> Params:
    return {name: getattr(value, name) for name in names}


def _fields(row: Row, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: row[name] for name in names}


def read_person(text: str) -> Person:
    """Return the person of their JSON text."""
    return _person.decode(text)


def read_object(text: str) -> dict[str, Any]:
    """Return a JSON object of its text."""
    return _object.decode(text)


def json_text(value: object) -> str:
    """Return a value as JSON text."""
    return _json(value)


def chat_params(chat: Chat) -> Params:
    """Return a chat's columns."""
    return {
        **_plain(chat, CHAT_PLAIN),
        "kind": chat.kind.value,
        "channel_kind": chat.channel_kind.value if chat.channel_kind else "",
        "settings": _json(chat.settings),
        "gone_at": chat.gone_at,
    }


def read_chat(row: Row) -> Chat:
    """Return the chat of a row."""
    return Chat(
        **_fields(row, CHAT_PLAIN),
        kind=ChatKind(row["kind"]),
        channel_kind=ChannelKind(row["channel_kind"]) if row["channel_kind"] else None,
        settings=_object.decode(row["settings"]),
        gone_at=row["gone_at"],
    )


def turn_params(turn: Turn) -> Params:
    """Return the columns that say what the turn is; the turn itself is the body."""
    return {
        "turn_key": turn.turn_key,
        "echo_key": turn.echo_key,
        "tenant": turn.chat.tenant,
        "thread_id": turn.chat.thread_id,
        "from_id": turn.person.id,
        "from_oid": turn.person.oid,
        "kind": turn.kind.value,
        "reference": turn.reference,
        "body": _json(turn),
        "received_at": turn.received_at,
        "expires_at": turn.expires_at,
    }


def read_turn(row: Row) -> Turn:
    """Return the turn of an inbox row that is not finished."""
    return _turn.decode(row["body"])


def answer_text(answer: Answer | None) -> str | None:
    """Return an invoke's answer as JSON text, or None."""
    return _json(answer) if answer else None


def read_answer(text: str | None) -> Answer | None:
    """Return the answer of its JSON text."""
    return _answer.decode(text) if text else None


def room_params(room: Room) -> Params:
    """Return a room's columns. Links are looked up by their hash."""
    meeting = room.meeting
    return {
        **_plain(room, ROOM_PLAIN),
        "state": room.state.value,
        "starter_oid": room.starter.oid,
        "starter": _json(room.starter),
        "host_oid": room.host.oid,
        "host": _json(room.host),
        "request": _json(room.request),
        "people": _json(room.people),
        "graph_call": room.graph_call.value,
        "way": room.way.value,
        "options": _json(room.options),
        "lobby_before": _json(room.lobby_before),
        "ringing": _json(room.ringing) if room.ringing != NOBODY_RUNG else "{}",
        "alerted": _json(room.alerted) if room.alerted != NO_ALERT else "{}",
        "binding": room.binding.value,
        "meeting_id": meeting.id if meeting else "",
        "join_hash": hashlib.sha256(meeting.join_url.encode()).hexdigest() if meeting else "",
        "meeting": _json(meeting) if meeting else None,
    }


def read_room(row: Row) -> Room:
    """Return the room of a row."""
    return Room(
        **_fields(row, ROOM_PLAIN),
        state=RoomState(row["state"]),
        starter=_person.decode(row["starter"]),
        host=_person.decode(row["host"]),
        request=_request.decode(row["request"]),
        people=_people.decode(row["people"]),
        graph_call=GraphCall(row["graph_call"]),
        way=Way(row["way"]),
        options=_options.decode(row["options"]),
        lobby_before=_options.decode(row["lobby_before"]),
        ringing=_ringing.decode(row["ringing"]),
        alerted=_alerted.decode(row["alerted"]),
        binding=Binding(row["binding"]),
        meeting=_meeting.decode(row["meeting"]) if row["meeting"] else None,
        attendance=_attendance.decode(row["attendance"]) if row["attendance"] else NOBODY,
    )


def attendance_text(attendance: Attendance) -> str:
    """Return who is and was in a room as JSON text."""
    return _json(attendance)


def message_params(message: Message) -> Params:
    """Return a message's columns."""
    return {
        **_plain(message, MESSAGE_PLAIN),
        "purpose": message.purpose.value,
        "state": message.state.value,
        "to_oid": message.to.oid if message.to else "",
        "to_person": _json(message.to) if message.to else None,
        "content": _json(message.content) if message.content else None,
    }


def read_message(row: Row) -> Message:
    """Return the message of a row."""
    return Message(
        **_fields(row, MESSAGE_PLAIN),
        purpose=Purpose(row["purpose"]),
        state=MessageState(row["state"]),
        to=_person.decode(row["to_person"]) if row["to_person"] else None,
        content=_whisper.decode(row["content"]) if row["content"] else None,
    )


def emptied(content: str | None) -> str | None:
    """Return what is kept of a message's words once it has ended: name, reference, offer; nothing typed."""
    if content is None:
        return None
    words = _whisper.decode(content)
    return _json(Whisper(words.name, reference=words.reference, offer=words.offer))


def whisper_name(content: str) -> str:
    """Return the name of a message's words."""
    return _whisper.decode(content).name


def timer_params(timer: Timer) -> Params:
    """Return a timer's columns."""
    return {**_plain(timer, TIMER_PLAIN), "kind": timer.kind.value, "payload": _json(timer.payload)}


def read_timer(row: Row) -> Timer:
    """Return the timer of a row."""
    return Timer(**_fields(row, TIMER_PLAIN), kind=TimerKind(row["kind"]), payload=_object.decode(row["payload"]))


def read_waiting(timer: Timer) -> Turn | None:
    """Return the turn that a timer carries, if it carries one."""
    return msgspec.convert(timer.payload["turn"], Turn) if "turn" in timer.payload else None


def read_lease(row: Row) -> Lease:
    """Return the lease that a claim has just written."""
    return Lease(row["lease_owner"], row["fence"], row["lease_until"])
