"""All timers, those of subscriptions among them: a room that has its meeting is watched from then on (ENGINE R20)."""

from __future__ import annotations

from dataclasses import dataclass

from bot import watching
from bot.decisions import Reply, View
from bot.leases import TimerClaim
from bot.lifecycle import Lifecycle
from bot.model import TimerKind
from bot.ports import Decide
from bot.subscribing import Subscribing


@dataclass(frozen=True, slots=True)
class CallTimers:
    """Stands around `Lifecycle`. Without `subscribing` nobody tells us of calls, and no card says that it knows."""

    lifecycle: Lifecycle
    subscribing: Subscribing | None = None

    async def run(self, claim: TimerClaim) -> Decide:
        """Do what the timer asks for. Never raises for what Graph or Entra answers."""
        subscribing = self.subscribing
        if claim.timer.kind in {TimerKind.SUBSCRIBE, TimerKind.RENEW}:
            return await subscribing.run(claim) if subscribing else _not_watched
        decide = await self.lifecycle.run(claim)
        return (lambda view: watching.begun(decide(view), view)) if subscribing else decide

    def broken(self, claim: TimerClaim, error: Exception) -> Decide:
        """Return what becomes of a timer whose work broke unforeseen."""
        return self.lifecycle.broken(claim, error)


def _not_watched(_: View) -> Reply:
    return Reply(outcome="not watched")
