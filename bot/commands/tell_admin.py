"""`tell the admin`: whoever can mend a missing access policy hears of it, once a day (EXPERIENCE 1.19)."""

from __future__ import annotations

from bot.commands import meant
from bot.commands.command import Asked, Command, derived
from bot.decisions import PlanMessage, Record, Reply
from bot.messages import Message, Purpose
from bot.model import Person, Room, RoomState

ABOUT = frozenset({"policy", "sign_in"})
"""Fail codes behind which a missing access policy stands."""
DAY = 86_400_000
"""ms in which one administrator hears of the fault once."""


def run(asked: Asked) -> Reply:
    """Write to each administrator in their own chat what is missing, how it is mended, and how many people need it."""
    room = meant.unopened(asked)
    own = room is not None and room.starter.id == asked.turn.person.id
    if room is None or not own or room.state is not RoomState.FAILED or room.fail_code not in ABOUT:
        return asked.tell("no-request")
    if not asked.policy.admins:
        return asked.tell("no-admin", ref=room.reference)
    messages = (PlanMessage(_message(asked, room, oid)) for oid in asked.policy.admins)
    thread, reference = asked.turn.chat.thread_id, asked.turn.reference
    record = Record(room.tenant, asked.turn.person.oid, "tell the admin", thread, room.room_id, reference=reference)
    return asked.tell("admin-told", *messages, record, ref=room.reference)


def _message(asked: Asked, room: Room, oid: str) -> Message:
    key = f"advice|{room.tenant}|policy|{asked.view.now // DAY}|{oid}"
    url, *lines = (line.format(host=room.host.oid) for line in asked.policy.cmdlets or ("",))
    data = {"people": max(1, asked.view.affected), "url": url, "lines": lines, "ref": room.reference}
    return Message(
        message_id=derived(asked.view.fresh_id, key),
        intent_key=key,
        tenant=room.tenant,
        thread_id=asked.turn.chat.thread_id,
        conversation_id=asked.turn.conversation_id,
        purpose=Purpose.ADVICE,
        due_at=asked.view.now,
        # Teams opens somebody's own chat by their object id too, where the bot is installed for them:
        # https://learn.microsoft.com/answers/questions/1513375/proactive-messaging
        to=Person(oid, oid),
        content=asked.whisper("policy-advice", **data),
    )


COMMAND = Command(
    name="tell-the-admin",
    phrases=("tell the admin",),
    usage="tell the admin",
    description="Let your administrator know what keeps your meeting from opening",
    examples=("tell the admin",),
    run=run,
    listed=False,
    aside=True,
)
