"""The look whether Muster is in a chat, which a dialog waits for: where not, nothing can be posted (ENGINE 2.5)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bot.commands import dialogs
from bot.commands.command import Asked, Policy
from bot.decisions import Reply
from bot.errors import Gone, NotDone, SendError, Unclear
from bot.leases import TimerClaim
from bot.observe import Event, Observer
from bot.ports import Decide, Messenger

ROSTER_SECONDS = 1.5
"""How long a dialog waits to hear whether Muster is in the chat: of 2.5 s in all (ENGINE R14)."""


@dataclass(frozen=True, slots=True)
class Rosters:
    """One look at a chat's roster: the decision about what was found is the dialog's. `within` is seconds."""

    messenger: Messenger
    policy: Policy
    observe: Observer
    within: float = ROSTER_SECONDS

    async def run(self, claim: TimerClaim) -> Decide:
        """Look whether Muster is in the chat a dialog was asked for in; when nobody can say, it counts as there."""
        turn = claim.turn
        if turn is None:
            return lambda _: Reply(outcome="nobody asked")
        there = True
        try:
            async with asyncio.timeout(self.within):
                await self.messenger.member(turn.chat, turn.person.id)
        except (NotDone, Unclear, TimeoutError):
            pass  # nobody can say: a post that cannot be made says so later
        except SendError as error:
            there = isinstance(error, Gone) and not error.chat  # the roster could be read: only they are not in it
            self.observe(Event("roster.refused", {"ref": turn.reference, "status": error.status}))
        return lambda view: dialogs.looked(Asked(turn, view, "", self.policy, ()), there=there)
