"""`end`: an honest end, which shuts the lobby and says that the old link may still open (ENGINE R7, R8)."""

from __future__ import annotations

from bot import ending, ringing, rooms
from bot.commands import meant
from bot.commands.command import Asked, Command
from bot.decisions import Reply
from bot.model import RoomState

ANYWAY = "end anyway"
"""What the button says of a meeting with people in it."""


def run(asked: Asked) -> Reply:
    """End the meeting that is meant, if this person may; one with people in it only when that is confirmed."""
    room = meant.room(asked, meant.running(asked))
    if room is None:
        return meant.which(asked, "end")
    if room.state is not RoomState.OPENING and ending.is_over(room):
        return asked.tell("stranger")
    if reply := meant.refused(asked, room, "end"):
        return reply
    now, person, reference = asked.view.now, asked.turn.person, asked.turn.reference
    if room.state is RoomState.OPENING:
        stopped = rooms.stopped(room, person, now=now, reference=reference)
        return asked.tell("stopped", *stopped.effects, subject=room.subject)
    if room.state is RoomState.LIVE and not asked.turn.text.casefold().startswith(ANYWAY):
        line = f"{ANYWAY} {room.subject}"
        return asked.ask("end-live", subject=room.subject, line=line, offer={"room": room.room_id})
    reply = ringing.hung_up(ending.ended(room, person, now=now, reference=reference), now)
    return meant.shown(asked, reply, "ended", subject=room.subject, numbers=meant.numbers(room))


COMMAND = Command(
    name="end",
    phrases=("end", "end meeting", ANYWAY),
    usage="end [meeting]",
    description="Close the meeting for everyone; reopen undoes it",
    examples=("end", "end #INC-42"),
    run=run,
    takes_words=True,
    teaches=(("end", "close it for everyone"),),
)
