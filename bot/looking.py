"""Look-ups in a chat's roster that a request waits for: where its person is a member, and whether Muster is there."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from bot import preferences
from bot.commands import dialogs, meet
from bot.commands.command import Asked, Policy
from bot.decisions import Reply, View
from bot.errors import Gone, NotDone, SendError, Unclear
from bot.leases import TimerClaim
from bot.model import TurnKind
from bot.observe import Event, Observer
from bot.ports import Decide, Messenger

TOPIC_SECONDS = 4.0
"""How long a new topic waits to hear where its asker is a member; then it is opened apart."""
ROSTER_SECONDS = 1.5
"""How long a dialog waits to hear whether Muster is in the chat: of 2.5 s in all (ENGINE R14)."""


@dataclass(frozen=True, slots=True)
class Looking:
    """One look-up: the decision about what was found is the command's."""

    messenger: Messenger
    policy: Policy
    observe: Observer

    async def topic(self, claim: TimerClaim) -> Decide:
        """Look up whether who asks is a member where a topic is live, or a guest; who cannot be confirmed is none.

        Where it is live nowhere, the look-up is made in the asker's own chat: the time it takes tells nothing.
        """
        room, turn = claim.room, claim.turn
        if turn is None:
            return lambda _: Reply(outcome="nobody asked")
        chat = claim.chat if room and claim.chat else turn.chat
        member, where, guest = False, "", True
        try:
            async with asyncio.timeout(TOPIC_SECONDS):
                found = await self.messenger.member(chat, turn.person.id)
                member, guest = room is not None and found.oid == turn.person.oid, found.guest
                # Only a member waits for the name, so that it tells nobody else anything.
                where = await self.messenger.channel_name(chat) if member else ""
        except (SendError, TimeoutError) as error:
            self.observe(Event("member.unknown", {"ref": turn.reference, "status": getattr(error, "status", 0)}))
        asker = replace(turn, kind=TurnKind.SAID)  # a press has had its answer: what is found is whispered

        def decision(view: View) -> Reply:
            asked = Asked(asker, view, claim.timer.payload.get("rest", ""), self.policy, ())
            apart = guest and preferences.asks_who(asked.chat)
            return meet.looked(asked, view.room if member else None, where or chat.name, guest=apart)

        return decision

    async def roster(self, claim: TimerClaim) -> Decide:
        """Look whether Muster is in the chat a dialog was asked for in; when nobody can say, it counts as there."""
        turn = claim.turn
        if turn is None:
            return lambda _: Reply(outcome="nobody asked")
        there = True
        try:
            async with asyncio.timeout(ROSTER_SECONDS):
                await self.messenger.member(turn.chat, turn.person.id)
        except (NotDone, Unclear, TimeoutError):
            pass  # nobody can say: a post that cannot be made says so later
        except SendError as error:
            there = isinstance(error, Gone) and not error.chat  # the roster could be read: only they are not in it
            self.observe(Event("roster.refused", {"ref": turn.reference, "status": error.status}))
        return lambda view: dialogs.looked(Asked(turn, view, "", self.policy, ()), there=there)
