"""A request that was edited or deleted after it had opened a meeting (EXPERIENCE 1.13): nobody is told a word."""

from __future__ import annotations

from dataclasses import replace

from bot import ending, ringing
from bot.commands import meet, plan, wishes
from bot.commands.command import Asked
from bot.commands.grammar import find
from bot.decisions import Reply
from bot.errors import UsageError
from bot.model import Room


def edited(asked: Asked, room: Room) -> Reply:
    """Give the meeting the subject that its request has now; another topic, or another time, changes nothing else."""
    try:
        command, rest = find(asked.turn.text, asked.commands)
        rest = plan.split(rest)[1] if command is plan.COMMAND else rest
        wish = wishes.wished(replace(asked, rest=rest))
    except UsageError:
        return Reply(outcome="ignored")
    topic, before = wish.topic or "", room.topic if room.topic.startswith("#") else ""
    if command not in {meet.COMMAND, plan.COMMAND} or topic != before:
        return Reply(outcome="ignored")
    turn = asked.turn
    return ending.renamed(room, wish.subject, turn.person, now=asked.view.now, reference=turn.reference)


def deleted(asked: Asked, room: Room) -> Reply:
    """Close what the request opened, as far as nobody is known to have joined."""
    turn, now = asked.turn, asked.view.now
    return ringing.hung_up(ending.withdrawn(room, turn.person, now=now, reference=turn.reference), now)
