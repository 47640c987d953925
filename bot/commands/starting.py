"""What stands in the way of a meeting before it is asked for: who may start one, and a chat that has its own."""

from __future__ import annotations

from dataclasses import asdict

from bot import preferences
from bot.commands import channel_names, owning, wishes
from bot.commands.command import Asked
from bot.commands.wishes import Wish
from bot.decisions import Effect, Reply, SaveNote, SetTimer
from bot.model import ChatKind, Room, Timer, TimerKind


def absent_key(thread_id: str) -> str:
    """Return the note that Muster is not in this chat: nothing can be posted there (ENGINE 2.5)."""
    return f"absent|{thread_id}"


def asks_first(asked: Asked, wish: Wish) -> bool:
    """Say whether a look at a roster comes first: for a topic that may be live elsewhere, and where guests start none.

    Where Muster is not, it can read no roster: there a topic is another meeting.
    """
    if absent_key(asked.turn.chat.thread_id) in asked.view.notes:
        return False
    return preferences.asks_who(asked.chat) or (wish.shared and not wish.apart)


def hindered(asked: Asked, wish: Wish) -> Reply | None:
    """Refuse who may not start meetings here (ENGINE R23); offer the meeting that a meeting chat belongs to first."""
    chat, installers = asked.chat, asked.view.installers
    if preferences.starters(chat) == "owners" and not owning.may_set(asked):
        if reply := owning.looked_up(asked, "meet"):
            return reply
        who = next((one.name for one in installers if one.name), "")
        return asked.tell("may-not-start", may="owners", who=who)
    if chat.kind is ChatKind.MEETING and wish.topic == "" and not wish.explicit and not wishes.again(asked):
        line = f"{wishes.ANOTHER} {wishes.asked_line(asked)}".strip()
        return asked.ask("meeting-chat", line=line)
    return None


def looked_up(asked: Asked, command: str) -> Reply:
    """Have it looked up whether the person is a guest; `command` goes on with what they said, and with that."""
    turn = asked.turn
    payload = {"turn": asdict(turn), "rest": asked.rest, "command": command}
    key, thread_id = f"topic|{turn.turn_key}", turn.chat.thread_id
    timer = Timer(key, TimerKind.TOPIC, turn.chat.tenant, thread_id, asked.view.now, payload)
    return Reply((SetTimer(timer),), "looking")


def not_for_guests(asked: Asked) -> Reply:
    """Refuse a guest, or somebody of whom nobody can say that they are none."""
    return asked.tell("may-not-start", may="members")


def noted(asked: Asked, room: Room) -> tuple[Effect, ...]:
    """Return what a new meeting leaves behind: a look at what its channel is called, if it is called by that."""
    by_place = room.subject == wishes.default_subject(asked)
    return (*plain_noted(asked, room), *(channel_names.wanted(asked) if by_place else ()))


def plain_noted(asked: Asked, room: Room) -> tuple[Effect, ...]:
    """Remember that who asked reads text, so that they are told when the meeting is open (EXPERIENCE 1.15)."""
    if not preferences.plain(asked.view.me):
        return ()
    until = asked.view.now + preferences.PLAIN_KEPT
    return (SaveNote(room.tenant, preferences.plain_key(room.room_id), "", until, about=room.home_thread),)
