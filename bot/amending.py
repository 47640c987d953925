"""What became of a room is told to Graph: its lobby shut or opened, its times, its name (ENGINE R8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from bot import ending, ways
from bot.backoff import delay
from bot.decisions import Reply, View
from bot.ending import Amendment
from bot.errors import MeetingsError, NotNow, Refused
from bot.leases import TimerClaim
from bot.model import Meeting, Room, RoomState
from bot.ports import Chance, Clock, Decide, Meetings

WAIT, LONGEST_WAIT = 5.0, 600.0
"""Seconds by which the wait between two tries grows, and how long it gets."""
WHILE_OPENING = 5_000
"""ms after which a room that is still opening is looked at again."""


@dataclass(frozen=True, slots=True)
class Amending:
    """One run of an amend timer. `report` writes what Graph refused into the admin's log."""

    meetings: Meetings
    clock: Clock
    chance: Chance
    report: Callable[[Room, MeetingsError, str], None]

    async def run(self, claim: TimerClaim) -> Decide:
        """Tell Graph what its meeting lacks, and return the decision about its answer."""
        room, what = claim.room, claim.timer.payload["what"]
        if room is None:
            return lambda _: Reply(outcome="no room")
        if room.state is RoomState.OPENING:
            return self._later(claim, self.clock.now() + WHILE_OPENING, 0)
        if claim.paused_until > self.clock.now():
            return self._later(claim, claim.paused_until, claim.timer.attempts - 1)
        asked = ending.amendment(room, what)
        if asked is None and room.state is not RoomState.ENDED:
            return lambda _: Reply(outcome="nothing lacks")
        if asked is None:
            return _with_room(lambda found, _: ending.not_amended(found, what))
        return await self._ask(claim, room, asked)

    async def _ask(self, claim: TimerClaim, room: Room, asked: Amendment) -> Decide:
        timer, what = claim.timer, claim.timer.payload["what"]
        try:
            answer = await self._update(room, asked)
        except NotNow as error:
            self.report(room, error, "graph.not_now")
            grown = min(LONGEST_WAIT, WAIT * timer.attempts)
            wait = max(grown, delay(timer.attempts, error.retry_after, self.chance.fraction()))
            due_at = self.clock.now() + int(wait * 1000)
            if due_at < timer.payload["until"]:
                return self._later(claim, due_at, timer.attempts)
        except Refused as error:
            self.report(room, error, "graph.not_amended")
        else:
            return _with_room(lambda found, view: ending.amended(found, asked, answer, what, view.now))
        return _with_room(lambda found, _: ending.not_amended(found, what))

    async def _update(self, room: Room, asked: Amendment) -> Meeting:
        """Return the meeting as it is now; what only its event knows is kept."""
        meeting = replace(asked.meeting, organizer_oid=asked.meeting.organizer_oid or room.host.oid)
        answer = await self.meetings.update(
            room.tenant,
            meeting,
            asked.options,
            reference=room.reference,
            by=ways.by_whom(room),
            language=room.request.language,
            basics=asked.basics,
        )
        return replace(answer, event_id=meeting.event_id, dial_in=answer.dial_in or meeting.dial_in)

    @staticmethod
    def _later(claim: TimerClaim, due_at: int, attempts: int) -> Decide:
        what, until = claim.timer.payload["what"], claim.timer.payload["until"]
        return _with_room(
            lambda found, _: Reply((ending.amend_timer(found, what, due_at, attempts, until),), "not amended yet")
        )


def _with_room(decide: Callable[[Room, View], Reply]) -> Decide:
    return lambda view: decide(view.room, view) if view.room else Reply(outcome="no room")
