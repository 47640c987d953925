"""Handing a meeting over: who is mentioned is looked up, made co-organizer at Graph, and named (EXPERIENCE 1.25)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from bot import ending, ways
from bot.backoff import delay
from bot.commands.command import Asked, Policy
from bot.decisions import Reply, SetTimer, View
from bot.errors import MeetingsError, NotDone, NotNow, Refused, SendError, Unclear
from bot.leases import TimerClaim
from bot.model import Chat, Invited, Meeting, Options, Person, Role, Room, Turn, TurnKind
from bot.observe import Event, Observer
from bot.ports import Chance, Clock, Decide, Meetings, Messenger

MOST = 20
"""How many people are handed the lead at once."""


@dataclass(frozen=True, slots=True)
class Leading:
    """One run of a lead timer. `report` writes what Graph refused into the admin's log."""

    meetings: Meetings
    messenger: Messenger
    policy: Policy
    clock: Clock
    chance: Chance
    observe: Observer
    report: Callable[[Room, MeetingsError, str], None]

    async def run(self, claim: TimerClaim) -> Decide:
        """Make them co-organizers, and return the decision that says who leads now and who does not."""
        room, chat, turn = claim.room, claim.chat, claim.turn
        if room is None or room.meeting is None or not room.meeting.id or chat is None or turn is None:
            return lambda _: Reply(outcome="overtaken")
        found: list[Person] = []
        answer = room.meeting
        try:
            found = await self._members(chat, turn)
            if found and room.state in ending.RUNNING:
                answer = await self._led(room, room.meeting, found)
        except (NotNow, NotDone, Unclear) as error:
            if isinstance(error, NotNow):
                self.report(room, error, "graph.not_now")
            due_at = self.clock.now() + int(
                1000 * delay(claim.timer.attempts, error.retry_after, self.chance.fraction())
            )
            if due_at < turn.expires_at:
                again = replace(claim.timer, due_at=due_at)
                return lambda _: Reply((SetTimer(again),), "not yet")
        except Refused as error:
            self.report(room, error, "graph.not_amended")
        return self._told(turn, answer, found)

    async def _members(self, chat: Chat, turn: Turn) -> list[Person]:
        """Return the mentioned people who are members here, with their object ids (ENGINE 2.2)."""
        found = []
        for mentioned in turn.mentions[:MOST]:
            try:
                found.append(await self.messenger.member(chat, mentioned.id))
            except (NotDone, Unclear):
                raise
            except SendError as error:
                self.observe(Event("member.unknown", {"ref": turn.reference, "status": error.status}))
        return found

    async def _led(self, room: Room, meeting: Meeting, found: list[Person]) -> Meeting:
        invited = tuple(Invited(person, Role.CO_ORGANIZER) for person in found)
        answer = await self.meetings.update(
            room.tenant,
            replace(meeting, organizer_oid=meeting.organizer_oid or room.host.oid),
            Options(invited=invited),
            reference=room.reference,
            by=ways.by_whom(room),
            language=room.request.language,
        )
        return replace(answer, event_id=meeting.event_id, dial_in=answer.dial_in or meeting.dial_in)

    def _told(self, turn: Turn, answer: Meeting, found: list[Person]) -> Decide:
        leads = [one for one in found if ending.leads(answer, one)]
        named = {one.id: one.name for one in (*turn.mentions, *found) if one.name}
        taken = {one.id for one in leads}
        missing = [named.get(one.id, "?") for one in turn.mentions if one.id not in taken]
        asker = replace(turn, kind=TurnKind.SAID)  # a press has had its answer

        def decision(view: View) -> Reply:
            if view.room is None:
                return Reply(outcome="no room")
            asked = Asked(asker, view, "", self.policy, ())
            reply = ending.handed_over(view.room, answer, leads, turn.person, turn.reference)
            names = [one.name for one in leads] if reply.effects else []
            with_ = view.room.host.name or view.room.starter.name
            data = {"subject": view.room.subject, "leads": names, "host": with_, "missing": missing}
            return asked.tell("host", *reply.effects, outcome=reply.outcome, **data)

        return decision
