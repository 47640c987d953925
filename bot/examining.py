"""The look that `doctor` asks for in a chat: outside any transaction, as everything that needs the network."""

from __future__ import annotations

from dataclasses import dataclass

from bot.call_timers import CallTimers
from bot.checkup import Doctor
from bot.commands import doctor
from bot.commands.command import Policy
from bot.decisions import Reply
from bot.leases import TimerClaim
from bot.lifecycle import Lifecycle
from bot.model import TimerKind
from bot.ports import Decide


@dataclass(frozen=True, slots=True)
class Examining:
    """Stands around the other timers. Who asks is whose meetings are tried where no account is named for all."""

    timers: CallTimers
    doctor: Doctor
    policy: Policy

    async def run(self, claim: TimerClaim) -> Decide:
        """Do what the timer asks for. Never raises for what Microsoft answers."""
        if claim.timer.kind is not TimerKind.DOCTOR:
            return await self.timers.run(claim)
        turn = claim.turn
        if turn is None:
            return lambda _: Reply(outcome="nobody asked")
        host = next(iter(self.policy.hosts.service), turn.person.oid)
        return doctor.answered(claim, self.policy, await self.doctor.examine(host, turn))

    def broken(self, claim: TimerClaim, error: Exception) -> Decide:
        """Return what becomes of a timer whose work broke unforeseen."""
        return self.timers.broken(claim, error)


Timers = Lifecycle | CallTimers | Examining
"""What runs timers: all of it, or what is left without calls' events and doctor."""
