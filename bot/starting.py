"""The start of a planned meeting (ENGINE 3.2): pure, decided by its timer on whichever replica comes first."""

from __future__ import annotations

from dataclasses import replace

from bot.decisions import PlanMessage, RefreshCards, Reply, SaveRoom, SetTimer
from bot.messages import Message, Purpose, Whisper
from bot.model import Person, Room, RoomState, Timer, TimerKind
from bot.rooms import GRACE_AFTER_END


def started(room: Room, now: int, message_id: str) -> Reply:
    """Scheduled → open, or live, with one post that mentions people; none when it could not be said before the end."""
    if room.state is not RoomState.SCHEDULED:
        return Reply(outcome="not scheduled")
    inside = room.attendance.live  # some come early
    state, live_at = (RoomState.LIVE, room.starts_at) if inside else (RoomState.OPEN, None)
    after = replace(room, state=state, opened_at=room.starts_at, live_at=live_at)
    reminds = (PlanMessage(reminder(after, now, message_id)),) if now < room.ends_at else ()
    end = Timer(f"end|{room.room_id}", TimerKind.END, room.tenant, room.room_id, room.ends_at + GRACE_AFTER_END)
    return Reply((SaveRoom(after), RefreshCards(room.room_id), SetTimer(end), *reminds), "started")


def reminder(room: Room, now: int, message_id: str) -> Message:
    """Return the post of a meeting's start, one for each start of a room (ENGINE 3.1)."""
    told = mentioned(room)
    data = {
        "subject": room.subject,
        "join_url": room.meeting.join_url if room.meeting else "",
        "names": [person.name for person in told],
        "ids": [person.id for person in told],
    }
    return Message(
        message_id=message_id,
        intent_key=f"remind|{room.room_id}|{room.starts_at}",
        tenant=room.tenant,
        thread_id=room.home_thread,
        conversation_id=room.home_conversation,
        purpose=Purpose.REMINDER,
        due_at=now,
        room_id=room.room_id,
        content=Whisper("reminder", data, room.language, room.zone, room.reference),
    )


def mentioned(room: Room) -> tuple[Person, ...]:
    """Return whom the post mentions: who asked, and those whom the request mentioned."""
    people = {person.id: person for person in (room.starter, *room.people) if person.id and person.name}
    return tuple(people.values())
