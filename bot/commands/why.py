"""`why REFERENCE`: the story of one request, for administrators alone (EXPERIENCE 1.19, ENGINE R23)."""

from __future__ import annotations

from dataclasses import asdict

from bot import stories
from bot.commands import found
from bot.commands.command import Asked, Command, Policy
from bot.decisions import Reply, SetTimer
from bot.errors import UsageError
from bot.leases import TimerClaim
from bot.model import ChatKind, Timer, TimerKind
from bot.ports import Decide

LONGEST_TYPED = 60


def run(asked: Asked) -> Reply:
    """Have the story looked up; raises UsageError for words that are no reference."""
    reference, turn = stories.spelled(asked.rest), asked.turn
    may = turn.person.oid in asked.policy.admins
    if not reference:
        raise UsageError(turn.text[:LONGEST_TYPED], "help why" if may else "")
    if not may:
        return asked.tell("why-admins", ref=reference)
    if asked.policy.tenants > 1 and asked.chat.kind is not ChatKind.PERSONAL:
        return asked.tell("why-alone", line=f"why {reference}")  # elsewhere they may be another tenant's guest
    payload = {"turn": asdict(turn), "ref": reference}
    # Of the asker's own tenant: a timer looks at nothing else.
    timer = Timer(f"story|{turn.turn_key}", TimerKind.STORY, turn.chat.tenant, "", asked.view.now, payload)
    return Reply((SetTimer(timer),), "looking")


def answered(claim: TimerClaim, policy: Policy) -> Decide:
    """Return the decision that whispers the story which its view has."""
    reference = claim.timer.payload["ref"]

    def tell(asked: Asked) -> Reply:
        story = asked.view.story
        if story is None:
            return asked.tell("no-story", ref=reference)
        moments = [{"at": moment.at, "what": moment.what, **moment.facts} for moment in story.moments]
        return asked.tell("story", ref=reference, moments=moments)

    return found.told(claim, policy, tell)


COMMAND = Command(
    name="why",
    phrases=("why",),
    usage="why REFERENCE",
    description="For administrators: the story of one request, by its reference",
    examples=("why 7F3K-92QD",),
    run=run,
    takes_words=True,
    listed=False,
    tells=True,
    aside=True,
)
