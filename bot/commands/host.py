"""`host @Bea`: somebody leads the meeting too, as a co-organizer (EXPERIENCE 1.25)."""

from __future__ import annotations

from dataclasses import asdict, replace

from bot import ending
from bot.commands import meant
from bot.commands.command import Asked, Command
from bot.decisions import Reply, SetTimer
from bot.model import Timer, TimerKind


def run(asked: Asked) -> Reply:
    """Let whoever is mentioned lead too, if this person may; who they are is looked up first (ENGINE R22)."""
    if not asked.turn.mentions:
        return asked.tell("host-who")
    room = meant.room(replace(asked, rest=""), meant.running(asked))
    if room is None or room.state not in ending.RUNNING:
        return meant.which(asked)
    if reply := meant.refused(asked, room, "host"):
        return reply
    if all(ending.may(room, one) for one in asked.turn.mentions):
        names = [one.name for one in asked.turn.mentions]
        return asked.tell("host-already", subject=room.subject, leads=names)
    payload = {"turn": asdict(asked.turn)}
    timer = Timer(f"lead|{asked.turn.turn_key}", TimerKind.LEAD, room.tenant, room.room_id, asked.view.now, payload)
    return Reply((SetTimer(timer),), "looking")


COMMAND = Command(
    name="host",
    phrases=("host",),
    usage="host @NAME",
    description="Hand the lead to somebody: they can end the meeting and let people in",
    examples=("host @Bea",),
    run=run,
    takes_words=True,
)
