"""What a ring timer does: look-ups, Muster's call, invitations, and leaving again (ENGINE R22)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from bot import ending, ringing
from bot.backoff import delay
from bot.decisions import Reply, SetTimer, View
from bot.errors import MeetingsError, NotDone, NotNow, Refused, SendError, Unclear
from bot.leases import TimerClaim
from bot.model import CallState, Chat, Person, RingState, Room
from bot.observe import Event, Observer
from bot.ports import Calls, Chance, Clock, Decide, Messenger

TRIES = 4
"""How often a step that had no effect is tried; after that a look-up goes without, and nobody is rung."""
JOIN_DENIED, INVITE_DENIED = "Calls.JoinGroupCall.All", "Calls.InitiateGroupCall.All"
"""What an administrator allows: Muster's call, and invitations from it (facts/graph 5)."""
DENIALS = frozenset({401, 403})
_ASKS = frozenset({ringing.JOIN, ringing.INVITE, ringing.KEEP})
"""Steps that wait while Graph wants to be left alone (ENGINE R27)."""


@dataclass(frozen=True, slots=True)
class Calling:
    """One run of a ring timer. `report` writes what Graph refused into the admin's log."""

    calls: Calls
    messenger: Messenger
    clock: Clock
    chance: Chance
    observe: Observer
    report: Callable[[Room, MeetingsError, str], None]
    public_url: str

    async def run(self, claim: TimerClaim) -> Decide:
        """Do the timer's step, and return the decision about it. Never raises for what Graph answers."""
        steps: dict[str, Callable[[TimerClaim, Room], Awaitable[Decide]]] = {
            ringing.LOOK: self._look,
            ringing.JOIN: self._join,
            ringing.UNHEARD: self._unheard,
            ringing.INVITE: self._invite,
            ringing.LATE: self._late,
            ringing.KEEP: self._keep,
            ringing.LEAVE: self._leave,
        }
        if claim.room is None:
            return lambda _: Reply(outcome="no room")
        step, timer = str(claim.timer.payload["step"]), claim.timer
        # An attempt that may have been sent is never a first one again.
        if step in _ASKS and timer.attempts <= 1 and claim.paused_until > self.clock.now():
            later = SetTimer(replace(timer, due_at=claim.paused_until, attempts=0))
            return lambda _: Reply((later,), "paused")
        return await steps[step](claim, claim.room)

    async def _look(self, claim: TimerClaim, room: Room) -> Decide:
        """Find out who they are and what they are doing (ENGINE 2.2)."""
        chat = claim.chat
        if room.state not in ending.RUNNING or chat is None:
            return lambda _: Reply(outcome="overtaken")
        waiting = [ring for ring in room.ringing.rings if ring.state is RingState.WAITING]
        found: dict[str, Person | None] = {}
        again: SetTimer | None = None
        for ring in waiting:
            try:
                found[ring.person.id or ring.person.oid] = await self._member(chat, ring.person, room)
            except (NotDone, Unclear) as error:
                again = self._again(claim, error.retry_after)
                break
        presence = await self._presence(room, [one.oid for one in found.values() if one and one.oid])

        def decide(there: Room, view: View) -> Reply:
            reply = ringing.looked(there, found, presence, view)
            return replace(reply, effects=(*reply.effects, again)) if again else reply

        return _with_room(decide)

    async def _member(self, chat: Chat, person: Person, room: Room) -> Person | None:
        try:
            return await self.messenger.member(chat, person.id or person.oid)
        except (NotDone, Unclear):
            raise
        except SendError as error:
            self.observe(Event("member.unknown", {"ref": room.reference, "status": error.status}))
            return None

    async def _presence(self, room: Room, oids: list[str]) -> Mapping[str, str]:
        """Return what they are doing; where nobody may ask, everybody is rung."""
        try:
            return await self.calls.presence(room.tenant, oids, reference=room.reference) if oids else {}
        except MeetingsError as error:
            self.report(room, error, "graph.presence_unknown")
            return {}

    async def _join(self, claim: TimerClaim, room: Room) -> Decide:
        """Ask for our call, once: how an attempt ended whose process died, the callbacks will say (C11)."""
        nonce = str(claim.timer.payload["nonce"])
        if room.ringing.nonce != nonce or room.ringing.call is not CallState.ASKED or claim.timer.attempts > 1:
            return lambda _: Reply(outcome="left to the callbacks")
        try:
            call_id = await self.calls.join(room, f"{self.public_url}/api/calls/{nonce}")
        except NotNow as error:
            self.report(room, error, "graph.not_now")
            again = None if error.unclear else self._again(claim, error.retry_after)
            return lambda _: Reply((again,), "not yet") if again else Reply(outcome="left to the callbacks")
        except Refused as error:
            self.report(room, error, "graph.call_refused")
            denied = JOIN_DENIED if error.status in DENIALS else ""
            return _with_room(lambda there, view: ringing.not_made(there, nonce, view.now, denied=denied))
        return _with_room(lambda there, view: ringing.made(there, nonce, call_id, view.now))

    async def _unheard(self, claim: TimerClaim, _: Room) -> Decide:
        nonce = str(claim.timer.payload["nonce"])
        return _with_room(lambda there, view: ringing.not_made(there, nonce, view.now))

    async def _invite(self, claim: TimerClaim, room: Room) -> Decide:
        """Ring somebody, once: an attempt whose process died is not repeated."""
        about = str(claim.timer.payload["context"])
        ring = next((one for one in room.ringing.rings if ringing.context(one) == about), None)
        call_id = room.ringing.call_id
        if ring is None or ring.state is not RingState.WAITING or room.ringing.call is not CallState.ESTABLISHED:
            return lambda _: Reply(outcome="overtaken")
        state, denied = RingState.RINGING, ""
        if claim.timer.attempts > 1:
            return _with_room(lambda there, view: ringing.invited(there, about, RingState.UNCLEAR, view))
        try:
            await self.calls.invite(room, call_id, ring.person.oid, about)
        except NotNow as error:
            self.report(room, error, "graph.not_now")
            if not error.unclear and (again := self._again(claim, error.retry_after)):
                return lambda _: Reply((again,), "not yet")
            state = RingState.UNCLEAR if error.unclear else RingState.UNREACHABLE
        except Refused as error:
            self.report(room, error, "graph.invitation_refused")
            state, denied = RingState.UNREACHABLE, INVITE_DENIED if error.status in DENIALS else ""
        return _with_room(lambda there, view: ringing.invited(there, about, state, view, denied=denied))

    async def _late(self, claim: TimerClaim, _: Room) -> Decide:
        about = str(claim.timer.payload["context"])
        return _with_room(lambda there, view: ringing.late(there, about, view))

    async def _keep(self, claim: TimerClaim, room: Room) -> Decide:
        """Keep the call while it stands; a meeting that is over is left."""
        if room.ringing.nonce != claim.timer.payload["nonce"] or not room.ringing.call_id:
            return lambda _: Reply(outcome="overtaken")
        if room.state not in ending.RUNNING:
            return _with_room(lambda there, view: ringing.stopped(there, view.now))
        wait = ringing.KEEP_ALIVE
        try:
            await self.calls.keep_alive(room, room.ringing.call_id)
        except NotNow as error:
            wait = int(1000 * delay(1, error.retry_after, self.chance.fraction()))
        except Refused as error:
            self.report(room, error, "graph.call_refused")
            return _with_room(lambda there, view: ringing.stopped(there, view.now))
        again = replace(claim.timer, attempts=0)
        return lambda view: Reply((SetTimer(replace(again, due_at=view.now + wait)),), "kept")

    async def _leave(self, claim: TimerClaim, room: Room) -> Decide:
        try:
            await self.calls.hang_up(room, str(claim.timer.payload["call"]))
        except NotNow as error:
            wait = int(1000 * delay(claim.timer.attempts, error.retry_after, self.chance.fraction()))
            if claim.timer.attempts < TRIES * 2:
                return lambda view: Reply((SetTimer(replace(claim.timer, due_at=view.now + wait)),), "not yet")
        except Refused as error:
            self.report(room, error, "graph.call_refused")
        return lambda _: Reply(outcome="left")

    def _again(self, claim: TimerClaim, retry_after: float | None) -> SetTimer | None:
        """Return the same step a little later, as its first attempt; None when it was tried often enough."""
        tried = int(claim.timer.payload.get("tried", 0)) + 1
        if tried >= TRIES:
            return None
        due_at = self.clock.now() + int(1000 * delay(tried, retry_after, self.chance.fraction()))
        payload = {**claim.timer.payload, "tried": tried}
        return SetTimer(replace(claim.timer, due_at=due_at, attempts=0, payload=payload))


def _with_room(decide: Callable[[Room, View], Reply]) -> Decide:
    return lambda view: decide(view.room, view) if view.room else Reply(outcome="no room")
