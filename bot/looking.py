"""What a request waits for because only the network knows it: where somebody is a member."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from bot import preferences
from bot.commands import meet
from bot.commands.command import Asked, Policy
from bot.decisions import Reply, View
from bot.errors import SendError
from bot.leases import TimerClaim
from bot.model import TurnKind
from bot.observe import Event, Observer
from bot.ports import Decide, Messenger

TOPIC_SECONDS = 4.0
"""How long a new topic waits to hear where its asker is a member; then it is opened apart."""


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
