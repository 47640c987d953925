"""What is told of work that is done: how it ended and how long it took."""

from __future__ import annotations

from bot.leases import Settled, TimerClaim, TurnClaim
from bot.model import RoomState
from bot.observe import Event, Value


def turn(claim: TurnClaim, settled: Settled, ms: int) -> Event:
    """Return the event of a turn that was decided; `ms` is how long that took."""
    about = {"ref": claim.turn.reference, "tenant": claim.turn.chat.tenant, "kind": claim.turn.kind}
    return Event("turn.done", {**about, "outcome": _outcome(settled), "ms": ms})


def timer(claim: TimerClaim, settled: Settled, ms: int, now: int) -> Event:
    """Return the event of a timer that ran; one that opened a meeting says how long people waited since they asked."""
    about, outcome = claim.turn or claim.room, _outcome(settled)
    waited = now - claim.room.created_at if claim.room and outcome == RoomState.OPEN else None
    fields: dict[str, Value] = {
        "ref": about.reference if about else "",
        "kind": claim.timer.kind,
        "outcome": outcome,
        "ms": ms,
        "since_asked_ms": waited,
    }
    return Event("timer.done", fields)


def _outcome(settled: Settled) -> str:
    return settled.reply.outcome if settled.reply else "stale"
