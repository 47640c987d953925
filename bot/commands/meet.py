"""`meet now`, `meet #TOPIC`: an instant meeting in this chat, one for each thing people meet about (ENGINE R9)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from bot import limits, rooms, topics, ways
from bot.commands.command import Asked, Command, derived, once
from bot.decisions import Effect, PlanMessage, PointCard, Reply, SaveNote
from bot.model import ChatKind, MeetingRequest, Person, Purpose, Room, RoomState, TurnKind, Way

LONGEST_SUBJECT = 120
LONGEST_BRIDGE = 200
"""Characters of a backup bridge that are shown."""
ANOTHER, HERE, OPEN = "start another", "start one for this thread", "open topic"
"""What the buttons of whispers say: one more, one for this thread, and no, that was no slip of the finger."""
_PHRASE = re.compile(rf"(?:\w+\W+)?({ANOTHER}|{HERE}|{OPEN})\b")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: where the room's place is, its subject, and whether it was said explicitly.

    `topic` as in `Room.topic`; None is an id of its own.
    """

    scope: str
    topic: str | None
    subject: str
    explicit: bool = False


def run(asked: Asked) -> Reply:
    """Open the room that is asked for, or lead the person to the one that is there already."""
    wish = wished(asked)
    there = candidates(asked, wish)
    meant = of_this_thread(asked, wish, there) or next((room for room in there if room.topic == wish.topic), None)
    if meant is not None:
        return running(asked, meant)
    near = topics.nearest(wish.topic, there) if wish.topic and not wish.explicit else None
    if near is not None:
        return near_topic(asked, wish, near)
    if not asked.turn.person.oid:
        return asked.tell("failed", code="host", subject=wish.subject)
    if wait := limits.too_fast(asked.view.mine, asked.view.here, asked.view.now):
        return too_fast(asked, wait)
    room = new_room(asked, wish)
    return begun(asked, room)


def begun(asked: Asked, room: Room) -> Reply:
    """Open a room, with a look for the person's own token first where that is what ties it to the channel (R2)."""
    policy, view = asked.policy, asked.view
    chat = view.chat or asked.turn.chat
    look_up = ways.looks_up(room, policy.auth, policy.binding, chat=chat, notes=view.notes)
    return rooms.begin(room, card_for(asked, room), view.now, look_up=look_up)


def go_on(asked: Asked) -> Reply:
    """What waited for its person's sign-in runs, as it was first asked; somebody may have been faster (ENGINE 3.2)."""
    before = asked.view.pressed_room
    if before is None or before.state is not RoomState.FAILED:
        return Reply(outcome="overtaken")
    wish = Wish(before.scope_key, before.topic, before.subject, explicit=True)
    there = next((room for room in candidates(asked, wish) if room.topic == wish.topic), None)
    if there is not None:
        return running(asked, there)
    fresh = new_room(asked, wish)
    span = before.ends_at - before.starts_at
    room = replace(fresh, way=Way.USER, ends_at=fresh.starts_at + span, options=before.options, people=before.people)
    room = replace(
        room, graph_call=before.graph_call, request=asked.policy.freeze(room.host.oid, rooms.request_of(room))
    )
    reply = begun(asked, room)
    asked_for = SaveNote(
        room.tenant, ways.asked_key(room.room_id), asked.turn.data.get("asked", "1"), asked.view.now + ways.KEPT
    )
    return replace(reply, effects=(*reply.effects, asked_for))


def wished(asked: Asked) -> Wish:
    """Return the place and the subject of what was asked."""
    chat = asked.view.chat or asked.turn.chat
    own = topics.chat_scope(chat.thread_id)
    said = _PHRASE.match(" ".join(asked.turn.text.casefold().split()))
    phrase = said[1] if said else ""
    written, about = topics.split(asked.rest)
    if written:
        scope = topics.scope_of(written, chat, asked.policy.open_topics)
        subject = _bounded(f"#{written} {about}")
        return Wish(scope, topics.topic_column(written), subject, phrase == OPEN or _again(asked))
    subject = _bounded(asked.rest) or default_subject(asked)
    if phrase == HERE and root(asked.turn.conversation_id):
        return Wish(own, f"thread:{root(asked.turn.conversation_id)}", subject, explicit=True)
    if phrase in {ANOTHER, HERE}:
        pressed = asked.view.pressed
        # One whisper opens one more meeting, however often its button is pressed.
        return Wish(own, derived(pressed.message_id, ANOTHER) if pressed else None, subject, explicit=True)
    before = asked.view.pressed_room
    if before is not None and _again(asked) and before.scope_key == own:
        return Wish(own, before.topic, subject, explicit=bool(before.topic))
    return Wish(own, "", subject)


def _again(asked: Asked) -> bool:
    """Say whether a card of a room that is over was pressed: the same thing is wanted once more."""
    before = asked.view.pressed_room
    return before is not None and before.state in {RoomState.FAILED, RoomState.ENDED}


def candidates(asked: Asked, wish: Wish) -> tuple[Room, ...]:
    """Return the unfinished rooms of the scope that is asked for."""
    seen = {room.room_id: room for room in (*asked.view.rooms, *asked.view.topics)}
    return tuple(room for room in seen.values() if room.scope_key == wish.scope)


def of_this_thread(asked: Asked, wish: Wish, there: tuple[Room, ...]) -> Room | None:
    """Return the room of the thread in which bare `meet now` was asked; a root post has none."""
    if wish.topic or wish.explicit or not is_reply(asked):
        return None
    here = root(asked.turn.conversation_id)
    return next((room for room in there if not room.topic.startswith("#") and is_of_thread(room, here)), None)


def running(asked: Asked, room: Room) -> Reply:
    """One is running: join it (EXPERIENCE 2, RUNNING; 1.11 for one of another thread)."""
    another_thread = is_reply(asked) and room.topic == "" and not is_of_thread(room, root(asked.turn.conversation_id))
    data = {"subject": room.subject, "join_url": way_in(room)}
    if another_thread and room.home_thread == asked.turn.chat.thread_id:
        return asked.ask("other-thread", **data, here=f"{HERE} {_asked_subject(asked)}".strip())
    return asked.tell(
        "running",
        *card_here(asked, room),
        **data,
        starter=room.starter.name,
        opened_at=room.opened_at or room.created_at,
        another="" if room.topic.startswith("#") else f"{ANOTHER} {_asked_subject(asked)}".strip(),
    )


def card_here(asked: Asked, room: Room) -> tuple[Effect, ...]:
    """Return the card of a room of another chat for this one, unless it has one (ENGINE 3.2)."""
    turn, view = asked.turn, asked.view
    if room.home_thread == turn.chat.thread_id or any(room.room_id == other.room_id for other in view.rooms):
        return ()
    pressed, before = view.pressed, view.pressed_room
    if pressed and before and pressed.purpose is Purpose.CARD and before.state is RoomState.FAILED:
        return (PointCard(pressed.message_id, room.room_id),)
    message_id = derived(view.fresh_id, "card")
    return (rooms.card_in(room, turn.chat.thread_id, turn.conversation_id, message_id=message_id, now=view.now),)


def near_topic(asked: Asked, wish: Wish, near: Room) -> Reply:
    """Ask before a new topic is opened beside one that differs by one slip (EXPERIENCE 1.1)."""
    written, _ = topics.split(wish.subject)
    return asked.ask(
        "near-topic",
        topic=f"#{written}",
        near=f"#{topics.written_in(near)}",
        join_url=way_in(near),
        line=f"{OPEN} {wish.subject}",
    )


def way_in(room: Room) -> str:
    """Return the link into a room; "" while it is opening."""
    return room.meeting.join_url if room.meeting and room.state is not RoomState.OPENING else ""


def root(conversation_id: str) -> str:
    """Return the id of the thread's first message in a channel, "" elsewhere (facts/teams 2.2)."""
    return conversation_id.partition(";messageid=")[2]


def is_reply(asked: Asked) -> bool:
    """Say whether it was asked inside a thread of a channel; root posts share the channel's meeting."""
    here = root(asked.turn.conversation_id)
    return bool(here) and here != asked.turn.activity_id


def is_of_thread(room: Room, here: str) -> bool:
    """Say whether a room was asked for in this thread."""
    return root(room.home_conversation) == here


def too_fast(asked: Asked, wait: int) -> Reply:
    """Too many meetings in a minute: told at most once in that minute (EXPERIENCE 2, TOO FAST)."""
    turn = asked.turn
    key = f"too-fast|{turn.chat.tenant}|{turn.person.id}|{asked.view.now // limits.RATE_SPAN}"
    return once(asked.tell("too-fast", seconds=wait), key)


def card_for(asked: Asked, room: Room) -> PlanMessage | PointCard:
    """Return the card that shows the room: the pressed card of one that failed, else a new one."""
    pressed, before = asked.view.pressed, asked.view.pressed_room
    if pressed and before and pressed.purpose is Purpose.CARD and before.state is RoomState.FAILED:
        return PointCard(pressed.message_id, room.room_id)
    return rooms.first_card(room, derived(asked.view.fresh_id, "card"), asked.view.now)


def _asked_subject(asked: Asked) -> str:
    return _bounded(asked.rest) if asked.turn.kind is TurnKind.SAID else ""


def _bounded(words: str) -> str:
    return " ".join(words.split())[:LONGEST_SUBJECT].strip()


def default_subject(asked: Asked) -> str:
    """Return the default subject of EXPERIENCE 2 (OPEN)."""
    chat, person = asked.turn.chat, asked.turn.person
    if chat.kind is ChatKind.CHANNEL and chat.name:
        return f"Meeting in #{chat.name}"
    return f"Meeting with {person.name}" if person.name else "Meeting"


def new_room(asked: Asked, wish: Wish) -> Room:
    """Return the room that this turn asks for, with everything frozen that a retry must not change (ENGINE R1)."""
    turn, view, policy = asked.turn, asked.view, asked.policy
    request = _request(asked, wish)
    chat = view.chat or turn.chat
    return Room(
        room_id=view.fresh_id,
        tenant=turn.chat.tenant,
        scope_key=wish.scope,
        topic=view.fresh_id if wish.topic is None else wish.topic,
        state=RoomState.OPENING,
        version=1,
        subject=request.subject,
        starter=turn.person,
        host=turn.person,
        home_thread=turn.chat.thread_id,
        home_conversation=turn.conversation_id,
        request=policy.freeze(turn.person.oid, request),
        external_id=request.external_id,
        created_at=view.now,
        give_up_at=view.now + rooms.TRIES_FOR,
        starts_at=request.starts_at,
        ends_at=request.ends_at,
        reference=turn.reference,
        zone=str(chat.settings.get("zone", "")) or turn.zone,
        language=str(chat.settings.get("language", "")) or policy.language,
        way=request.way,
        bind_thread=request.bind_thread,
        people=people(asked),
        backup_bridge=(str(chat.settings.get("backup_bridge", "")) or policy.backup_bridge)[:LONGEST_BRIDGE],
    )


def _request(asked: Asked, wish: Wish) -> MeetingRequest:
    starts_at = asked.view.now - asked.view.now % 1000
    way = ways.first(asked.policy.auth, asked.view.notes, asked.turn.person.oid)
    return MeetingRequest(
        external_id=asked.view.fresh_id,
        subject=wish.subject,
        starts_at=starts_at,
        ends_at=starts_at + asked.policy.duration * 60_000,
        bind_thread=ways.to_bind(asked.view.chat or asked.turn.chat, way, asked.policy.binding, asked.view.notes),
        language=asked.turn.locale,
        way=way,
    )


def people(asked: Asked) -> tuple[Person, ...]:
    """Return who else was mentioned; trying again keeps those of the request that failed."""
    before = asked.view.pressed_room
    if before is not None and _again(asked):
        return before.people
    return asked.turn.mentions[: rooms.MOST_CALLED]


COMMAND = Command(
    name="meet",
    phrases=("meet now", "meet", "now", "huddle", ANOTHER, HERE, OPEN),
    usage="meet now [subject]",
    description="A meeting here, right away; meet #INC-42: one for each incident",
    examples=("meet now", "meet #INC-42 DB down", "meet now Retro"),
    run=run,
    takes_words=True,
    alone=frozenset({"meet", "now", OPEN}),
)
