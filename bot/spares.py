"""Meetings in reserve: service accounts keep some ready for topics that are opened while Graph stalls (EXPERIENCE 1.5).

A spare is a note of its tenant, so taking one is part of the transaction that opens the room. Pure; times are ms UTC.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from bot import meeting_options, patching, rooms
from bot.decisions import DropTimer, Effect, Reply, SaveNote, SaveRoom, SetTimer, TakeNote, View
from bot.hosts import Hosts
from bot.model import Binding, DialIn, FrozenRequest, Meeting, MeetingRequest, Person, Room, RoomState, Timer, TimerKind

KEPT = 30 * 86_400_000
"""ms for which a spare is kept; Graph forgets an unused meeting 60 days after its end (facts/graph 1.2)."""
STALLS_AFTER = 1_500
"""ms without an answer after which Graph stalls."""
LOOKED_AGAIN = 3_600_000
"""ms after which a request looks again whether the reserve is complete."""
BOOKED = 3_600_000
"""ms for which a spare is booked; people can come in later all the same."""
_LOOKED = "spares looked at"
_KEY = "spare|"


def there(notes: Mapping[str, str]) -> list[tuple[str, Person, Meeting]]:
    """Return the spares of a tenant: the note's key, the host, the meeting."""
    return [(key, *_read(value)) for key, value in sorted(notes.items()) if key.startswith(_KEY)]


def watched(room: Room, notes: Mapping[str, str], now: int) -> tuple[Effect, ...]:
    """Return the timer that looks whether Graph stalls; only a topic takes a spare, and only where there is one."""
    if not room.topic.startswith("#") or not there(notes):
        return ()
    return (SetTimer(Timer(_stall_key(room), TimerKind.STALL, room.tenant, room.room_id, now + STALLS_AFTER)),)


def completed(count: int, tenant: str, notes: Mapping[str, str], now: int) -> tuple[Effect, ...]:
    """Return the timers that make what is missing of `count` spares; looked at once an hour."""
    if not count or _LOOKED in notes:
        return ()
    missing = [slot for slot in range(count) if f"{_KEY}{slot}" not in notes]
    looked = SaveNote(tenant, _LOOKED, "", now + LOOKED_AGAIN)
    return (looked, *(SetTimer(_timer(tenant, f"{_KEY}{slot}", now)) for slot in missing))


def prepared(timer: Timer, view: View, hosts: Hosts, freeze: rooms.Freeze) -> Reply:
    """Freeze what Graph is asked for one spare, before it is asked (ENGINE R1); drops what has been kept too long."""
    host = next(iter(Hosts(hosts.service, requester=False).of(Person(""), timer.tenant, timer.timer_key)), None)
    if host is None:
        return Reply(outcome="no service account")
    starts_at = view.now - view.now % 1000
    request = MeetingRequest(f"spare-{view.fresh_id}", "Meeting", starts_at, starts_at + BOOKED)
    payload = {"host": host.oid, "request": asdict(freeze(host.oid, request))}
    forgotten = SaveNote(timer.tenant, timer.subject, "", view.now)
    return Reply((forgotten, SetTimer(replace(timer, payload=payload, due_at=view.now, attempts=0))), "prepared")


def request_of(timer: Timer) -> FrozenRequest | None:
    """Return what a spare's timer asks Graph for; None before it is frozen."""
    return FrozenRequest(**timer.payload["request"]) if "request" in timer.payload else None


def stocked(timer: Timer, meeting: Meeting, now: int) -> Reply:
    """Keep a meeting that was made; it is replaced when its time is over."""
    value = json.dumps({"host": timer.payload["host"], "meeting": asdict(replace(meeting, invited=(), join_text=""))})
    until = min(now + KEPT, meeting.expires_at or now + KEPT)
    note = SaveNote(timer.tenant, timer.subject, value, until)
    return Reply((note, SetTimer(_timer(timer.tenant, timer.subject, until))), "stocked")


def taken(room: Room, view: View, whisper_id: str) -> Reply | None:
    """Opening → open with a spare, used once and then replaced; None when none is there or none is private enough."""
    if room.state is not RoomState.OPENING or room.meeting is not None or not room.topic.startswith("#"):
        return None
    if view.now >= room.give_up_at:
        return None
    for key, host, meeting in there(view.notes):
        if not meeting_options.as_private_as_asked(room.options, meeting):
            continue
        hosted = replace(room, host=host, bind_thread="")
        shown = patching.shown(hosted, meeting, view, whisper_id)
        effects = tuple(
            SaveRoom(replace(effect.room, binding=Binding.RESERVE)) if isinstance(effect, SaveRoom) else effect
            for effect in shown.effects
        )
        used = TakeNote(room.tenant, key, view.notes[key])
        refill = SetTimer(_timer(room.tenant, key, view.now))
        stall = DropTimer(_stall_key(room))
        return Reply((used, *effects, refill, stall, *rooms.undone(room, view.now)), "open from reserve")
    return None


def _stall_key(room: Room) -> str:
    return f"stall|{room.room_id}"


def _timer(tenant: str, key: str, due_at: int) -> Timer:
    return Timer(f"{key}|{tenant}", TimerKind.SPARE, tenant, key, due_at)


def _read(value: str) -> tuple[Person, Meeting]:
    said: dict[str, Any] = json.loads(value)
    meeting = said["meeting"]
    dial_in = meeting["dial_in"]
    if dial_in is not None:
        numbers = {name: tuple(dial_in[name]) for name in ("toll_numbers", "toll_free_numbers")}
        dial_in = DialIn(**{**dial_in, **numbers})
    return Person("", said["host"]), Meeting(**{**meeting, "dial_in": dial_in, "invited": ()})
