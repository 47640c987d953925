"""All timers, those of subscriptions among them: a room that has its meeting is watched from then on (ENGINE R20).

What Graph answered is kept with what came of it, in the same transaction (EXPERIENCE 1.19).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot import stories, watching
from bot.commands import why
from bot.decisions import Reply, SaveStep, View
from bot.leases import TimerClaim
from bot.lifecycle import Lifecycle
from bot.model import TimerKind
from bot.ports import Decide
from bot.stories import Exchange, Step
from bot.subscribing import Subscribing

WATCHING = frozenset({TimerKind.SUBSCRIBE, TimerKind.RENEW})
"""What is done for the card besides: of these only what Graph did not do belongs to a story."""


@dataclass(frozen=True, slots=True)
class CallTimers:
    """Stands around `Lifecycle`. Without `subscribing` nobody tells us of calls, and no card says that it knows."""

    lifecycle: Lifecycle
    subscribing: Subscribing | None = None

    async def run(self, claim: TimerClaim) -> Decide:
        """Do what the timer asks for. Never raises for what Graph or Entra answers."""
        with stories.listening() as heard:
            decide = await self._run(claim)
        return _kept(decide, claim, stories.exchanges(heard)) if heard else decide

    async def _run(self, claim: TimerClaim) -> Decide:
        subscribing = self.subscribing
        if claim.timer.kind in WATCHING:
            return await subscribing.run(claim) if subscribing else _not_watched
        if claim.timer.kind is TimerKind.STORY:
            return why.answered(claim, self.lifecycle.policy)
        decide = await self.lifecycle.run(claim)
        return (lambda view: watching.begun(decide(view), view)) if subscribing else decide

    def broken(self, claim: TimerClaim, error: Exception) -> Decide:
        """Return what becomes of a timer whose work broke unforeseen."""
        return self.lifecycle.broken(claim, error)


def _not_watched(_: View) -> Reply:
    return Reply(outcome="not watched")


def _kept(decide: Decide, claim: TimerClaim, heard: tuple[Exchange, ...]) -> Decide:
    """Return the decision with what Graph answered on the way to it; what nobody asked for has no story."""
    about, timer = claim.turn or claim.room, claim.timer
    if about is None:
        return decide

    def decision(view: View) -> Reply:
        reply = decide(view)
        step = Step(timer.tenant, about.reference, view.now, timer.kind, timer.attempts, reply.outcome, heard)
        if step.good and timer.kind in WATCHING:
            return reply
        return replace(reply, effects=(*reply.effects, SaveStep(step)))

    return decision
