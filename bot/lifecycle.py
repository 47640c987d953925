"""What a due timer does: its network call, and the decision about the answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from bot import ending, hosts, news, occupancy, patching, pauses, ringing, rooms, spares, starting, ways
from bot.amending import Amending
from bot.applying import Applying, explain
from bot.backoff import delay
from bot.calling import Calling
from bot.commands.command import Policy, derived
from bot.decisions import PlanMessage, Record, Reply, SetTimer, View
from bot.deleting import Deleting
from bot.errors import (
    MeetingsError,
    NotDone,
    NotNow,
    PolicyMissing,
    Refused,
    SendError,
    SignInNeeded,
    ThreadRefused,
    Unclear,
    told,
)
from bot.finding import Finding
from bot.leading import Leading
from bot.leases import TimerClaim
from bot.looking import Looking
from bot.messages import Message, Purpose, Whisper
from bot.model import ChannelKind, GraphCall, Meeting, Person, Room, RoomState, Timer, TimerKind, Way
from bot.observe import Event, Observer, Value
from bot.outlook import Outlook
from bot.ports import Accounts, Calendar, Calls, Chance, Clock, Decide, Meetings, Messenger, Owners
from bot.rosters import Rosters
from bot.stocking import stock

MOST_FAILURES = 5
"""How often something that nobody foresaw may go wrong with a timer before it is set aside, as for turns."""
FAILED_RETRY_MS = 2_000
SIGN_OUTS = 5
"""How often a sign-out is tried before the person is told that it did not work."""
LOOK_UPS = 4
"""How often a member look-up is tried; without it the card only lacks a button."""
TIE_SECONDS = 2.5
"""How long a meeting waits to hear whether its person has signed in: only the tie to the channel is at stake."""


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Runs timers: it does the network work and returns the decision that the store applies."""

    meetings: Meetings
    messenger: Messenger
    policy: Policy
    clock: Clock
    chance: Chance
    observe: Observer
    users: Accounts | None = None
    calendar: Calendar | None = None
    owners: Owners | None = None
    calls: Calls | None = None

    async def run(self, claim: TimerClaim) -> Decide:
        """Do what the timer asks for. Never raises for what Graph or Entra answers."""
        looking = Looking(self.messenger, self.owners, self.policy, self.observe)
        runners: dict[TimerKind, Callable[[TimerClaim], Awaitable[Decide]]] = {
            TimerKind.OPEN: self._open,
            TimerKind.START: self._start,
            TimerKind.END: self._end,
            TimerKind.DELETE: self._delete,
            TimerKind.GIVE_UP: self._give_up,
            TimerKind.EMPTY: self._empty,
            TimerKind.MEMBERS: self._members,
            TimerKind.TOPIC: looking.topic,
            TimerKind.ROSTER: self._roster,
            TimerKind.SIGN_OUT: self._sign_out,
            TimerKind.PATCH: self._patch,
            TimerKind.EVENT: self._event,
            TimerKind.SPARE: self._spare,
            TimerKind.STALL: self._stall,
            TimerKind.FIND: Finding(self.meetings, self.policy, self.clock, self.chance).run,
            TimerKind.AMEND: self._amend,
            TimerKind.OWNER: looking.owner,
            TimerKind.LEAD: self._lead,
            TimerKind.RING: self._ring,
            TimerKind.NAMES: looking.names,
        }
        decide = await runners[claim.timer.kind](claim)
        return news.told(lambda view: ringing.opened(decide(view), view.room))

    def broken(self, claim: TimerClaim, error: Exception) -> Decide:
        """Return what becomes of a timer whose work broke unforeseen: a few more tries, then it is set aside.

        A request that can be tried no more has failed, which its card says (ENGINE R6).
        """
        timer, failures = claim.timer, int(claim.timer.payload.get("failures", 0)) + 1
        aside = failures >= MOST_FAILURES
        reference = claim.room.reference if claim.room else ""
        fields: dict[str, Value] = {"ref": reference, "kind": timer.kind, "error": told(error), "failures": failures}
        self.observe(Event("timer.set_aside" if aside else "timer.failed", fields, logging.ERROR))
        if not aside:
            counted = replace(timer, payload={**timer.payload, "failures": failures})
            return lambda view: Reply((SetTimer(replace(counted, due_at=view.now + FAILED_RETRY_MS)),), "failed")
        if timer.kind in {TimerKind.OPEN, TimerKind.GIVE_UP}:
            return self._with_room(lambda found, view: rooms.broken(found, now=view.now, whisper_id=_id(view)))
        return lambda _: Reply(outcome="set aside")

    async def _open(self, claim: TimerClaim) -> Decide:
        room = claim.room
        attempts = claim.timer.attempts
        # An attempt that was begun and not settled: its process died, or does not know yet that others went on.
        lost = attempts - claim.timer.payload.get("settled", 0) - 1
        unclear = lost > 0
        if room is None or room.state is not RoomState.OPENING:
            overtaken = Reply(outcome="overtaken")
            return self._with_room(lambda found, view: rooms.unknown(found, view.now) if unclear else overtaken)
        if self.clock.now() >= room.give_up_at:
            return await self._give_up(claim)
        if room.graph_call is GraphCall.CREATE and lost + (room.trying == "unclear") > 1:
            return self._with_room(lambda found, view: rooms.gave_up(found, now=view.now, whisper_id=_id(view)))
        if claim.timer.payload.get("look_up") and self.users is not None:
            return await self._look_up(room, self.users)
        wished = claim.timer.payload.get("wished", False)
        if not wished and (left := claim.paused_until - self.clock.now()) > 0:
            pause = left / 1000 * (1 + 0.1 * self.chance.fraction())  # not the whole fleet in one instant
            return self._with_room(
                lambda found, view: rooms.not_yet(
                    found, pause, now=view.now, attempts=attempts - 1, notes=view.notes, unclear=unclear
                )
            )
        return await self._ask(room, attempts, unclear=unclear)

    async def _look_up(self, room: Room, users: Accounts) -> Decide:
        """Find out whether the person has signed in already, without asking them (ENGINE R2)."""
        there = False
        try:
            async with asyncio.timeout(TIE_SECONDS):
                there = await users.token(room.tenant, room.starter) is not None
        except (NotNow, TimeoutError) as error:
            away = error if isinstance(error, NotNow) else NotNow("no answer from the Token Service yet")
            self._report(room, away, "token_service.away")
        policy = self.policy
        return self._with_room(
            lambda found, view: ways.looked_up(found, view, version=policy.binding, freeze=policy.freeze, there=there)
        )

    async def _ask(self, room: Room, attempts: int, *, unclear: bool) -> Decide:
        explain(self.observe, room, attempts, unclear=unclear)
        try:
            meeting = await self._make(room)
        except NotNow as error:
            transient = error
            wait = delay(attempts, error.retry_after, self.chance.fraction())
            self._report(room, error, "graph.not_now")

            def not_yet(found: Room, view: View) -> Reply:
                unknown = unclear or transient.unclear
                before = _unsure(found, unclear=unclear)
                reply = (
                    self._elsewhere(before, view, transient)
                    or spares.taken(_unsure(found, unclear=unknown), view, _id(view))
                    or patching.kept(_unsure(found, unclear=unknown), view, _id(view))
                    or (patching.doubtful(before, view, _id(view)) if transient.unclear else None)
                    or rooms.not_yet(found, wait, now=view.now, attempts=attempts, notes=view.notes, unclear=unknown)
                )
                noted = pauses.failed(room.tenant, view.notes, transient, wait, view.now)
                return replace(reply, effects=(*reply.effects, *noted))

            return self._with_room(not_yet)
        except ThreadRefused as error:
            self._report(room, error, "graph.thread_refused")
            return self._with_room(lambda found, view: self._without_thread(_unsure(found, unclear=unclear), view))
        except SignInNeeded as error:
            self._report(room, error, "graph.sign_in_needed")
            return self._with_room(
                lambda found, view: ways.sign_in_needed(_unsure(found, unclear=unclear), view, _id(view))
            )
        except Refused as error:
            self._report(room, error, "graph.refused")
            refused = error
            return self._with_room(lambda found, view: self._refused(_unsure(found, unclear=unclear), view, refused))

        def opened(found: Room, view: View) -> Reply:
            policy = self.policy
            reply = hosts.with_numbers(found, meeting, policy.hosts, policy.freeze, view.now) or patching.made(
                found, meeting, view, _id(view)
            )
            return replace(reply, effects=(*reply.effects, *pauses.answered(room.tenant, view.notes, view.now)))

        return self._with_room(opened)

    async def _make(self, room: Room) -> Meeting:
        if room.graph_call is GraphCall.EVENT and self.calendar is not None:
            return await Outlook(self.meetings, self.calendar, self.chance, self._report).make(room)
        return await self.meetings.make(room.tenant, room.request, reference=room.reference, by=ways.by_whom(room))

    async def _spare(self, claim: TimerClaim) -> Decide:
        return await stock(claim, self.meetings, self.policy, self.clock, self.observe)

    async def _stall(self, _claim: TimerClaim) -> Decide:
        return self._with_room(lambda found, view: spares.taken(found, view, _id(view)) or Reply(outcome="no spare"))

    async def _event(self, claim: TimerClaim) -> Decide:
        if self.calendar is None:
            return lambda _: Reply(outcome="no calendar")
        return await Outlook(self.meetings, self.calendar, self.chance, self._report).run(claim)

    async def _patch(self, claim: TimerClaim) -> Decide:
        applying = Applying(self.meetings, self.messenger, self.clock, self.chance, self.observe, self._report)
        return await applying.run(claim)

    async def _start(self, _claim: TimerClaim) -> Decide:
        return self._with_room(lambda found, view: starting.started(found, view.now, _id(view)))

    async def _end(self, _claim: TimerClaim) -> Decide:
        return self._with_room(lambda found, view: ending.planned_end(found, now=view.now))

    async def _give_up(self, _claim: TimerClaim) -> Decide:
        return self._with_room(lambda found, view: rooms.gave_up(found, now=view.now, whisper_id=_id(view)))

    async def _empty(self, _claim: TimerClaim) -> Decide:
        return self._with_room(lambda found, view: occupancy.stayed_empty(found, now=view.now))

    async def _members(self, claim: TimerClaim) -> Decide:
        """Look up whom the card could call; whoever is no member is left out (ENGINE 2.2)."""
        room, chat, timer = claim.room, claim.chat, claim.timer
        if room is None or chat is None or room.state not in {RoomState.OPENING, RoomState.FAILED}:
            return lambda _: Reply(outcome="overtaken")
        found: list[Person] = []
        wait: float | None = None
        for person in [person for person in room.people if not person.upn][: rooms.MOST_CALLED]:
            try:
                found.append(await self.messenger.member(chat, person.id))
            except (NotDone, Unclear) as error:
                wait = delay(timer.attempts, error.retry_after, self.chance.fraction())
                break
            except SendError as error:
                self.observe(Event("member.unknown", {"ref": room.reference, "status": error.status}))

        def decision(view: View) -> Reply:
            reply = rooms.called(view.room, found, now=view.now) if view.room else Reply(outcome="no room")
            if wait is None or timer.attempts >= LOOK_UPS:
                return reply
            again = SetTimer(replace(timer, due_at=view.now + int(wait * 1000)))
            return Reply((*reply.effects, again), reply.outcome)

        return decision

    async def _roster(self, claim: TimerClaim) -> Decide:
        return await Rosters(self.messenger, self.policy, self.observe).run(claim)

    async def _amend(self, claim: TimerClaim) -> Decide:
        return await Amending(self.meetings, self.clock, self.chance, self._report).run(claim)

    async def _lead(self, claim: TimerClaim) -> Decide:
        policy, observe = self.policy, self.observe
        return await Leading(self.meetings, self.messenger, policy, self.clock, self.chance, observe, self._report).run(
            claim
        )

    async def _ring(self, claim: TimerClaim) -> Decide:
        if self.calls is None:
            return lambda _: Reply(outcome="no calls")
        url = self.policy.public_url
        step = Calling(self.calls, self.messenger, self.clock, self.chance, self.observe, self._report, url)
        return await step.run(claim)

    async def _delete(self, claim: TimerClaim) -> Decide:
        deleting = Deleting(self.meetings, self.calendar, self.clock, self.chance, self._report)
        return await deleting.run(claim)

    async def _sign_out(self, claim: TimerClaim) -> Decide:
        """Let the Token Service forget a person, and tell them when it has."""
        timer, payload = claim.timer, claim.timer.payload
        person = Person(payload["id"], payload["oid"], payload["name"])
        name = "signed-out"
        try:
            if self.users is not None:
                await self.users.sign_out(timer.tenant, person)
        except NotNow as error:
            if timer.attempts < SIGN_OUTS:
                wait = delay(timer.attempts, error.retry_after, self.chance.fraction())
                return lambda view: Reply((SetTimer(replace(timer, due_at=view.now + int(wait * 1000))),), "not yet")
            name = "not-signed-out"
        words = Whisper(name, {}, payload["language"], payload["zone"], payload["reference"])
        out = (Record(timer.tenant, person.oid, "sign out", reference=words.reference),) if name == "signed-out" else ()
        return lambda view: Reply((PlanMessage(_told(timer, person, words, view)), *out), name)

    def _refused(self, room: Room, view: View, error: Refused) -> Reply:
        """A definite no fails the request, unless another host or the person's own permission is left to try."""
        policy = self.policy
        if reply := patching.kept(room, view, _id(view)):
            return reply
        if reply := self._elsewhere(room, view, error):
            return reply
        signs_in = policy.auth == "auto" and room.way is Way.APP and policy.hosts.requester
        if isinstance(error, PolicyMissing) and signs_in:
            return ways.without_policy(room, view, version=policy.binding, freeze=policy.freeze)
        return rooms.refused(room, error, now=view.now, whisper_id=_id(view))

    def _elsewhere(self, room: Room, view: View, error: MeetingsError) -> Reply | None:
        host = hosts.someone_else(error, room, self.policy.hosts)
        return hosts.hosted_by(room, host, self.policy.freeze, view.now) if host else None

    def _without_thread(self, room: Room, view: View) -> Reply:
        known = view.chat is not None and view.chat.channel_kind is ChannelKind.STANDARD
        return rooms.unbound(room, now=view.now, freeze=self.policy.freeze, known_standard=known)

    @staticmethod
    def _with_room(decide: Callable[[Room, View], Reply]) -> Decide:
        def decision(view: View) -> Reply:
            return decide(view.room, view) if view.room else Reply(outcome="no room")

        return decision

    def _report(self, room: Room, error: MeetingsError, name: str) -> None:
        fields: dict[str, Value] = {
            "ref": room.reference,
            "tenant": room.tenant,
            "host": room.host.oid,
            "status": error.status,
            "code": error.code,
            "error": type(error).__name__,
            "request_id": error.request_id,
            "client_request_id": error.client_request_id,
        }
        if isinstance(error, PolicyMissing) and name == "graph.refused":
            name = "graph.access_policy_missing"
        self.observe(Event(name, fields, logging.WARNING))


def _told(timer: Timer, person: Person, words: Whisper, view: View) -> Message:
    return Message(
        message_id=derived(view.fresh_id, words.name),
        intent_key=f"whisper|{timer.timer_key}|{words.name}",
        tenant=timer.tenant,
        thread_id=timer.payload["thread_id"],
        conversation_id=timer.payload["conversation_id"],
        purpose=Purpose.WHISPER,
        due_at=view.now,
        to=person,
        content=words,
    )


def _unsure(room: Room, *, unclear: bool) -> Room:
    return replace(room, trying="unclear") if unclear else room


def _id(view: View) -> str:
    return derived(view.fresh_id, "whisper")
