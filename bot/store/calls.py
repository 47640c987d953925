"""Who is in a room's calls and by which subscription we hear of it, as rows and back (ENGINE R20, R21)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from bot.calls import Stay, Watched, WatchKey, WatchState, called_key
from bot.decisions import SaveAttendance, View
from bot.model import Room, Timer, TimerKind, Turn
from bot.store import rows
from bot.store.claims import Known, find_room
from bot.store.statements import Operation, Row, Value, side_by_side

WATCHING = frozenset({TimerKind.SUBSCRIBE, TimerKind.RENEW})
"""The timers whose decisions are about a subscription."""
LONGEST_WATCH = 3 * 86_400_000
"""ms that a subscription lives at most (facts/graph 6)."""


def watch_params(watched: Watched) -> dict[str, Value]:
    """Return a subscription's columns."""
    return {
        "room_id": watched.room_id,
        "tenant": watched.tenant,
        "mark": watched.mark,
        "key_id": watched.key_id,
        "version": watched.version,
        "state": watched.state.value,
        "subscription_id": watched.subscription_id,
        "expires_at": watched.expires_at,
    }


def key_params(key: WatchKey) -> dict[str, Value]:
    """Return a key pair's columns."""
    return {
        "key_id": key.key_id,
        "certificate": key.certificate,
        "sealed": key.sealed,
        "serves_until": key.serves_until,
    }


def save_attendance(effect: SaveAttendance) -> Operation[None]:
    """Write who is and was in a room's calls."""
    known: dict[str, Value] = {"room_id": effect.room_id, "attendance": rows.attendance_text(effect.attendance)}
    stays = [("stay_save", _stay_params(effect.room_id, stay)) for stay in effect.changed]
    yield from side_by_side([("attendance_save", known), *stays])


def _stay_params(room_id: str, stay: Stay) -> dict[str, Value]:
    params: dict[str, Value] = {name: getattr(stay, name) for name in Stay.__dataclass_fields__}
    return {**params, "room_id": room_id, "phone": int(stay.phone)}


def view(known: Known, now: int, fresh_id: str, room_id: str) -> Operation[View]:
    """Return what a decision about a room's call may look at."""
    room = yield from find_room(room_id)
    chat = (yield from known.chat(room.tenant, room.home_thread)) if room else None
    stays = yield from stays_of(room)
    watched = yield from watch_of(room)
    return View(now=now, fresh_id=fresh_id, chat=chat, room=room, stays=stays, watched=watched)


def with_watch(view: View, timer: Timer) -> Operation[View]:
    """Return the view with the room's subscription, and the key that a new one would have."""
    found = yield "watch_of", {"room_id": timer.subject}
    serving = yield "key_serving", {"now": view.now}
    key = _key(serving[0]) if serving else None
    return replace(view, watched=_watched(found[0]) if found else None, key=key)


def stays_of(room: Room | None) -> Operation[tuple[Stay, ...]]:
    """Read who was in a room's calls."""
    if room is None:
        return ()
    found = yield "roster_of", {"room_id": room.room_id}
    names = tuple(Stay.__dataclass_fields__)
    return tuple(replace(Stay(**{name: row[name] for name in names}), phone=bool(row["phone"])) for row in found)


def watch_of(room: Room | None) -> Operation[Watched | None]:
    """Read a room's subscription."""
    found = (yield "watch_of", {"room_id": room.room_id}) if room else []
    return _watched(found[0]) if found else None


def told(view: View, turn: Turn) -> Operation[View]:
    """Return the view with the room whose call Teams tells of, who was in it, and its subscription."""
    room = yield from _called(turn, view.notes)
    stays = yield from stays_of(room)
    return replace(view, room=room, stays=stays, watched=(yield from watch_of(room)))


def _called(turn: Turn, notes: Mapping[str, str]) -> Operation[Room | None]:
    """Return the room whose call Teams tells of: by its link, or by the meeting that was told with its link before."""
    room_id = notes.get(called_key(turn.data.get("meeting", "")), "")
    if link := turn.data.get("link"):
        digest = hashlib.sha256(link.encode()).hexdigest()
        found = yield "room_by_link", {"tenant": turn.chat.tenant, "join_hash": digest}
        room_id = found[0]["room_id"] if found else ""
    if room_id:
        yield "room_lock", {"room_id": room_id}
    return (yield from find_room(room_id))


def find_watch(subscription_id: str, mark: str) -> Operation[Watched | None]:
    """Read a subscription by its id; one whose answer has not come yet by the hash of its clientState."""
    found = yield "watch_find", {"subscription_id": subscription_id, "mark": mark}
    return _watched(found[0]) if found else None


def find_key(key_id: str) -> Operation[WatchKey | None]:
    """Read a key pair."""
    found = yield "key_find", {"key_id": key_id}
    return _key(found[0]) if found else None


def sweep(now: int, before: int, most: int) -> Operation[None]:
    """Delete rosters from `before` (ms UTC), and what has expired long ago."""
    yield "roster_sweep", {"before": before, "most": most}
    yield "watches_sweep", {"before": now - LONGEST_WATCH}
    yield "keys_sweep", {"before": now - LONGEST_WATCH}


def _watched(row: Row) -> Watched:
    names = ("room_id", "tenant", "mark", "key_id", "version", "subscription_id", "expires_at")
    return Watched(**{name: row[name] for name in names}, state=WatchState(row["state"]))


def _key(row: Row) -> WatchKey:
    return WatchKey(row["key_id"], row["certificate"], row["sealed"], row["serves_until"])
