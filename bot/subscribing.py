"""What the timers of subscriptions do: they ask Graph for a room's call events, again in time, and not any more."""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from dataclasses import dataclass, replace

from bot import watching
from bot.backoff import delay
from bot.calls import Watched, WatchKey
from bot.decisions import Reply, View
from bot.errors import HostUnknown, MeetingsError, NotNow, Refused
from bot.leases import TimerClaim
from bot.model import Room, Timer, TimerKind
from bot.observe import Event, Observer, Value
from bot.ports import Chance, Clock, Decide, Watch


@dataclass(frozen=True, slots=True)
class Subscribing:
    """Runs the timers `subscribe` and `renew`. Never raises for what Graph or Entra answers."""

    watch: Watch
    clock: Clock
    chance: Chance
    observe: Observer

    async def run(self, claim: TimerClaim) -> Decide:
        """Do what the timer asks for, and return the decision about the answer."""
        timer, payload = claim.timer, claim.timer.payload
        fresh = await self.watch.make_key(self.clock.now()) if payload.get("make_key") else None
        if "ended" in payload:
            return await self._answered(claim, self._end(claim, watching.unpacked(payload["ended"])))
        if "watched" in payload:
            ask = self._renew if timer.kind is TimerKind.RENEW else self._begin
            return await self._answered(claim, ask(claim, watching.unpacked(payload["watched"])))
        if timer.kind is TimerKind.RENEW:
            return lambda view: watching.due(self._usable(view), fresh)
        return self._prepared(timer, fresh)

    def _usable(self, view: View) -> View:
        """Return the view without a key that another MUSTER_SECRET_KEY sealed: what came under it could not be read."""
        return view if view.key is None or self.watch.opens(view.key) else replace(view, key=None)

    def _prepared(self, timer: Timer, fresh: WatchKey | None) -> Decide:
        mark = self.watch.mark(timer.subject)
        return lambda view: watching.prepared(self._usable(view), fresh, mark)

    async def _answered(self, claim: TimerClaim, asking: Awaitable[Decide]) -> Decide:
        """Return the decision about what Graph answered; trouble only makes it later."""
        timer = claim.timer
        try:
            return await asking
        except NotNow as error:
            self._report(claim.room, error, "graph.not_now")
            wait = delay(timer.attempts, error.retry_after, self.chance.fraction())
            return lambda view: watching.not_now(timer, view.now + int(wait * 1000))

    async def _begin(self, claim: TimerClaim, wanted: Watched) -> Decide:
        """Subscribe; where an attempt before may have been heard, what is there is adopted and no second one made."""
        room, payload = claim.room, claim.timer.payload
        if room is None or room.meeting is None:
            return lambda _: Reply(outcome="no room")
        url, certificate, reference = room.meeting.join_url, payload["certificate"], room.reference
        try:
            if claim.timer.attempts > 1 and (there := await self.watch.find(wanted, url, reference=reference)):
                for surplus in there[1:]:
                    await self.watch.end(surplus, reference=reference)
                return lambda view: watching.subscribed(view, there[0], adopted=True)
            made = await self.watch.begin(wanted, url, certificate, reference=reference)
        except Refused as error:
            self._report(room, error, "graph.watch_refused")
            refusal, tried = error, tuple(payload.get("tried", ()))
            return lambda view: watching.refused(view, wanted, refusal, certificate, tried)
        return lambda view: watching.subscribed(view, made)

    async def _renew(self, claim: TimerClaim, longer: Watched) -> Decide:
        try:
            made = await self.watch.renew(longer, claim.timer.payload["certificate"], reference=_reference(claim.room))
        except HostUnknown:
            return lambda view: watching.gone(view, longer)
        except Refused as error:
            self._report(claim.room, error, "graph.watch_refused")
            refusal = error
            return lambda view: watching.refused(view, longer, refusal, "", watching.VERSIONS)
        return lambda _: watching.renewed(made)

    async def _end(self, claim: TimerClaim, watched: Watched) -> Decide:
        try:
            await self.watch.end(watched, reference=_reference(claim.room))
        except Refused as error:
            self._report(claim.room, error, "graph.watch_refused")
        return lambda _: watching.over(watched)

    def _report(self, room: Room | None, error: MeetingsError, name: str) -> None:
        fields: dict[str, Value] = {
            "ref": _reference(room),
            "tenant": room.tenant if room else "",
            "status": error.status,
            "code": error.code,
            "error": type(error).__name__,
            "request_id": error.request_id,
            "client_request_id": error.client_request_id,
        }
        self.observe(Event(name, fields, logging.WARNING))


def _reference(room: Room | None) -> str:
    return room.reference if room else ""
