"""What was looked up outside of a transaction for who asked, told to them when it is there (ENGINE R12, R14)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot.commands.command import Asked, Policy
from bot.decisions import Reply, View
from bot.leases import TimerClaim
from bot.model import TurnKind
from bot.ports import Decide


def told(claim: TimerClaim, policy: Policy, tell: Callable[[Asked], Reply]) -> Decide:
    """Return the decision that tells who asked, in a chat that is still there.

    A press has had its answer by then: what is found is whispered.
    """

    def decision(view: View) -> Reply:
        if claim.turn is None or (view.chat and view.chat.gone_at is not None):
            return Reply(outcome="nobody asked")
        return tell(Asked(replace(claim.turn, kind=TurnKind.SAID), view, "", policy, ()))

    return decision
