"""`dial-in`: the running meeting's telephone numbers as plain text."""

from __future__ import annotations

from bot.commands.command import Asked, Command
from bot.decisions import Reply
from bot.model import Room, RoomState


def run(asked: Asked) -> Reply:
    """Whisper the numbers of the room whose card was pressed, else of the chat's room."""
    room = asked.view.pressed_room or next((room for room in asked.view.rooms if _shown(room)), None)
    if room is None or not _shown(room):
        return asked.tell("no-meeting")
    return numbers(asked, room)


def _shown(room: Room) -> bool:
    """Say whether people may know the meeting: what is not as private as asked yet they may not (ENGINE R4)."""
    return room.meeting is not None and room.state not in {RoomState.OPENING, RoomState.FAILED}


def numbers(asked: Asked, room: Room) -> Reply:
    """Whisper one room's numbers, or that it has none."""
    dial_in = room.meeting.dial_in if room.meeting else None
    url = asked.policy.public_url
    file = f"{url}/api/ics?m={room.room_id}" if url else ""
    if dial_in is None:
        return asked.tell("no-dial-in", subject=room.subject, calendar_file=file)
    return asked.tell(
        "dial-in",
        subject=room.subject,
        toll_numbers=list(dial_in.toll_numbers),
        toll_free_numbers=list(dial_in.toll_free_numbers),
        conference_id=dial_in.conference_id,
        url=dial_in.url,
        calendar_file=file,
    )


COMMAND = Command(
    name="dial-in",
    phrases=("dial-in", "dial in", "dialin", "numbers"),
    usage="dial-in",
    description="The phone numbers of the running meeting as text",
    examples=("dial-in",),
    run=run,
)
