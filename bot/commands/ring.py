"""`ring @Ana @Ben`: people are called into the meeting, and their answers appear on its card (ENGINE R22)."""

from __future__ import annotations

from dataclasses import replace

import cards
from bot import ending, preferences, ringing
from bot.commands import meant, owning, setting_words, starting
from bot.commands.command import Asked, Command
from bot.decisions import Record, Reply
from bot.messages import Answer
from bot.model import Person, RingState, Room, RoomState

ANYWAY, STOP = "ring anyway", "stop ringing"
"""What the whisper about busy people says, and how ringing ends before anybody answers."""


def run(asked: Asked) -> Reply:
    """Ring whoever is mentioned, without a mention the next of the chat's ring list; or stop ringing."""
    room = _room(asked)
    if isinstance(room, Reply):
        return room
    said, now = " ".join(asked.turn.text.casefold().split()), asked.view.now
    if STOP in said:
        return _told(asked, room, ringing.stopped(room, now), "ring-stopped")
    if ANYWAY in said:
        return _told(asked, room, ringing.anyway(room, asked.turn.person, now), "ring-begun")
    return _rung(asked, room)


def opened(asked: Asked) -> Reply:
    """Show the dialog in which people are chosen, unless nobody can be rung here, or not by who asks."""
    room = _room(asked)
    if isinstance(room, Reply):
        return room
    listed = len(ringing.next_listed(room, asked.chat, ringing.MOST))
    return Reply((), "dialog", Answer(card=cards.ring_dialog(room.subject, asked.turn.locale, listed=listed)))


def chosen(asked: Asked) -> Reply:
    """Ring who was chosen in the dialog: by their object ids, which the look at the roster makes people of (R22)."""
    people = tuple(Person(oid, oid) for oid in setting_words.oids(asked.turn.data.get("people", "")))
    return run(replace(asked, turn=replace(asked.turn, text=COMMAND.name, mentions=people)))


def again(asked: Asked) -> Reply:
    """Go on with what was said or with a dialog, when it is known whether the person owns the team."""
    _, _, name = asked.turn.verb.partition(" ")
    return owning.dialog_goes_on(asked, opened, chosen) if name == COMMAND.name else run(asked)


def _room(asked: Asked) -> Room | Reply:
    """Return the room that people are to be rung into, or what stands in the way."""
    if not asked.policy.rings:
        return asked.tell("ring-off")
    there = [room for room in meant.running(asked) if room.state in ending.RUNNING or room.state is RoomState.OPENING]
    room = meant.room(replace(asked, rest=""), there)
    if room is None or room not in there:
        return meant.which(asked)
    if not may(asked, room):
        return _looked_up(asked) or _refused(asked)
    return room


def _looked_up(asked: Asked) -> Reply | None:
    """Have it looked up, unless it is known, whether who asks owns the team, or is a guest where those may not."""
    if not preferences.asks_who(asked.chat):
        return owning.looked_up(asked, COMMAND.name)
    return starting.looked_up(asked, COMMAND.name) if asked.owner is None else None


def _refused(asked: Asked) -> Reply:
    if preferences.asks_who(asked.chat):
        return starting.not_for_guests(asked)
    who = next((one.name for one in asked.view.installers if one.name), "")
    return asked.tell("may-not-start", may="owners", who=who)


def _rung(asked: Asked, room: Room) -> Reply:
    people = asked.turn.mentions or ringing.next_listed(room, asked.chat)
    if not people:
        return asked.tell("ring-who")
    waiting = sum(ring.state is RingState.WAITING for ring in room.ringing.rings)
    if len(people) > ringing.MOST or waiting + len(people) > ringing.MOST_WAITING:
        return asked.tell("ring-many", most=ringing.MOST)
    return _told(asked, room, ringing.asked(room, people, asked.turn.person, asked.view.now), "ring-begun")


def may(asked: Asked, room: Room) -> bool:
    """Say whether somebody may ring: who may start meetings here, who leads this one, who is in it (ENGINE R23)."""
    person = asked.turn.person
    everybody = preferences.starters(asked.chat) != "owners" and not preferences.asks_who(asked.chat)
    member = preferences.asks_who(asked.chat) and asked.owner is not None and not person.guest
    if everybody or member or ending.may(room, person):
        return True
    inside = (ring.person for ring in room.ringing.rings if ring.state is RingState.JOINED)
    return any(_same(one, person) for one in inside) or owning.may_set(asked)


def _same(one: Person, other: Person) -> bool:
    return (one.oid == other.oid != "") or (one.id == other.id != "")


def _told(asked: Asked, room: Room, reply: Reply, name: str) -> Reply:
    """Answer on the card, where everybody sees it; a press hears it too."""
    if not reply.effects:
        return asked.tell("ring-nobody")
    person, thread = asked.turn.person, asked.turn.chat.thread_id
    record = Record(room.tenant, person.oid, "ring", thread, room.room_id, reply.outcome, asked.turn.reference)
    if not asked.answers:
        return replace(reply, effects=(*reply.effects, record))
    return asked.tell(name, *reply.effects, record, outcome=reply.outcome)


COMMAND = Command(
    name="ring",
    phrases=("ring", ANYWAY, STOP),
    usage="ring @NAME @NAME",
    description="Call people into the meeting; alone: the next one of this chat's ring list",
    examples=("ring", "stop ringing", "ring @Ana @Ben"),
    run=run,
    takes_words=True,
    alone=frozenset({STOP, ANYWAY}),
    teaches=(("ring @Ana @Ben", "call people in"),),
)
