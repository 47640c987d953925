"""Whether who asks owns the team of their channel: looked up once, then known for a while (ENGINE R23)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace

from bot import preferences
from bot.commands.command import Asked
from bot.decisions import Effect, GiveAnswer, Reply, SaveNote, SetTimer
from bot.model import Chat, ChatKind, Timer, TimerKind, TurnKind

KNOWN_FOR = 600_000
"""ms for which it is remembered that somebody owns a team."""
WAITS_FOR = 2_500
"""ms for which somebody waits for a dialog's answer (ENGINE R14)."""


def may_set(asked: Asked) -> bool:
    """Say whether somebody may change the chat's settings: who added Muster, and owners of the team."""
    owner = asked.owner or _key(asked) in asked.view.notes
    return owner or preferences.may_set(asked.chat, asked.turn.person, asked.view.installers)


def looked_up(asked: Asked, command: str) -> Reply | None:
    """Have it looked up whether they own the team, unless that is known; then `command` goes on with what they said."""
    chat, turn = asked.chat, asked.turn
    if asked.owner is not None or chat.kind is not ChatKind.CHANNEL or not turn.person.oid:
        return None
    payload = {"turn": asdict(turn), "rest": asked.rest, "command": command}
    timer = Timer(f"owner|{turn.turn_key}", TimerKind.OWNER, chat.tenant, chat.thread_id, asked.view.now, payload)
    return Reply((SetTimer(timer),), "looking")


def dialog_goes_on(asked: Asked, opened: Callable[[Asked], Reply], chosen: Callable[[Asked], Reply]) -> Reply:
    """Open a dialog, or take in what was chosen in it, when it is known whether the person owns the team."""
    turn = asked.turn
    waits = asked.view.now - turn.received_at < WAITS_FOR  # else what came of it is whispered
    answering = replace(asked, turn=replace(turn, kind=TurnKind.DIALOG)) if waits else asked
    reply = opened(answering) if turn.verb.startswith("fetch ") else chosen(answering)
    return replace(reply, effects=(*reply.effects, GiveAnswer(turn.turn_key, reply.answer))) if reply.answer else reply


def noted(asked: Asked, looked_at: Chat) -> tuple[Effect, ...]:
    """Remember that the person owns the team, when that was looked up and of this chat: a meeting may be another's."""
    thread_id = asked.turn.chat.thread_id
    if not asked.owner or looked_at.thread_id != thread_id:
        return ()
    return (SaveNote(asked.turn.chat.tenant, _key(asked), "", asked.view.now + KNOWN_FOR, about=thread_id),)


def _key(asked: Asked) -> str:
    return f"owner|{asked.turn.chat.thread_id}|{asked.turn.person.oid}"
