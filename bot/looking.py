"""What a request waits for because only the network knows it: where somebody is a member, whether they own the team."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from bot import preferences
from bot.commands import channel_names, end, host, meet, owning, rename, reopen, ring, settings
from bot.commands.command import Asked, Policy
from bot.decisions import Reply, View
from bot.errors import MeetingsError, SendError
from bot.leases import TimerClaim
from bot.model import Chat, ChatKind, Person, TurnKind
from bot.observe import Event, Observer
from bot.ports import Decide, Messenger, Owners

TOPIC_SECONDS = 4.0
"""How long a new topic waits to hear where its asker is a member; then it is opened apart."""
OWNER_SECONDS = 4.0
"""How long a request waits to hear whether its asker owns the team; then they do not."""
LEADING = (end.COMMAND, reopen.COMMAND, rename.COMMAND, host.COMMAND, meet.COMMAND)
FOR_LEADERS: dict[str, Callable[[Asked], Reply]] = {
    **{command.name: command.run for command in LEADING},
    ring.COMMAND.name: ring.again,
    settings.COMMAND.name: settings.again,
}
"""The commands that only leaders and team owners may, some of them only where a chat is set so (ENGINE R23)."""


@dataclass(frozen=True, slots=True)
class Looking:
    """Looks up and goes on with the turn; what cannot be found out is a no. `owners`: None where nobody may look.

    `within` is how many seconds a look at another chat's roster may take.
    """

    messenger: Messenger
    owners: Owners | None
    policy: Policy
    observe: Observer
    within: float = TOPIC_SECONDS

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
            async with asyncio.timeout(self.within):
                found = await self.messenger.member(chat, turn.person.id)
                member, guest = room is not None and found.oid == turn.person.oid, found.guest
                # Only a member waits for the name, so that it tells nobody else anything.
                where = (await self.messenger.channel_names(chat)).get(chat.thread_id, "") if member else ""
        except (SendError, TimeoutError) as error:
            self.observe(Event("member.unknown", {"ref": turn.reference, "status": getattr(error, "status", 0)}))
        asker = replace(turn, kind=TurnKind.SAID)  # a press has had its answer: what is found is whispered
        command = str(claim.timer.payload.get("command", ""))
        run = FOR_LEADERS.get(command)

        def decision(view: View) -> Reply:
            asked = Asked(asker, view, claim.timer.payload.get("rest", ""), self.policy, ())
            if run:
                known = replace(asker, person=replace(asker.person, guest=guest))
                late = view.now >= turn.expires_at
                return _late(asked, command) if late else run(replace(asked, turn=known, owner=False))
            apart = guest and preferences.asks_who(asked.chat)
            return meet.looked(asked, view.room if member else None, where or chat.name, guest=apart)

        return decision

    async def names(self, claim: TimerClaim) -> Decide:
        """Look up what the channels of a team are called; nobody waits for it."""
        turn, names = claim.turn, {}
        if turn is None:
            return lambda _: Reply(outcome="nobody asked")
        try:
            names = dict(await self.messenger.channel_names(turn.chat))
        except SendError as error:
            self.observe(Event("names.unknown", {"ref": turn.reference, "status": error.status}))
        return lambda view: channel_names.learnt(turn, names, view.now)

    async def owner(self, claim: TimerClaim) -> Decide:
        """Look up whether who asks owns the team of the meeting's chat, and go on with what they asked."""
        turn = claim.turn
        command = str(claim.timer.payload.get("command", ""))
        run = FOR_LEADERS.get(command)
        if turn is None or run is None:
            return lambda _: Reply(outcome="nobody asked")
        chat = claim.chat or turn.chat
        owner = await self._owns(chat, turn.person, turn.reference)
        asker = replace(turn, kind=TurnKind.SAID)  # as above

        def decision(view: View) -> Reply:
            asked = Asked(asker, view, claim.timer.payload.get("rest", ""), self.policy, (), owner)
            if view.now >= turn.expires_at:
                return _late(asked, command)
            reply = run(asked)
            return replace(reply, effects=(*reply.effects, *owning.noted(asked, chat)))

        return decision

    async def _owns(self, chat: Chat, person: Person, reference: str) -> bool:
        if self.owners is None or chat.kind is not ChatKind.CHANNEL:
            return False
        try:
            async with asyncio.timeout(OWNER_SECONDS):
                if not chat.group_id:
                    chat = replace(chat, group_id=await self.messenger.group(chat))
                return bool(chat.group_id) and await self.owners.owns(chat, person.oid, reference=reference)
        except (MeetingsError, SendError, TimeoutError) as error:
            known = {"ref": reference, "status": getattr(error, "status", 0)}
            self.observe(Event("owner.unknown", known, logging.WARNING))
        return False


def _late(asked: Asked, command: str) -> Reply:
    """Tell whoever asked that nothing was done (R6); for a dialog that was not shown in time nobody waits any more."""
    if asked.turn.verb.startswith("fetch "):
        return Reply(outcome="late")
    return asked.tell("late", typed=asked.turn.text or command)
