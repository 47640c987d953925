"""What the timer of a look-up does: Graph says which meeting an id or a link belongs to (facts/graph 1.4)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.backoff import delay
from bot.commands import dial_in, sign_in
from bot.commands.command import Asked, Policy
from bot.decisions import Reply, SetTimer, View
from bot.errors import NotNow, PolicyMissing, Refused, SignInNeeded
from bot.leases import TimerClaim
from bot.model import Meeting, MeetingKey, Timer, Turn, TurnKind
from bot.ports import Chance, Clock, Decide, Meetings

TRIES = 4
"""How often Graph is asked; then the person is told to try again."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One run of a look-up."""

    meetings: Meetings
    policy: Policy
    clock: Clock
    chance: Chance

    async def run(self, claim: TimerClaim) -> Decide:
        """Ask for what was named, as whatever it may be, and return the decision about what was found."""
        turn, timer = claim.turn, claim.timer
        if turn is None:
            return lambda _: Reply(outcome="nobody asked")
        if claim.paused_until > self.clock.now():
            return _again(replace(timer, attempts=timer.attempts - 1), claim.paused_until)
        try:
            meeting = await self._found(turn, timer)
        except NotNow as error:
            return self._later(turn, timer, error)
        except SignInNeeded:
            return lambda view: sign_in.run(self._asked(turn, timer, view))
        except PolicyMissing:
            if self.policy.auth == "auto":
                return _again(replace(timer, payload={**timer.payload, "by_person": True}), self.clock.now())
            meeting = None
        return lambda view: self._told(self._asked(turn, timer, view), meeting)

    def _later(self, turn: Turn, timer: Timer, error: NotNow) -> Decide:
        if timer.attempts >= TRIES:
            typed = timer.payload["rest"][: dial_in.LONGEST_TYPED]
            return lambda view: self._asked(turn, timer, view).tell("not-looked-up", typed=typed)
        wait = delay(timer.attempts, error.retry_after, self.chance.fraction())
        return _again(timer, self.clock.now() + int(wait * 1000))

    async def _found(self, turn: Turn, timer: Timer) -> Meeting | None:
        """Return the meeting; what Graph will not show to its asker is none. Raises NotNow, or what asks for more."""
        for key, value in dial_in.keys(timer.payload["rest"]):
            by_app = key is MeetingKey.VIDEO_ID or not timer.payload["by_person"]
            try:
                meeting = await self.meetings.find(
                    turn.chat.tenant,
                    value,
                    organizer_oid=turn.person.oid,
                    reference=turn.reference,
                    key=key,
                    by=None if by_app else turn.person,
                    language=turn.locale,
                )
            except SignInNeeded:
                raise
            except PolicyMissing:
                if timer.payload["by_person"]:  # about video rooms only the app may ask, which may not
                    continue
                raise
            except Refused:
                continue
            if meeting is not None:
                return meeting
        return None

    def _told(self, asked: Asked, meeting: Meeting | None) -> Reply:
        if asked.view.chat and asked.view.chat.gone_at is not None:
            return Reply(outcome="chat gone")
        if asked.view.now >= asked.turn.expires_at:
            return asked.tell("late", typed=asked.turn.text)
        return dial_in.found(asked, meeting)

    def _asked(self, turn: Turn, timer: Timer, view: View) -> Asked:
        # A press has had its answer: what is found is whispered.
        return Asked(replace(turn, kind=TurnKind.SAID), view, timer.payload["rest"], self.policy, ())


def _again(timer: Timer, due_at: int) -> Decide:
    return lambda _: Reply((SetTimer(replace(timer, due_at=due_at)),), "not yet")
