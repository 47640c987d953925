"""`meet now`, `meet #TOPIC`: an instant meeting in this chat, one for each thing people meet about (ENGINE R9)."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from bot import ending, limits, meeting_options, preferences, ringing, rooms, spares, topics, ways
from bot.commands import alerted, shown, starting, wishes
from bot.commands.command import Asked, Command, derived, once
from bot.commands.wishes import Wish
from bot.decisions import Effect, Record, Reply, SaveChat, SaveNote, SetTimer
from bot.model import (
    UNFINISHED,
    ChatKind,
    MeetingRequest,
    Person,
    Ringing,
    Room,
    RoomState,
    Timer,
    TimerKind,
    Way,
)

LONGEST_BRIDGE = 200
"""Characters of a backup bridge that are shown."""


def run(asked: Asked) -> Reply:
    """Open the room that is asked for, or lead the person to the one that is there already.

    A new topic waits for a look-up: it may be live in another chat of the person (EXPERIENCE 1.1).
    """
    if wishes.phrase(asked) == wishes.BRING:
        return look_up(asked, offered(asked).get("room", ""))
    wish = wishes.wished(asked)
    reply = led(asked, wish)
    if reply is None and starting.asks_first(asked, wish):
        live = None if wish.apart else topics.elsewhere(asked.view.elsewhere, asked.turn.person)
        return look_up(asked, live.room_id if live else "")
    return reply or begun(asked, wish)


def look_up(asked: Asked, room_id: str) -> Reply:
    """Keep the request until it is known whether its person is a member where this room is at home; "" is no room."""
    turn = asked.turn
    payload = {"turn": asdict(turn), "rest": asked.rest}
    subject = room_id or turn.chat.thread_id
    key = f"topic|{turn.turn_key}"
    return Reply(
        (SetTimer(Timer(key, TimerKind.TOPIC, turn.chat.tenant, subject, asked.view.now, payload)),), "looking"
    )


def looked(asked: Asked, found: Room | None, where: str, *, guest: bool = False) -> Reply:
    """Go on with a request after the look-up: `found` is the room whose chat, called `where`, the person is in.

    Without it everything is as if there were no such room. `guest`: the person is none of the organization, or nobody
    could say so.
    """
    if asked.view.chat and asked.view.chat.gone_at is not None:
        return Reply(outcome="chat gone")
    if asked.view.now >= asked.turn.expires_at:
        return asked.tell("late", typed=asked.turn.text)
    wish = wishes.wished(asked)
    live = found if found and found.state in UNFINISHED else None
    if wishes.phrase(asked) == wishes.BRING:
        return brought(asked, wish, live)
    reply = led(asked, wish)
    if reply is None and live and live.topic == wish.topic and not wish.apart:
        return elsewhere(asked, wish, live, where)
    return reply or (starting.not_for_guests(asked) if guest else None) or begun(asked, wish)


def elsewhere(asked: Asked, wish: Wish, live: Room, where: str) -> Reply:
    """Ask a member whether the topic's meeting of another chat is meant."""
    turn = asked.turn
    return asked.ask(
        "topic-elsewhere",
        topic=wishes.named(wish),
        where=where,
        opening=live.state is RoomState.OPENING,
        bring=f"{wishes.BRING} {wish.line}",
        apart=f"{wishes.APART} {wish.line}",
        offer={"room": live.room_id, "thread": turn.chat.thread_id, "conversation": turn.conversation_id},
    )


def brought(asked: Asked, wish: Wish, live: Room | None) -> Reply:
    """Show the card of the other chat's room in the chat that was asked in, if the person is a member there still."""
    offer, turn, now = offered(asked), asked.turn, asked.view.now
    if live is None or live.room_id != offer.get("room"):
        again = f"{wishes.APART} {wish.line}" if wish.shared else "meet now"
        return asked.tell("not-brought", topic=wishes.named(wish), line=again)
    thread, conversation = offer["thread"], offer["conversation"]
    card = rooms.card_in(live, thread, conversation, message_id=derived(asked.view.fresh_id, "card"), now=now)
    record = Record(live.tenant, turn.person.oid, "bring", thread, live.room_id, reference=turn.reference)
    until = now + rooms.BROUGHT_REMEMBERED
    note = SaveNote(live.tenant, rooms.brought_key(thread, live.room_id), live.room_id, until, about=thread)
    return Reply((card, note, record), "brought")


def offered(asked: Asked) -> dict[str, str]:
    """Return what the pressed whisper offered to bring here: its own data, never the button's; else nothing."""
    words = asked.view.pressed.content if asked.view.pressed else None
    return words.offer if words and words.name == "topic-elsewhere" else {}


def led(asked: Asked, wish: Wish) -> Reply | None:
    """Lead the person to what is there, ask back, or refuse; None when there is nothing in the way of a new room."""
    there = candidates(asked, wish)
    meant = of_this_thread(asked, wish, there) or next((room for room in there if room.topic == wish.topic), None)
    if meant is not None:
        return alerted.came_again(asked, meant) if alerted.is_alert(asked) else running(asked, meant)
    if reply := starting.hindered(asked, wish):
        return reply
    near = topics.nearest(wish.topic, there) if wish.topic and not wish.explicit else None
    if near is not None:
        return near_topic(asked, wish, near)
    return in_the_way(asked, wish)


def in_the_way(asked: Asked, wish: Wish) -> Reply | None:
    """Refuse where nobody can host, or when it goes too fast; None when nothing is in the way."""
    if asked.policy.hosts.first(asked.turn.person, "", "", asked.view.notes) is None:
        return asked.tell("failed", code="host", subject=wish.subject)
    mine = () if alerted.is_alert(asked) else asked.view.mine  # who hosts them has not asked
    if wait := limits.too_fast(mine, asked.view.here, asked.view.now):
        return too_fast(asked, wait)
    return None


def begun(asked: Asked, wish: Wish) -> Reply:
    """Open a new room."""
    room = alerted.opens(asked, new_room(asked, wish))
    if alerted.is_alert(asked) and asked.policy.rings:
        people = ringing.next_listed(room, asked.chat)
        rings = ringing.wanted(people, asked.view.now, listed=True)
        return opening(asked, replace(room, ringing=replace(room.ringing, rings=rings)))
    if not wish.rung:
        return opening(asked, room)
    if not asked.policy.rings:
        reply = opening(asked, room)
        told = asked.tell("ring-off", *reply.effects, outcome=reply.outcome)
        return replace(told, answer=reply.answer or told.answer)
    rings = ringing.wanted(wish.rung[: ringing.MOST], asked.view.now)
    return opening(asked, replace(room, ringing=replace(room.ringing, rings=rings, asked_by=asked.turn.person)))


def opening(asked: Asked, room: Room) -> Reply:
    """Open a room, with a look for the person's own token first where that is what ties it to the channel (R2)."""
    look_up = ways.looks_up(
        room, _auth(asked, room.host), asked.policy.binding, chat=asked.chat, notes=asked.view.notes
    )
    reply = rooms.begin(room, shown.card_for(asked, room), asked.view.now, look_up=look_up)
    reserve = (
        *spares.watched(room, asked.view.notes, asked.view.now),
        *spares.completed(asked.policy.spares, room.tenant, asked.view.notes, asked.view.now),
    )
    return replace(reply, effects=(*reply.effects, *zone_seen(asked), *starting.noted(asked, room), *reserve))


def go_on(asked: Asked) -> Reply:
    """What waited for its person's sign-in runs, as it was first asked; somebody may have been faster (ENGINE 3.2)."""
    if asked.chat.gone_at is not None:
        return Reply(outcome="chat gone")
    before = asked.view.pressed_room
    if before is None or before.state is not RoomState.FAILED or before.fail_code == ending.WITHDRAWN:
        return Reply(outcome="overtaken")
    planned = before.starts_at if before.starts_at > asked.view.now else 0
    wish = Wish(before.scope_key, before.topic, before.subject, explicit=True, starts_at=planned)
    there = next((room for room in candidates(asked, wish) if room.topic == wish.topic), None)
    if there is not None:
        return running(asked, there)
    fresh = new_room(asked, wish)
    span = before.ends_at - before.starts_at
    room = replace(fresh, way=Way.USER, host=asked.turn.person, people=before.people)
    room = replace(room, ends_at=fresh.starts_at + span, options=before.options)
    bind_thread = ways.to_bind(asked.chat, Way.USER, asked.policy.binding, asked.view.notes)
    rings = ringing.wanted(ringing.left_over(before), asked.view.now)
    room = replace(room, ringing=replace(room.ringing, rings=rings, asked_by=before.ringing.asked_by))
    room = replace(room, graph_call=before.graph_call, bind_thread=bind_thread)
    room = replace(room, request=asked.policy.freeze(room.host.oid, rooms.request_of(room)))
    reply = opening(asked, room)
    times = asked.turn.data.get("asked", "1")
    note = SaveNote(room.tenant, ways.asked_key(room.room_id), times, asked.view.now + ways.KEPT, room.home_thread)
    return replace(reply, effects=(*reply.effects, note))


def candidates(asked: Asked, wish: Wish) -> tuple[Room, ...]:
    """Return the unfinished rooms of the scope that is asked for, and those of its topic that were brought here."""
    seen = {room.room_id: room for room in (*asked.view.rooms, *asked.view.topics)}
    brought_here = [room for room in asked.view.rooms if wish.shared and room.topic == wish.topic]
    return (*(room for room in seen.values() if room.scope_key == wish.scope), *brought_here)


def of_this_thread(asked: Asked, wish: Wish, there: tuple[Room, ...]) -> Room | None:
    """Return the room of the thread in which bare `meet now` was asked; a root post has none."""
    if wish.topic or wish.explicit or not wishes.is_reply(asked):
        return None
    here = wishes.root(asked.turn.conversation_id)
    own = (room for room in there if not room.topic.startswith("#") and room.starts_at <= asked.view.now)
    return next((room for room in own if wishes.is_of_thread(room, here)), None)


def running(asked: Asked, room: Room) -> Reply:
    """One is running: join it (EXPERIENCE 2, RUNNING; 1.11 for one of another thread)."""
    another_thread = (
        wishes.is_reply(asked)
        and room.topic == ""
        and not wishes.is_of_thread(room, wishes.root(asked.turn.conversation_id))
    )
    data: dict[str, Any] = {"subject": room.subject, "join_url": way_in(room), "people": room.attendance.visible}
    if another_thread and room.home_thread == asked.turn.chat.thread_id:
        return asked.ask("other-thread", **data, here=f"{wishes.HERE} {wishes.asked_line(asked)}".strip())
    is_live = room.state is RoomState.LIVE
    return asked.tell(
        "running",
        *shown.card_here(asked, room),
        **data,
        starter=room.starter.name,
        opened_at=room.live_at if is_live else room.opened_at or room.created_at,
        live=is_live,
        another="" if room.topic.startswith("#") else f"{wishes.ANOTHER} {wishes.asked_line(asked)}".strip(),
    )


def near_topic(asked: Asked, wish: Wish, near: Room) -> Reply:
    """Ask before a new topic is opened beside one that differs by one slip (EXPERIENCE 1.1)."""
    written, _ = topics.split(wish.subject)
    return asked.ask(
        "near-topic",
        topic=f"#{written}",
        near=f"#{topics.written_in(near)}",
        join_url=way_in(near),
        people=near.attendance.visible,
        line=f"{wishes.OPEN} {wish.line}",
    )


def way_in(room: Room) -> str:
    """Return the link into a room; "" while it is opening."""
    return room.meeting.join_url if room.meeting and room.state is not RoomState.OPENING else ""


def too_fast(asked: Asked, wait: int) -> Reply:
    """Too many meetings in a minute: told at most once in that minute (EXPERIENCE 2, TOO FAST)."""
    turn = asked.turn
    key = f"too-fast|{turn.chat.tenant}|{turn.person.id}|{asked.view.now // limits.RATE_SPAN}"
    return once(asked.tell("too-fast", seconds=wait), key)


def new_room(asked: Asked, wish: Wish) -> Room:
    """Return the room that this turn asks for, with everything frozen that a retry must not change (ENGINE R1)."""
    turn, view, policy = asked.turn, asked.view, asked.policy
    chat = asked.chat
    host = policy.hosts.first(turn.person, turn.chat.tenant, turn.chat.thread_id, view.notes) or turn.person
    request = _request(asked, wish, host)
    return Room(
        room_id=view.fresh_id,
        tenant=turn.chat.tenant,
        scope_key=wish.scope,
        topic=view.fresh_id if wish.topic is None else wish.topic,
        state=RoomState.OPENING,
        version=1,
        subject=request.subject,
        starter=turn.person,
        host=host,
        home_thread=turn.chat.thread_id,
        home_conversation=turn.conversation_id,
        request=policy.freeze(host.oid, request),
        external_id=request.external_id,
        created_at=view.now,
        give_up_at=view.now + rooms.TRIES_FOR,
        starts_at=request.starts_at,
        ends_at=request.ends_at,
        reference=turn.reference,
        zone=chat.zone or turn.zone,
        language=chat.language(turn.locale if chat.kind is ChatKind.PERSONAL else policy.language),
        way=request.way,
        graph_call=request.call,
        options=request.options,
        bind_thread=request.bind_thread,
        people=people(asked),
        ringing=Ringing(possible=policy.rings),
        backup_bridge=(str(chat.settings.get("backup_bridge", "")) or policy.backup_bridge)[:LONGEST_BRIDGE],
    )


def zone_seen(asked: Asked) -> tuple[Effect, ...]:
    """Remember the zone that was first seen in a chat of several people: its cards keep it (EXPERIENCE 1.9)."""
    chat, zone = asked.chat, asked.turn.zone
    if chat.zone or not zone or chat.kind is ChatKind.PERSONAL:
        return ()
    return (SaveChat(replace(chat, settings={**chat.settings, "zone_seen": zone})),)


def _auth(asked: Asked, host: Person) -> str:
    """Return whose permission may be used for this host, as in `Policy`: nobody signs in for a service account."""
    return asked.policy.auth if host.oid == asked.turn.person.oid else "app"


def _request(asked: Asked, wish: Wish, host: Person) -> MeetingRequest:
    starts_at = wish.starts_at or asked.view.now - asked.view.now % 1000
    way = ways.first(_auth(asked, host), asked.view.notes, host.oid)
    return MeetingRequest(
        external_id=asked.view.fresh_id,
        subject=wish.subject,
        starts_at=starts_at,
        ends_at=starts_at + (wish.minutes or preferences.minutes(asked.chat) or asked.policy.duration) * 60_000,
        bind_thread=ways.to_bind(asked.view.chat or asked.turn.chat, way, asked.policy.binding, asked.view.notes),
        language=asked.turn.locale,
        way=way,
        call=meeting_options.call_for(wish.options, calendar=wish.calendar),
        options=wish.options,
    )


def people(asked: Asked) -> tuple[Person, ...]:
    """Return who else was mentioned; trying again keeps those of the request that failed."""
    before = asked.view.pressed_room
    if before is not None and wishes.again(asked):
        return before.people
    return asked.turn.mentions[: rooms.MOST_CALLED]


COMMAND = Command(
    name="meet",
    phrases=(
        "meet now",
        "meet",
        "huddle",
        wishes.ANOTHER,
        wishes.HERE,
        wishes.OPEN,
        wishes.APART,
        wishes.BRING,
        wishes.ANYWAY,
    ),
    usage="meet now [subject] [options]",
    description="A meeting here, right away; meet #INC-42: one for each incident",
    examples=(
        "meet now",
        "meet #INC-42 DB down",
        "meet now Retro for 45m",
        "meet now Retro lobby everyone",
        "meet now Retro passcode record",
        "meet now Retro with @Ana on calendar",
        "meet now Retro no numbers",
        "meet now Retro ring @Ben",
        'meet now subject:"Record numbers"',
    ),
    run=run,
    takes_words=True,
    alone=frozenset({"meet", wishes.OPEN, wishes.APART, wishes.BRING}),
    teaches=(
        ("meet now", "a meeting here, right away"),
        ("meet now Retro 45m", "with a subject and a length"),
        ("meet #INC-42", "one meeting for one incident, wherever you ask"),
    ),
)
