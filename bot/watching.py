"""The subscription by which we hear of a room's calls: its row, its renewal, its end (ENGINE R20). Pure.

A run of the subscribe timer is one of: see whether it is wanted and write the row, ask Graph. Every time is ms UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from bot.calls import Watched, WatchKey, WatchState
from bot.decisions import (
    DropWatch,
    Effect,
    Reply,
    SaveAttendance,
    SaveKey,
    SaveNote,
    SaveRoom,
    SaveWatch,
    SetTimer,
    View,
)
from bot.errors import Refused
from bot.model import Room, RoomState, Timer, TimerKind
from bot.occupancy import REOPENS_WITHIN

LIFE = 86_400_000
"""ms that a subscription is asked for; Graph gives three days at most (facts/graph 6)."""
RENEWED_BEFORE = 7_200_000
"""ms before its end at which a subscription is renewed."""
EARLY = 900_000
"""ms before a planned start at which it is subscribed to (ENGINE R20)."""
REFUSED_FOR = 3_600_000
"""ms for which it is remembered that a tenant does not allow it."""
AT_ONCE = 5_000
"""ms after which somebody may have come in before we were told of it: only later calls are reported (ENGINE R20)."""
TRIES = 8
"""How often Graph is asked before the card goes on without."""
BAD_REQUEST, NOT_FOUND = 400, 404
REFUSED = "watch refused"
VERSION = "watch version"
VERSIONS = ("beta", "v1.0")
"""Documented in beta; v1.0 has the type, and was seen to refuse the resource (facts/graph 6)."""
WATCHED_STATES = frozenset({RoomState.SCHEDULED, RoomState.OPEN, RoomState.LIVE, RoomState.EMPTY})


def begun(reply: Reply, view: View) -> Reply:
    """Return the reply with the timer that subscribes, where it gives a room the link of its meeting."""
    before = view.room
    for effect in reply.effects:
        if isinstance(effect, SaveRoom) and before is not None and before.state not in WATCHED_STATES:
            room = effect.room
            if room.state in WATCHED_STATES and room.meeting is not None:
                due_at = max(view.now, room.starts_at - EARLY) if room.state is RoomState.SCHEDULED else view.now
                return replace(reply, effects=(*reply.effects, subscribe_timer(room.tenant, room.room_id, due_at)))
    return reply


def subscribe_timer(tenant: str, room_id: str, due_at: int, **payload: Any) -> SetTimer:  # noqa: ANN401 - any JSON
    """Return the timer that subscribes to a room's calls."""
    key = f"subscribe|{room_id}"
    return SetTimer(Timer(key, TimerKind.SUBSCRIBE, tenant, room_id, due_at, payload))


def renew_timer(tenant: str, room_id: str, due_at: int, **payload: Any) -> SetTimer:  # noqa: ANN401 - any JSON
    """Return the timer that renews a room's subscription, or ends it when its room has ended for good."""
    return SetTimer(Timer(f"renew|{room_id}", TimerKind.RENEW, tenant, room_id, due_at, payload))


def packed(watched: Watched) -> dict[str, Any]:
    """Return a subscription as JSON values, for a timer."""
    return asdict(watched)


def unpacked(payload: dict[str, Any]) -> Watched:
    """Return the subscription that a timer carries."""
    return Watched(**{**payload, "state": WatchState(payload["state"])})


def prepared(view: View, fresh: WatchKey | None, mark: str) -> Reply:
    """Write the subscription's row before Graph is asked for it, which may validate and notify before it answers.

    Without a key that serves, and without a `fresh` one, the timer comes back for one.
    """
    room, key = view.room, view.key or fresh
    if room is None or room.state not in WATCHED_STATES or room.meeting is None:
        return Reply(outcome="not wanted any more")
    if REFUSED in view.notes:
        return Reply(outcome="refused before")
    if key is None:
        return Reply((subscribe_timer(room.tenant, room.room_id, view.now, make_key=True),), "key wanted")
    version = view.notes.get(VERSION, VERSIONS[0])
    row = Watched(room.room_id, room.tenant, mark, key.key_id, version, expires_at=view.now + LIFE)
    kept = () if view.key else (SaveKey(key),)
    ask = subscribe_timer(room.tenant, room.room_id, view.now, certificate=key.certificate, watched=packed(row))
    return Reply((*kept, SaveWatch(row), ask), "prepared")


def subscribed(view: View, made: Watched, *, adopted: bool = False) -> Reply:
    """Graph made the subscription, or had it already (C9): kept, and renewed in time."""
    renewal = renew_timer(made.tenant, made.room_id, made.expires_at - RENEWED_BEFORE)
    known = SaveNote(made.tenant, VERSION, made.version, view.now + LIFE)
    learned = (known,) if made.version != view.notes.get(VERSION, VERSIONS[0]) else ()
    room = view.room
    at_once = room is not None and room.opened_at is not None and view.now - room.opened_at < AT_ONCE
    heard = (SaveAttendance(made.room_id, replace(room.attendance, heard=True)),) if room and at_once else ()
    return Reply((SaveWatch(made), renewal, *learned, *heard), "adopted" if adopted else "subscribed")


def refused(view: View, asked: Watched, error: Refused, certificate: str, tried: Sequence[str]) -> Reply:
    """A definite no: asked once in the other version, then remembered for the tenant; the card stays as it is."""
    other = next((version for version in VERSIONS if version not in (asked.version, *tried)), None)
    if other and error.status in {BAD_REQUEST, NOT_FOUND}:
        row = replace(asked, version=other)
        payload = {"certificate": certificate, "watched": packed(row), "tried": [*tried, asked.version]}
        return Reply((SaveWatch(row), subscribe_timer(row.tenant, row.room_id, view.now, **payload)), "other version")
    note = SaveNote(asked.tenant, REFUSED, "", view.now + REFUSED_FOR)
    return Reply((DropWatch(asked.room_id), *_deaf(view.room), note), "refused")


def not_now(timer: Timer, due_at: int) -> Reply:
    """Not done or unclear: tried again a few times, each time looking first for what may be there already (C9)."""
    if timer.attempts >= TRIES and timer.kind is TimerKind.SUBSCRIBE:  # a renewal is tried until there is none
        return Reply((DropWatch(timer.subject),), "given up")
    return Reply((SetTimer(replace(timer, due_at=due_at)),), "later")


def due(view: View, fresh: WatchKey | None) -> Reply:
    """Renew the subscription of a room that may go on, under the newest key; end it where the room has ended."""
    room, watched, key = view.room, view.watched, view.key or fresh
    if watched is None or not watched.subscription_id:
        return Reply(outcome="no subscription")
    tenant, room_id = watched.tenant, watched.room_id
    if room is None or (room.ended_at is not None and view.now - room.ended_at >= REOPENS_WITHIN):
        return Reply((renew_timer(tenant, room_id, view.now, ended=packed(watched)),), "ending")
    if key is None:
        return Reply((renew_timer(tenant, room_id, view.now, make_key=True),), "key wanted")
    kept = () if view.key else (SaveKey(key),)
    longer = packed(replace(watched, key_id=key.key_id, expires_at=view.now + LIFE))
    ask = renew_timer(tenant, room_id, view.now, certificate=key.certificate, watched=longer)
    return Reply((*kept, ask), "renewing")


def renewed(made: Watched) -> Reply:
    """The subscription lives on."""
    return Reply((SaveWatch(made), renew_timer(made.tenant, made.room_id, made.expires_at - RENEWED_BEFORE)), "renewed")


def over(watched: Watched) -> Reply:
    """Nothing is told any more."""
    return Reply((DropWatch(watched.room_id),), "unsubscribed")


def gone(view: View, watched: Watched) -> Reply:
    """There is no such subscription any more: subscribed anew while the room goes on."""
    room, dropped = view.room, DropWatch(watched.room_id)
    if room is None or room.state not in WATCHED_STATES:
        return Reply((dropped,), "gone")
    return Reply((dropped, *_deaf(room), subscribe_timer(room.tenant, room.room_id, view.now)), "subscribing anew")


def _deaf(room: Room | None) -> tuple[Effect, ...]:
    """Return that somebody may come in from now on of whom nobody is told."""
    if room is None or not room.attendance.heard:
        return ()
    return (SaveAttendance(room.room_id, replace(room.attendance, heard=False)),)


def lifecycle(view: View, event: str) -> Reply:
    """What Graph says of the subscription itself is only a reason to ask Graph (ENGINE 4)."""
    watched = view.watched
    if watched is None or not watched.subscription_id:
        return Reply(outcome="no subscription")
    if event in {"reauthorizationRequired", "subscriptionRemoved"}:
        return Reply((renew_timer(watched.tenant, watched.room_id, view.now),), event)
    return Reply(outcome="unknown")


def early(view: View, subscription_id: str, expires_at: int) -> tuple[Effect, ...]:
    """Return what is learned of a subscription that notifies before the answer to its creation came."""
    watched = view.watched
    if watched is None or watched.subscription_id:
        return ()
    there = replace(watched, state=WatchState.ACTIVE, subscription_id=subscription_id, expires_at=expires_at)
    return (SaveWatch(there),)
