"""Meetings that nobody saw: found if need be, and deleted for as long as it takes (ENGINE R6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from bot import rooms
from bot.backoff import delay
from bot.decisions import DropTimer, Reply, SetTimer
from bot.errors import MeetingsError, NotNow, Refused, SignInNeeded
from bot.leases import TimerClaim
from bot.model import FrozenRequest, Meeting, Person, Room
from bot.ports import Calendar, Chance, Clock, Decide, Meetings

DELETE_WAIT, LONGEST_DELETE_WAIT = 5.0, 600.0
"""Seconds by which the wait between two tries to delete a meeting nobody saw grows, and how long it gets."""


@dataclass(frozen=True, slots=True)
class Deleting:
    """One run of a delete timer. `report` writes into the admin's log what stays behind."""

    meetings: Meetings
    calendar: Calendar | None
    clock: Clock
    chance: Chance
    report: Callable[[Room, MeetingsError, str], None]

    async def run(self, claim: TimerClaim) -> Decide:
        """Delete a meeting nobody saw, after finding it if need be; keep trying for a day, and then say so."""
        timer, payload = claim.timer, claim.timer.payload
        reference = claim.room.reference if claim.room else ""
        if claim.paused_until > self.clock.now():
            before = replace(timer, due_at=claim.paused_until, attempts=timer.attempts - 1)
            return lambda _: Reply((SetTimer(before),), "paused")
        try:
            meeting_id, event_id = payload.get("meeting_id", ""), payload.get("event_id", "")
            if not (meeting_id or event_id):
                found = await self._found(claim, reference)
                meeting_id, event_id = found.id, found.event_id
            where = timer.tenant, payload["organizer_oid"]
            if event_id and self.calendar is not None:
                await self.calendar.remove(*where, event_id, reference=reference, by=_undoes(claim))
            else:
                await self.meetings.delete(*where, meeting_id, reference=reference, by=_undoes(claim))
        except (NotNow, SignInNeeded) as error:  # whose sign-in has ended may sign in again
            until = payload.setdefault("until", timer.due_at + rooms.UNDO_FOR)  # the release before did not say
            if self.clock.now() >= until:
                return self._left_behind(claim, error)
            grown = min(LONGEST_DELETE_WAIT, DELETE_WAIT * timer.attempts)
            wish = error.retry_after if isinstance(error, NotNow) else None
            wait = max(grown, delay(timer.attempts, wish, self.chance.fraction()))
            return lambda view: Reply(
                (SetTimer(replace(timer, due_at=view.now + int(wait * 1000))),), "not deleted yet"
            )
        except Refused as error:
            return self._left_behind(claim, error)
        return lambda _: Reply((DropTimer(timer.timer_key),), "deleted")

    async def _found(self, claim: TimerClaim, reference: str) -> Meeting:
        request = FrozenRequest(**claim.timer.payload["request"])
        return await self.meetings.make(claim.timer.tenant, request, reference=reference, by=_undoes(claim))

    def _left_behind(self, claim: TimerClaim, error: MeetingsError) -> Decide:
        if claim.room is not None:
            self.report(claim.room, error, "meeting.left_behind")
        return lambda _: Reply(outcome="left behind")


def _undoes(claim: TimerClaim) -> Person | None:
    """Return whose permission undoes what an attempt may have made: it says by whose it was made."""
    by_person = claim.timer.payload.get("by_person") and claim.room is not None
    return claim.room.starter if by_person and claim.room else None
