"""A meeting that exists: closed honestly, opened again, named anew, and its booked time (ENGINE R7, R8, R23).

Pure: what is decided here Graph hears of by a timer (`bot.amending`). Times are ms UTC.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from bot import occupancy, rooms, topics
from bot.decisions import DropTimer, Record, RefreshCards, Reply, SaveRoom, SetTimer
from bot.model import (
    NO_OPTIONS,
    Invited,
    LobbyScope,
    Meeting,
    Options,
    Person,
    Role,
    Room,
    RoomState,
    Timer,
    TimerKind,
)

UNCHANGED, TIME_IS_UP = "unchanged", "time is up"
"""`Room.trying` of a room whose lobby Graph left as it was, and of one that is held past its booked time."""
WITHDRAWN, BY_CLOCK = "withdrawn", "clock"
"""`Room.ended_by` when it was no person's `end`."""
TIMES_AFTER = 600_000
"""ms after the end before Graph is told the times: while people are inside it takes no notice (facts/graph 1.5)."""
REOPENED_FOR = 1_800_000
"""ms for which a reopened meeting is booked at least."""
HELD = 12 * 3_600_000
"""ms for which a topic keeps its meeting after its booked time."""
WITHDRAWN_WITHIN = 600_000
"""ms after opening in which a deleted request closes a meeting of which nobody knows who is inside."""
RUNNING = frozenset({RoomState.OPEN, RoomState.LIVE, RoomState.EMPTY})
ENDABLE = RUNNING | {RoomState.SCHEDULED}
"""What somebody may end; a planned meeting too, which then never starts."""
SHUT = Options(lobby=LobbyScope.ORGANIZER, dial_in_bypass=False)
"""Nobody but the organizer comes in, by telephone neither (ENGINE R8)."""
LOBBY, TIMES, NAME = "lobby", "times", "name"
"""What about Graph's meeting a timer amends."""


@dataclass(frozen=True, slots=True)
class Amendment:
    """What Graph is asked to change: the options, and with `basics` subject and times as `meeting` has them."""

    meeting: Meeting
    options: Options = NO_OPTIONS
    basics: bool = False


def may(room: Room, person: Person) -> bool:
    """Say whether somebody may end, reopen, rename and hand over: starter, host, co-organizers (ENGINE R23)."""
    named = (*room.options.invited, *(room.meeting.invited if room.meeting else ()))
    leaders = (room.starter, room.host, *(one.person for one in named if one.role is Role.CO_ORGANIZER))
    return any(_same(person, leader) for leader in leaders)


def _same(one: Person, other: Person) -> bool:
    return (one.oid == other.oid != "") or (one.id == other.id != "")


def is_over(room: Room) -> bool:
    """Say whether there is nothing left to end; what the clock has ended may have people inside (EXPERIENCE 1.17)."""
    return room.state not in ENDABLE and not (room.state is RoomState.ENDED and room.ended_by == BY_CLOCK)


def ended(room: Room, actor: Person, *, now: int, reference: str) -> Reply:
    """Open, live, empty → ended: the lobby is shut at once, and who came in before is kept for `reopen`."""
    if is_over(room) or room.meeting is None:
        return Reply(outcome="no change")
    before = room.lobby_before if room.trying == UNCHANGED else came_in(room.meeting)
    by_clock = room.state is RoomState.ENDED
    running = replace(room, state=RoomState.OPEN if by_clock else room.state, lobby_before=before, trying="")
    reply = occupancy.ended(running, actor, now=now, reference=reference)
    return replace(reply, effects=(*reply.effects, DropTimer(f"patch|{room.room_id}"), amend_timer(room, LOBBY, now)))


def came_in(meeting: Meeting) -> Options:
    """Return who comes in past the lobby; a scope of tomorrow is given back as the widest that is a company's own."""
    known = {scope.value: scope for scope in LobbyScope}
    return Options(lobby=known.get(meeting.lobby_scope, LobbyScope.ORGANIZATION), dial_in_bypass=meeting.dial_in_bypass)


def reopened(room: Room, actor: Person, *, now: int, reference: str) -> Reply:
    """Ended → open within 24 hours, with the same numbers: the lobby is as it was before, the booked time goes on."""
    longer = replace(room, ends_at=max(room.ends_at, now + REOPENED_FOR), trying="")
    reply = occupancy.reopened(longer, actor, now=now, reference=reference)
    if reply.outcome != "open":
        return reply
    return replace(reply, effects=(*reply.effects, amend_timer(room, LOBBY, now)))


def withdrawn(room: Room, actor: Person, *, now: int, reference: str) -> Reply:
    """The request was deleted: what opens is stopped, what waits never opens, what nobody joined is closed.

    Where nobody can know who joined, the first minutes count: a request in the wrong chat is withdrawn at once
    (EXPERIENCE 1.13).
    """
    record = Record(room.tenant, actor.oid, "withdraw", room.home_thread, room.room_id, reference=reference)
    if room.state is RoomState.OPENING:
        reply = rooms.failed(room, WITHDRAWN, now=now, whisper_id="")
        return Reply((*reply.effects, record), "withdrawn")
    if room.state is RoomState.FAILED and room.fail_code == "sign_in":
        never = replace(room, fail_code=WITHDRAWN)
        return Reply((SaveRoom(never), RefreshCards(room.room_id), record), "withdrawn")
    planned = room.state is RoomState.SCHEDULED and not room.attendance.sessions
    fresh = now - (room.opened_at or room.created_at) <= WITHDRAWN_WITHIN
    if not planned and (room.state is not RoomState.OPEN or room.live_at is not None or not fresh):
        return Reply(outcome="in use")
    reply = ended(room, actor, now=now, reference=reference)
    effects = tuple(
        SaveRoom(replace(effect.room, ended_by=WITHDRAWN)) if isinstance(effect, SaveRoom) else effect
        for effect in reply.effects
    )
    return replace(reply, effects=effects, outcome="withdrawn")


def renamed(room: Room, words: str, actor: Person, *, now: int, reference: str) -> Reply:
    """Give a meeting another subject, on its card at once and at Graph; a topic's meeting stays that topic's.

    Words by which its subject would begin with another topic change nothing: `42` after `#INC` is one.
    """
    topic = topics.written_in(room)
    subject = _of_topic(topic, words) if topic else words
    another = topics.key(topics.split(subject)[0]) != topics.key(topic) if topic else False
    if another or subject == room.subject or room.state not in RUNNING | {RoomState.OPENING, RoomState.SCHEDULED}:
        return Reply(outcome="no change")
    record = Record(room.tenant, actor.oid, "rename", room.home_thread, room.room_id, reference=reference)
    shown = RefreshCards(room.room_id, only_posted=room.state is RoomState.OPENING)
    return Reply((SaveRoom(replace(room, subject=subject)), shown, amend_timer(room, NAME, now), record), "renamed")


def _of_topic(topic: str, words: str) -> str:
    """Return a subject that begins with a topic, whether or not the words do, without signs that would cling to it."""
    written, about = topics.split(words)
    said = (about if topics.key(written) == topics.key(topic) else words).split()
    while said:
        clung, rest = topics.split(f"#{topic} {said[0]}")
        if rest or topics.key(clung) != topics.key(topic):
            break
        said.pop(0)
    return " ".join((f"#{topic}", *said))


def planned_end(room: Room, *, now: int) -> Reply:
    """The booked time and its grace are over: a topic's meeting is held for a while, any other gives its place free.

    Where nobody tells us of calls, nobody can see whether people are inside, and a second meeting of the topic would
    split them (EXPERIENCE 1.17).
    """
    unseen = room.state is RoomState.OPEN and not room.attendance.heard
    if unseen and room.topic.startswith("#") and now < room.ends_at + HELD:
        held = replace(room, trying=TIME_IS_UP)
        again = Timer(f"end|{room.room_id}", TimerKind.END, room.tenant, room.room_id, room.ends_at + HELD)
        return Reply((SaveRoom(held), RefreshCards(room.room_id), SetTimer(again)), "time is up")
    return rooms.planned_end(room, now=now)


def amend_timer(room: Room, what: str, due_at: int, attempts: int = 0, until: int = 0) -> SetTimer:
    """Return the timer that tells Graph of the lobby and times, or of the name; tried `until` a time, 0: an hour."""
    key = f"amend|{room.room_id}" if what == NAME else f"lobby|{room.room_id}"
    payload = {"what": what, "until": until or due_at + 3_600_000}
    return SetTimer(Timer(key, TimerKind.AMEND, room.tenant, room.room_id, due_at, payload, attempts))


def amendment(room: Room, what: str) -> Amendment | None:
    """Return what Graph's meeting lacks of what the room is now; None: nothing.

    What stands in a calendar has its name and its times there.
    """
    meeting = room.meeting
    if meeting is None or not meeting.id:
        return None
    starts_at = room.starts_at if meeting.starts_at is None else meeting.starts_at
    own = not meeting.event_id
    if room.state is RoomState.ENDED:
        over = replace(meeting, starts_at=starts_at, ends_at=max(starts_at, room.ended_at or room.ends_at))
        return {LOBBY: Amendment(meeting, SHUT), TIMES: Amendment(over, basics=True) if own else None}.get(what)
    if room.state not in RUNNING | {RoomState.SCHEDULED}:
        return None
    named = replace(meeting, subject=room.subject, starts_at=starts_at, ends_at=room.ends_at)
    options = room.lobby_before if what == LOBBY else NO_OPTIONS
    basics = own and (meeting.subject, meeting.ends_at) != (named.subject, named.ends_at)
    return Amendment(named, options, basics) if basics or options != NO_OPTIONS else None


def amended(room: Room, asked: Amendment, answer: Meeting, what: str, now: int) -> Reply:
    """Graph has answered. If the room went the other way meanwhile, Graph is told once more, whoever learns of it."""
    over = room.state is RoomState.ENDED
    if what != NAME and over != (asked.options == SHUT or what == TIMES):
        return Reply((amend_timer(room, LOBBY, now),), "told again", regardless=True)
    if what == TIMES:
        return Reply(outcome="times set")
    if over:
        if answer.lobby_scope != LobbyScope.ORGANIZER:
            return not_amended(room, what)
        return Reply((amend_timer(room, TIMES, max(now, (room.ended_at or now) + TIMES_AFTER)),), "shut")
    if what == LOBBY and not _as_wide(answer, room.lobby_before):
        return not_amended(room, what)
    # Graph's meeting may have another lobby than the room is to have again: that one is kept until it is set.
    return Reply((SaveRoom(replace(room, meeting=answer)),), "amended")


def _as_wide(meeting: Meeting, options: Options) -> bool:
    return options.lobby is None or meeting.lobby_scope == options.lobby


def not_amended(room: Room, what: str) -> Reply:
    """Graph will not: the card says that it was closed here only, or that its lobby stays shut."""
    if what != LOBBY or room.trying == UNCHANGED:
        return Reply(outcome="not amended")
    return Reply((SaveRoom(replace(room, trying=UNCHANGED)), RefreshCards(room.room_id)), "not amended")


def handed_over(room: Room, answer: Meeting, found: Iterable[Person], actor: Person, reference: str) -> Reply:
    """These people lead the meeting too, as far as Graph's answer has them as co-organizers."""
    new = [one for one in found if leads(answer, one)]
    if not new or room.state not in RUNNING:
        return Reply(outcome="nobody leads")
    others = tuple(one for one in room.options.invited if not any(_same(one.person, lead) for lead in new))
    invited = (*others, *(Invited(lead, Role.CO_ORGANIZER) for lead in new))
    oids = " ".join(lead.oid for lead in new)
    record = Record(room.tenant, actor.oid, "host", room.home_thread, room.room_id, oids, reference=reference)
    after = replace(room, meeting=answer, options=replace(room.options, invited=invited))
    return Reply((SaveRoom(after), RefreshCards(room.room_id), record), "handed over")


def leads(meeting: Meeting, person: Person) -> bool:
    """Say whether Graph has somebody as a co-organizer, by object id or sign-in name."""
    known = {name.casefold() for name in (person.oid, person.upn) if name}
    named = [one.person for one in meeting.invited if one.role is Role.CO_ORGANIZER]
    return any(known & {one.oid.casefold(), one.upn.casefold()} for one in named)
