"""A meeting that stands in the calendar: may it, is it made, has Outlook filled it in (facts/graph 4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from bot import meeting_options, patching, ways
from bot.backoff import delay
from bot.deciding import with_room
from bot.decisions import Reply, View
from bot.errors import CalendarWithoutTeams, MeetingsError, NotNow, Refused
from bot.leases import TimerClaim
from bot.model import Meeting, Room, RoomState
from bot.ports import Calendar, Chance, Decide, Meetings


@dataclass(frozen=True, slots=True)
class Outlook:
    """Events as meetings. `report` writes what Graph refused into the admin's log."""

    meetings: Meetings
    calendar: Calendar
    chance: Chance
    report: Callable[[Room, MeetingsError, str], None]

    async def make(self, room: Room) -> Meeting:
        """Make the event and return it as a meeting, without a link where Outlook has none yet.

        Raises NotNow or Refused, CalendarWithoutTeams where the host's calendar has no Teams meetings.
        """
        by = ways.by_whom(room)
        if not await self.calendar.allows_teams(room.tenant, room.host.oid, reference=room.reference, by=by):
            raise CalendarWithoutTeams("this calendar's allowedOnlineMeetingProviders has no Teams")
        event = await self.meetings.make(room.tenant, room.request, reference=room.reference, by=by)
        return await self._as_meeting(room, event)

    async def run(self, claim: TimerClaim) -> Decide:
        """Look whether Outlook has filled in the link by now."""
        room, attempts = claim.room, claim.timer.attempts
        if room is None or room.state is not RoomState.OPENING or room.meeting is None:
            return lambda _: Reply(outcome="overtaken")
        by, event_id = ways.by_whom(room), room.meeting.event_id
        try:
            read = await self.calendar.read(room.tenant, room.host.oid, event_id, reference=room.reference, by=by)
            meeting = await self._as_meeting(room, read)
        except NotNow as error:
            self.report(room, error, "graph.not_now")
            meeting = room.meeting
        except Refused as error:
            self.report(room, error, "graph.refused")
            refused = error
            return with_room(lambda found, view, told: patching.not_filled_in(found, refused, view, told))
        wait = int(1000 * delay(attempts, None, self.chance.fraction()))

        def decide(found: Room, view: View, told: str) -> Reply:
            if not meeting.join_url:
                return patching.not_filled_in_yet(found, meeting, view.now + wait, attempts)
            return patching.made(replace(found, meeting=None), meeting, view, told)

        return with_room(decide)

    async def _as_meeting(self, room: Room, event: Meeting) -> Meeting:
        """Return the event's online meeting, so that its lobby can be set; the event as it is where there is none.

        Raises NotNow where the lobby has to be set first: asked again, the event is the same (ENGINE R4).
        """
        if not event.join_url:
            return event
        found: Meeting | None = None
        try:
            found = await self.meetings.find(
                room.tenant,
                event.join_url,
                organizer_oid=room.host.oid,
                reference=room.reference,
                by=ways.by_whom(room),
                language=room.request.language,
            )
        except MeetingsError as error:
            self.report(room, error, "graph.event_not_found")
            if isinstance(error, NotNow) and not meeting_options.as_private_as_asked(room.options, event):
                error.unclear = True  # the event is there, to be undone
                raise
            # Else people can meet all the same.
        if found is None:
            return event
        return replace(found, event_id=event.event_id, dial_in=found.dial_in or event.dial_in)
