"""Which meeting of a chat a command is about, whether its person may, and how the result is shown (ENGINE R23, 4.2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

import cards
from bot import ending, topics
from bot.commands import wishes
from bot.commands.command import Asked
from bot.decisions import Effect, Reply, SaveRoom, SetTimer
from bot.messages import Answer, Purpose
from bot.model import ChatKind, Room, RoomState, Timer, TimerKind


def room(asked: Asked, there: Iterable[Room]) -> Room | None:
    """Return the one of these rooms, newest first, that a command means; None for none, and for no single one.

    A press means the room of its card, or the one its whisper was about; words mean a topic or a subject; without
    words it is the thread's own room, else the chat's, else the only one.
    """
    pressed, known = asked.view.pressed_room, tuple(there)
    if pressed is not None:
        return pressed
    if offered := _offered(asked):
        return next((one for one in known if one.room_id == offered), None)
    if asked.rest:
        return next((one for one in known if called(one, asked.rest)), None)
    here = wishes.root(asked.turn.conversation_id) if wishes.is_reply(asked) else ""
    own = [one for one in known if here and wishes.is_of_thread(one, here)]
    own = own or [one for one in known if not one.topic]
    return next(iter(own or known), None) if own or len(known) == 1 else None


def called(one: Room, words: str) -> bool:
    """Say whether words name a room: its topic, however that is written, or its subject."""
    written, _ = topics.split(words)
    if written and one.topic.startswith("#"):
        return topics.topic_column(written) == one.topic
    return topics.key(words) == topics.key(one.subject)


def unopened(asked: Asked) -> Room | None:
    """Return the person's request that was not opened: the pressed whisper's, else their newest here."""
    if asked.turn.wants_answer or asked.view.pressed_room is not None:
        return asked.view.pressed_room
    mine = (one for one in asked.view.recent if one.starter.id == asked.turn.person.id)
    return next((one for one in mine if one.state is RoomState.FAILED), None)


def _offered(asked: Asked) -> str:
    words = asked.view.pressed.content if asked.view.pressed else None
    return words.offer.get("room", "") if words else ""


def running(asked: Asked) -> tuple[Room, ...]:
    """Return what can be ended or changed here: unfinished and planned rooms, and what the clock alone has ended."""
    view = asked.view
    others = (one for one in view.recent if one.state in {RoomState.SCHEDULED, RoomState.ENDED})
    known = {one.room_id: one for one in (*view.rooms, *(view.topics if topics.named(asked.rest) else ()))}
    known |= {one.room_id: one for one in others if not ending.is_over(one)}
    return tuple(known.values())


def which(asked: Asked, does: str = "") -> Reply:
    """Answer when no single meeting is meant: none is running, or these are, of which `does` may name one."""
    there = tuple(one for one in running(asked) if one.state is not RoomState.ENDED)
    if not there:
        return asked.tell("no-meeting")
    named = f"{does} {there[0].subject}" if does else ""
    return asked.tell("status", meetings=[line(one) for one in there], line=named)


def line(one: Room) -> dict[str, str]:
    """Return what a whisper says of a room."""
    link = one.meeting.join_url if one.meeting and one.state in ending.RUNNING else ""
    over = one.ended_at if one.state in {RoomState.ENDED, RoomState.FAILED} else None
    live = one.state is RoomState.LIVE
    since = (one.live_at if live else None) or one.opened_at or one.created_at
    known = {"opened_at": str(since), "ended_at": str(over or "")}
    people = {"people": str(one.attendance.visible)} if live and one.attendance.visible else {}
    starts = {"starts_at": str(one.starts_at)} if one.state is RoomState.SCHEDULED else {}
    about = {"subject": one.subject, "state": one.state.value, "host": one.host.name, "join_url": link}
    return {**about, **known, **people, **starts}


def refused(asked: Asked, one: Room, does: str) -> Reply | None:
    """Return the answer to who may not: first whether they own the team is looked up; None for who may."""
    if ending.may(one, asked.turn.person) or asked.owner:
        return None
    in_team = asked.chat.kind is ChatKind.CHANNEL
    if in_team and asked.owner is None and asked.turn.person.oid:
        payload = {"turn": asdict(asked.turn), "rest": asked.rest, "command": does}
        key = f"owner|{asked.turn.turn_key}"
        timer = Timer(key, TimerKind.OWNER, one.tenant, one.room_id, asked.view.now, payload)
        return Reply((SetTimer(timer),), "looking")
    return asked.tell("not-yours", does=does, who=one.starter.name or one.host.name, team="yes" if in_team else "")


def shown(asked: Asked, reply: Reply, name: str, **data: Any) -> Reply:  # noqa: ANN401 - any JSON value, see Whisper.data
    """Answer with what a decision made of a room: who pressed its card sees the card, everybody else is told."""
    after = saved(reply)
    pressed = asked.view.pressed
    effects: tuple[Effect, ...] = reply.effects
    if after and pressed and pressed.purpose is Purpose.CARD and asked.answers:
        now_shown = replace(after, version=after.version + 1)
        at_home = pressed.thread_id == after.home_thread
        card = cards.render_room(now_shown, pressed.message_id, at_home=at_home).card
        return Reply(effects, reply.outcome, Answer(card=card))
    return asked.tell(name, *effects, outcome=reply.outcome, **data)


def saved(reply: Reply) -> Room | None:
    """Return the room as a decision leaves it, None when it changes none."""
    return next((effect.room for effect in reply.effects if isinstance(effect, SaveRoom)), None)


def numbers(one: Room) -> str:
    """Return "yes" for a meeting whose numbers people know, else ""."""
    return "yes" if one.meeting and one.meeting.dial_in and one.options.numbers else ""
