"""`dial-in`: the running meeting's telephone numbers as plain text."""

from __future__ import annotations

from bot.commands.command import Asked, Command
from bot.decisions import Reply
from bot.model import Room


def run(asked: Asked) -> Reply:
    """Whisper the numbers of the room whose card was pressed, else of the chat's room."""
    room = asked.view.pressed_room or next((room for room in asked.view.rooms if room.meeting), None)
    if room is None or room.meeting is None:
        return asked.tell("no-meeting")
    return numbers(asked, room)


def numbers(asked: Asked, room: Room) -> Reply:
    """Whisper one room's numbers, or that it has none."""
    dial_in = room.meeting.dial_in if room.meeting else None
    if dial_in is None:
        return asked.tell("no-dial-in", subject=room.subject)
    return asked.tell(
        "dial-in",
        subject=room.subject,
        toll_numbers=list(dial_in.toll_numbers),
        toll_free_numbers=list(dial_in.toll_free_numbers),
        conference_id=dial_in.conference_id,
        url=dial_in.url,
    )


COMMAND = Command(
    name="dial-in",
    phrases=("dial-in", "dial in", "dialin", "numbers"),
    usage="dial-in",
    description="The phone numbers of the running meeting as text",
    examples=("dial-in",),
    run=run,
)
