"""What channels are called, which messages do not say: learnt from the connector behind what people asked for.

A meeting without a subject is called by its channel (EXPERIENCE 2, OPEN). What was learnt stands in the notes of each
channel; once a day, where somebody needs it, it is learnt anew, for channels are renamed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from bot.commands.command import Asked
from bot.decisions import Effect, Reply, SaveNote, SetTimer
from bot.model import ChatKind, Timer, TimerKind, Turn
from cards.words import Words

KEPT = 90 * 86_400_000
"""ms for which a name is kept."""
LEARNT_AGAIN = 86_400_000
"""ms after which a channel's name may have changed."""
BEHIND = 5_000
"""ms by which the look-up lets the card go first."""
MOST = 200
"""Channels of a team whose names are kept at once."""


def key(thread_id: str) -> str:
    """Return the note of a channel's name."""
    return f"called|{thread_id}"


def learnt_key(thread_id: str) -> str:
    """Return the note that the connector was asked today."""
    return f"names learnt|{thread_id}"


def named(asked: Asked, says: Words) -> str:
    """Return what the channel is called, "" when nobody said.

    The general channel, whose thread is its team's (facts/teams 2.2), has no name until somebody gives it one.
    """
    chat = asked.turn.chat
    known = chat.name or asked.view.notes.get(key(chat.thread_id), "")
    return known or (says("General") if chat.thread_id == chat.team_id else "")


def wanted(asked: Asked) -> tuple[Effect, ...]:
    """Have the names of the team's channels learnt, unless they were today."""
    chat = asked.turn.chat
    if chat.kind is not ChatKind.CHANNEL or not chat.team_id or learnt_key(chat.thread_id) in asked.view.notes:
        return ()
    return (SetTimer(timer(asked.turn, asked.view.now + BEHIND)),)


def timer(turn: Turn, due_at: int) -> Timer:
    """Return the timer that asks for the names of the channels beside this one."""
    chat = turn.chat
    payload = {"turn": asdict(turn)}
    return Timer(f"names|{chat.tenant}|{chat.thread_id}", TimerKind.NAMES, chat.tenant, chat.thread_id, due_at, payload)


def learnt(turn: Turn, names: Mapping[str, str], now: int) -> Reply:
    """Remember what the connector said; nothing said is not asked again today either."""
    here = turn.chat
    notes = [
        SaveNote(here.tenant, key(thread_id), name, now + KEPT, about=thread_id)
        for thread_id, name in list(names.items())[:MOST]
        if name
    ]
    today = SaveNote(here.tenant, learnt_key(here.thread_id), "", now + LEARNT_AGAIN, about=here.thread_id)
    return Reply((*notes, today), "names learnt")
