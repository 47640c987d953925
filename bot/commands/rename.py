"""`rename`: a new subject, on the card and at Microsoft."""

from __future__ import annotations

from dataclasses import replace

from bot import ending, topics
from bot.commands import meant, wishes
from bot.commands.command import Asked, Command
from bot.decisions import Reply
from bot.model import RoomState


def run(asked: Asked) -> Reply:
    """Give the meeting that is meant another subject, if this person may; words may begin with its topic."""
    words = wishes.bounded(asked.rest)
    if not words:
        return asked.tell("rename-what")
    written, _ = topics.split(words)
    there = meant.running(asked)
    named = [one for one in there if written and meant.called(one, f"#{written}")]
    room = next(iter(named), None) or meant.room(replace(asked, rest=""), there)
    if room is None or room.state is RoomState.ENDED:
        return meant.which(asked)
    if reply := meant.refused(asked, room, "rename"):
        return reply
    reply = ending.renamed(room, words, asked.turn.person, now=asked.view.now, reference=asked.turn.reference)
    return meant.shown(asked, reply, "renamed", subject=(meant.saved(reply) or room).subject)


COMMAND = Command(
    name="rename",
    phrases=("rename", "rename to"),
    usage="rename SUBJECT",
    description="Give the running meeting another name",
    examples=("rename DB restore",),
    run=run,
    takes_words=True,
    listed=False,
)
