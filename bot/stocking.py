"""What the timer of a spare does: a service account makes a meeting that nobody waits for (EXPERIENCE 1.5)."""

from __future__ import annotations

import logging
from dataclasses import replace

from bot import spares
from bot.commands.command import Policy
from bot.decisions import Reply, SetTimer
from bot.errors import MeetingsError, Refused
from bot.leases import TimerClaim
from bot.observe import Event, Observer
from bot.ports import Clock, Decide, Meetings

WAIT_MS, MOST_WAITS = 60_000, 30
"""How much longer the reserve waits after each try in vain, in ms, and how many times that at most."""


async def stock(claim: TimerClaim, meetings: Meetings, policy: Policy, clock: Clock, observe: Observer) -> Decide:
    """Freeze the request, then make the meeting; trouble only makes it later, a refusal begins anew."""
    timer, request = claim.timer, spares.request_of(claim.timer)
    if request is None:
        return lambda view: spares.prepared(timer, view, policy.hosts, policy.freeze)
    if claim.paused_until > clock.now():
        return lambda _: Reply((SetTimer(replace(timer, due_at=claim.paused_until)),), "paused")
    try:
        meeting = await meetings.make(timer.tenant, request, reference="")
    except MeetingsError as error:
        observe(Event("spare.not_made", {"tenant": timer.tenant, "status": error.status}, logging.WARNING))
        later = replace(timer, payload={}) if isinstance(error, Refused) else timer
        wait = WAIT_MS * min(timer.attempts, MOST_WAITS)
        return lambda view: Reply((SetTimer(replace(later, due_at=view.now + wait)),), "not made")
    return lambda view: spares.stocked(timer, meeting, view.now)
