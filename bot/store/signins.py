"""Exchanges of sign-ins, and the turns that wait for them (ENGINE R13)."""

from __future__ import annotations

import hashlib

from bot.decisions import Record
from bot.leases import Exchange
from bot.messages import Message
from bot.model import Turn
from bot.store import auditing, rows
from bot.store.statements import Operation, Terms, Value
from bot.store.telling import tell

GOES_ON = 300_000
"""ms for which a request that waited may still run: best before, as for a new one (ENGINE R6)."""
LEASE = 5_000
"""ms after which an exchange that was begun and never ended is begun anew: trading a token twice is harmless."""
DONE_KEPT, REFUSED_KEPT = 900_000, 60_000
"""ms for which every further copy of an exchange hears how it ended."""


def begin(terms: Terms, key: tuple[str, str, str], now: int) -> Operation[Exchange]:
    """Take the exchange, or say whose it is or how it ended; `key` is tenant, person and exchange."""
    named: dict[str, Value] = dict(zip(("tenant", "user_oid", "exchange_id"), key, strict=True))
    until = now + min(LEASE, terms.lease_ms)
    if (yield "signin_begin", {**named, "until": until, "expires_at": now + DONE_KEPT, "now": now}):
        return Exchange.OURS
    found = yield "signin_find", named
    states = {"done": Exchange.DONE, "refused": Exchange.REFUSED}
    return states.get(found[0]["state"], Exchange.THEIRS) if found else Exchange.THEIRS


def end(key: tuple[str, str, str], now: int, *, done: bool | None) -> Operation[None]:
    """Write how it ended; when it is done, what waited for the person runs. None: nobody knows, the next copy asks."""
    tenant, user_oid, exchange_id = key
    who: dict[str, Value] = {"tenant": tenant, "user_oid": user_oid}
    kept = {True: DONE_KEPT, False: REFUSED_KEPT, None: 0}[done]
    state = "done" if done else "refused"
    yield "signin_end", {**who, "exchange_id": exchange_id, "state": state, "expires_at": now + kept}
    if done:
        yield "turns_go_on", {**who, "now": now, "until": now + GOES_ON}
        yield auditing.insert(
            Record(tenant, user_oid, "sign in"), now, hashlib.sha256("|".join(key).encode()).hexdigest()
        )


def failed(terms: Terms, tenant: str, user_oid: str, now: int, *, account: bool) -> Operation[None]:
    """Plan the sign-in through the browser for each turn that waits for this person, once for each reason."""
    for row in (yield "turns_waiting", {"tenant": tenant, "user_oid": user_oid, "now": now}):
        turn = rows.read_turn(row)
        key = f"whisper|{turn.turn_key}|{'account' if account else 'browser'}"
        why = {"account": "yes"} if account else {}
        yield from tell(terms, turn, "sign-in", now, key=key, **turn.data, **why, browser="yes")


def park(turn: Turn) -> Operation[None]:
    """Write a turn that waits for its person; one of its key waits already: nothing."""
    fate: dict[str, Value] = {
        "original_key": turn.turn_key,
        "state": "waiting",
        "outcome": "",
        "due_at": turn.received_at,
    }
    free: dict[str, Value] = {"attempts": 0, "lease_owner": "", "lease_until": 0, "fence": 0}
    yield "turn_insert", {**rows.turn_params(turn), **free, **fate}


def card_of(room_id: str, thread_id: str) -> Operation[Message | None]:
    """Read the card that shows a room in a chat."""
    found = yield "card_of", {"room_id": room_id, "thread_id": thread_id}
    return rows.read_message(found[0]) if found else None


def sweep(now: int) -> Operation[None]:
    """Let go of what has waited long enough."""
    yield "turns_waited_out", {"now": now}
    yield "signins_sweep", {"now": now}
