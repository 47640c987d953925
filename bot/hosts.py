"""Who hosts: the person who asked, or service accounts with that person as co-organizer (ENGINE R5, EXPERIENCE 1.7).

Pure. Times are ms UTC.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot import rooms
from bot.decisions import Reply, SaveNote, SaveRoom
from bot.errors import HostUnknown, MeetingsError, NotNow, PolicyMissing, QuotaReached
from bot.model import Meeting, Person, Room, RoomState, Way

NUMBERLESS_FOR = 30 * 86_400_000
"""ms for which a person without phone numbers is not asked to host where a service account can."""
THROTTLED = 429
ABOUT_THE_HOST = (HostUnknown, PolicyMissing, QuotaReached)
"""Refusals that another host may not meet."""


@dataclass(frozen=True, slots=True)
class Hosts:
    """Who may host here: `service` are service accounts' object ids, `requester` is whoever asks and comes first."""

    service: tuple[str, ...] = ()
    requester: bool = True

    def of(self, starter: Person, tenant: str, thread_id: str) -> tuple[Person, ...]:
        """Return who can host a request of this chat, in the order to try; each chat begins with another account."""
        pool = tuple(Person("", oid) for oid in self.service)
        chat = hashlib.sha256(f"{tenant}|{thread_id}".encode()).digest()
        start = int.from_bytes(chat[:8], "big") % len(pool) if pool else 0
        own = (starter,) if self.requester and starter.oid else ()
        return (*own, *pool[start:], *pool[:start])

    def first(self, starter: Person, tenant: str, thread_id: str, notes: Mapping[str, str]) -> Person | None:
        """Return who hosts; a person who is known to have no phone numbers only where nobody else can."""
        there = self.of(starter, tenant, thread_id)
        without = [host for host in there if no_numbers_key(host.oid) not in notes]
        return next(iter(without or there), None)

    def after(self, room: Room) -> Person | None:
        """Return who is tried after the host of a room's attempt; a person's own permission makes only their own."""
        there = self.of(room.starter, room.tenant, room.home_thread)
        oids = [host.oid for host in there]
        place = oids.index(room.host.oid) + 1 if room.host.oid in oids else len(there)
        return there[place] if room.way is Way.APP and place < len(there) else None


EVERYBODY_HOSTS = Hosts()
"""Whoever asks, and nobody else."""


def no_numbers_key(host_oid: str) -> str:
    """Return the note that remembers that somebody's meetings have no phone numbers."""
    return f"no numbers|{host_oid}"


def someone_else(error: MeetingsError, room: Room, hosts: Hosts) -> Person | None:
    """Return who is asked to host after this answer, None when it is not about the host or nobody is left.

    A 429 that says no time may be the host's monthly limit, for which no other sign is documented (facts/graph 3.4);
    nothing was made by it.
    """
    full = isinstance(error, NotNow) and error.status == THROTTLED and error.retry_after is None
    return hosts.after(room) if full or isinstance(error, ABOUT_THE_HOST) else None


def hosted_by(room: Room, host: Person, freeze: rooms.Freeze, now: int) -> Reply:
    """Opening → opening: another host is a new attempt under a new external id, committed before it is sent (R1)."""
    if room.state is not RoomState.OPENING:
        return Reply(outcome="overtaken")
    after = replace(rooms.again(room), host=host)
    after = replace(after, request=freeze(host.oid, rooms.request_of(after)))
    return Reply((SaveRoom(after), rooms.open_timer(after, now), *rooms.undone(room, now)), "another host")


def with_numbers(room: Room, meeting: Meeting, hosts: Hosts, freeze: rooms.Freeze, now: int) -> Reply | None:
    """Return the decision to ask a service account first when the person's meeting has no numbers; None to keep it.

    The meeting is kept until the other one is there; nobody is shown it meanwhile.
    """
    host = hosts.after(room) if room.options.numbers and room.host.oid == room.starter.oid else None
    if meeting.dial_in is not None or room.meeting is not None or host is None or room.state is not RoomState.OPENING:
        return None
    reply = hosted_by(replace(room, meeting=meeting), host, freeze, now)
    return replace(reply, effects=(*reply.effects, _remembered(room, now)))


def as_before(room: Room) -> Room:
    """Return the room with the person as the host again, whose meeting was kept."""
    return replace(room, host=room.starter)


def _remembered(room: Room, now: int) -> SaveNote:
    return SaveNote(room.tenant, no_numbers_key(room.host.oid), "", now + NUMBERLESS_FOR, about_host(room))


def about_host(room: Room) -> str:
    """Return whom a note about a room's host is about: the person themselves, or "" for a service account.

    Of those there are few, and everybody's decisions ask about them.
    """
    return room.host.oid if room.host.oid == room.starter.oid else ""
