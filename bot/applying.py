"""What the patch timer does: Graph sets the options of a meeting, before its link is shown or after (ENGINE R4)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from bot import meeting_options, patching, ways
from bot.backoff import delay
from bot.deciding import with_room
from bot.decisions import Reply, View
from bot.errors import MeetingsError, NotDone, NotNow, Refused, SendError, SignInNeeded, Unclear
from bot.leases import TimerClaim
from bot.model import NO_OPTIONS, Binding, Chat, GraphCall, Invited, Meeting, Options, Room, RoomState
from bot.observe import Event, Observer, Value
from bot.ports import Chance, Clock, Decide, Meetings, Messenger

TRIES = 8
"""How often the options of an open meeting are tried; one that nobody may see yet is tried until its deadline."""


@dataclass(frozen=True, slots=True)
class Applying:
    """One run of a patch timer. `report` writes what Graph refused into the admin's log."""

    meetings: Meetings
    messenger: Messenger
    clock: Clock
    chance: Chance
    observe: Observer
    report: Callable[[Room, MeetingsError, str], None]

    async def run(self, claim: TimerClaim) -> Decide:
        """Set what is missing, and return the decision about what Graph made of it."""
        room, attempts = claim.room, claim.timer.attempts
        if room is None or room.meeting is None or room.state not in {RoomState.OPENING, *patching.HAS_A_LINK}:
            return lambda _: Reply(outcome="overtaken")
        if (left := claim.paused_until - self.clock.now()) > 0:
            return _waiting(left / 1000, attempts - 1)
        meeting, wanted = room.meeting, meeting_options.wanted(room)
        opening = room.state is RoomState.OPENING
        missing = (meeting_options.narrowing if opening else meeting_options.lacking)(
            room.options if opening else wanted, meeting
        )
        try:
            found = await self._named(missing, claim.chat)
            self._explain(room, found)
            applied = await self._update(room, meeting, found) if found != NO_OPTIONS else meeting
        except (NotNow, NotDone, Unclear) as error:
            if isinstance(error, NotNow):
                self.report(room, error, "graph.not_now")
            if attempts >= TRIES and not opening:
                return with_room(patching.not_patched)
            return _waiting(delay(attempts, error.retry_after, self.chance.fraction()), attempts)
        except Refused as error:
            lost = isinstance(error, SignInNeeded)
            self.report(room, error, "graph.sign_in_needed" if lost else "graph.options_refused")
            return with_room(patching.token_lost if lost else patching.not_patched)
        return with_room(lambda there, view, whisper_id: patching.patched(there, applied, view, whisper_id))

    def _explain(self, room: Room, options: Options) -> None:
        if names := meeting_options.named(options):
            early = room.state is RoomState.OPENING
            when = "before the link: it keeps people out" if early else "after the link: nobody waits for it"
            fields: dict[str, Value] = {"ref": room.reference, "call": "update", "why": f"{', '.join(names)}, {when}"}
            self.observe(Event("graph.chosen", fields))

    async def _update(self, room: Room, meeting: Meeting, options: Options) -> Meeting:
        """Return the meeting as it is now; what only its event knows is kept."""
        named = replace(meeting, organizer_oid=meeting.organizer_oid or room.host.oid)
        spare = room.binding is Binding.RESERVE  # it was made for nobody: without their subject, at another time
        if spare:
            named = replace(named, subject=room.subject, starts_at=room.starts_at, ends_at=room.ends_at)
        applied = await self.meetings.update(
            room.tenant,
            named,
            options,
            reference=room.reference,
            by=ways.by_whom(room),
            language=room.request.language,
            basics=spare,
        )
        return replace(applied, event_id=meeting.event_id, dial_in=applied.dial_in or meeting.dial_in)

    async def _named(self, options: Options, chat: Chat | None) -> Options:
        """Return the options with whom Graph can know; whoever is no member of the chat is left out (ENGINE 2.2)."""
        invited: list[Invited] = []
        for one in options.invited:
            if one.person.oid or one.person.upn:
                invited.append(one)
            elif chat is not None:
                try:
                    invited.append(replace(one, person=await self.messenger.member(chat, one.person.id)))
                except (NotDone, Unclear):
                    raise
                except SendError as error:
                    self.observe(Event("member.unknown", {"status": error.status}))
        return replace(options, invited=tuple(invited))


def explain(observe: Observer, room: Room, attempts: int, *, unclear: bool) -> None:
    """Say which call makes a room's meeting and why, and when a plain create is sent a second time (ENGINE R3)."""
    fields: dict[str, Value] = {"ref": room.reference, "call": room.graph_call, "why": meeting_options.why(room)}
    if attempts <= 1:
        observe(Event("graph.chosen", fields))
    elif room.graph_call is GraphCall.CREATE and (unclear or room.trying == "unclear"):
        observe(Event("graph.created_twice", fields, logging.WARNING))


def _waiting(seconds: float, attempts: int) -> Decide:
    def decide(room: Room, view: View, _: str) -> Reply:
        return patching.waiting(room, view.now + int(seconds * 1000), attempts)

    return with_room(decide)
