"""What Graph tells about a call of ours: whose it is, and one decision about its room (ENGINE R22)."""

from __future__ import annotations

from collections.abc import Sequence

from bot.decisions import View
from bot.leases import Settled
from bot.ports import Decide
from bot.store import rows
from bot.store.effects import Applying, take
from bot.store.settling import by_key, decided
from bot.store.statements import Operation, Rows, side_by_side

CALLS_KEPT = 48 * 3_600_000
"""ms for which a call's nonce is known: far longer than people are rung."""


def tenant_of(nonce: str) -> Operation[str]:
    """Return the tenant of the call with this nonce, "" for a nonce that nobody made."""
    found = yield "call_find", {"nonce": nonce}
    return str(found[0]["tenant"]) if found else ""


def heard(at: Applying, nonce: str, decide: Decide) -> Operation[Settled]:
    """Decide about the room of a call; `stale` when there is no such call any more."""
    found = yield "call_find", {"nonce": nonce}
    if not found:
        return Settled(stale=True)
    asked = [
        ("room_find", {"room_id": found[0]["room_id"]}),
        ("notes_find", {"tenant": found[0]["tenant"], "about": "", "who": "", "now": at.now}),
    ]
    read = yield from side_by_side(asked)
    reply = yield from decided(at, asked, read, lambda read: _view(at, read), decide)
    return Settled(stale=False, reply=reply, work=(yield from take(at)))


def _view(at: Applying, read: Sequence[Rows]) -> Operation[View]:
    rooms, noted = read
    room = rows.read_room(rooms[0]) if rooms else None
    chat = (yield from at.known.chat(room.tenant, room.home_thread)) if room else None
    return View(now=at.now, fresh_id=at.fresh_id, chat=chat, room=room, notes=by_key(noted))


def sweep(now: int) -> Operation[None]:
    """Forget the nonces of calls that are long over."""
    yield "calls_sweep", {"before": now - CALLS_KEPT}
