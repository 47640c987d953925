"""`reopen`: an ended meeting goes on within a day, with the same numbers (ENGINE R8)."""

from __future__ import annotations

from bot import ending
from bot.commands import meant, meet
from bot.commands.command import Asked, Command
from bot.commands.wishes import Wish
from bot.decisions import Reply
from bot.model import UNFINISHED, Room, RoomState


def run(asked: Asked) -> Reply:
    """Open the meeting that is meant again, if this person may and no other one holds its place."""
    ended = tuple(one for one in asked.view.recent if one.state is RoomState.ENDED)
    room = meant.room(asked, ended) or (None if asked.rest else next(iter(ended), None))
    if room is None:
        return not_ended(asked)
    if reply := meant.refused(asked, room, "reopen"):
        return reply
    other = holder(asked, room)
    if other is not None:
        return meet.running(asked, other)
    reply = ending.reopened(room, asked.turn.person, now=asked.view.now, reference=asked.turn.reference)
    if reply.outcome == "too late":
        return asked.tell("reopen-late", subject=room.subject)
    after = meant.saved(reply)
    return _told(asked, reply, after) if after is not None else asked.tell("no-ended")


def _told(asked: Asked, reply: Reply, after: Room) -> Reply:
    """Say that it is open again, or of a planned one that was called off when it starts."""
    if after.state is RoomState.SCHEDULED:
        return meant.shown(asked, reply, "status", meetings=[meant.line(after)])
    return meant.shown(asked, reply, "reopened", subject=after.subject, numbers=meant.numbers(after))


def not_ended(asked: Asked) -> Reply:
    """Lead to the meeting that is meant and never ended; without words to all that run here."""
    there = tuple(one for one in meant.running(asked) if one.state in UNFINISHED)
    runs = meant.room(asked, there)
    if runs is not None:
        return meet.running(asked, runs)
    return meant.which(asked) if there and not asked.rest else asked.tell("no-ended")


def holder(asked: Asked, room: Room) -> Room | None:
    """Return the unfinished room that has the place of this one by now; one that still runs holds its own."""
    there = meet.candidates(asked, Wish(room.scope_key, room.topic, room.subject))
    return next((one for one in there if one.topic == room.topic), None)


COMMAND = Command(
    name="reopen",
    phrases=("reopen", "re-open"),
    usage="reopen [meeting]",
    description="Open a meeting again that was ended in the last 24 hours",
    examples=("reopen",),
    run=run,
    takes_words=True,
    listed=False,
)
