"""Whether who asks owns the team of their channel: looked up once, then known for a while (ENGINE R23)."""

from __future__ import annotations

from dataclasses import asdict

from bot import preferences
from bot.commands.command import Asked
from bot.decisions import Effect, Reply, SaveNote, SetTimer
from bot.model import Chat, ChatKind, Timer, TimerKind

KNOWN_FOR = 600_000
"""ms for which it is remembered that somebody owns a team."""


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


def noted(asked: Asked, looked_at: Chat) -> tuple[Effect, ...]:
    """Remember that the person owns the team, when that was looked up and of this chat: a meeting may be another's."""
    thread_id = asked.turn.chat.thread_id
    if not asked.owner or looked_at.thread_id != thread_id:
        return ()
    return (SaveNote(asked.turn.chat.tenant, _key(asked), "", asked.view.now + KNOWN_FOR, about=thread_id),)


def _key(asked: Asked) -> str:
    return f"owner|{asked.turn.chat.thread_id}|{asked.turn.person.oid}"
