"""`ask someone to host`: who cannot host lets the chat know, and whoever presses hosts (EXPERIENCE 1.6)."""

from __future__ import annotations

from dataclasses import replace

from bot.commands import meant
from bot.commands.command import Asked, Command, derived
from bot.decisions import PlanMessage, Reply
from bot.messages import Message, Purpose
from bot.model import ChatKind, RoomState


def run(asked: Asked) -> Reply:
    """Post one line for everybody with the button that starts the meeting that was not opened, as it was asked for."""
    room = meant.unopened(asked)
    if room is None or room.state is not RoomState.FAILED or room.starter.id != asked.turn.person.id:
        return asked.tell("no-request")
    chat = asked.chat
    language = chat.language(asked.turn.locale if chat.kind is ChatKind.PERSONAL else asked.policy.language)
    data = {"who": room.starter.name, "line": f"meet now {room.subject}"}
    words = replace(asked.whisper("host-wanted", **data), language=language, zone=chat.zone, reference="")
    key = f"host wanted|{room.room_id}"
    message = Message(
        message_id=derived(asked.view.fresh_id, key),
        intent_key=key,
        tenant=room.tenant,
        thread_id=room.home_thread,
        conversation_id=room.home_conversation,
        purpose=Purpose.NOTICE,
        due_at=asked.view.now,
        room_id=room.room_id,
        content=words,
    )
    return asked.tell("host-asked", PlanMessage(message), subject=room.subject)


COMMAND = Command(
    name="ask-to-host",
    phrases=("ask someone to host",),
    usage="ask someone to host",
    description="Let the chat know that your meeting needs somebody who can host it",
    examples=("ask someone to host",),
    run=run,
    takes_words=True,
    listed=False,
    aside=True,
)
