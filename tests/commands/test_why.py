"""`why` is for administrators, and for the requests of their own tenant alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.commands import why
from bot.commands.command import Asked
from bot.decisions import Reply, SetTimer, View
from bot.errors import UsageError
from bot.leases import Lease, TimerClaim
from bot.model import Chat, ChatKind, TimerKind

Ask = Callable[..., Asked]
OWN = Chat("tenant", "a:ana", ChatKind.PERSONAL)


def outcome(asked: Asked, *, tenants: int = 1, admin: bool = True) -> Reply:
    """Ask as an administrator, or as nobody special, of a bot of so many tenants."""
    admins = (asked.turn.person.oid,) if admin else ()
    return why.run(replace(asked, policy=replace(asked.policy, admins=admins, tenants=tenants)))


def test_the_story_is_looked_up_in_the_askers_tenant(ask: Ask) -> None:
    """What is looked up is the reference in its usual spelling, in the tenant where it was asked."""
    (effect,) = outcome(ask("7f3k92qd")).effects
    assert isinstance(effect, SetTimer)
    timer = effect.timer
    assert (timer.kind, timer.tenant, timer.payload["ref"]) == (TimerKind.STORY, "tenant", "7F3K-92QD")


def test_who_may_be_a_guest_asks_in_their_own_chat(ask: Ask) -> None:
    """Where a bot serves several tenants an administrator of one may sit in another's chat and learns nothing there."""
    assert outcome(ask("7F3K-92QD"), tenants=2).outcome == "why-alone"
    assert outcome(ask("7F3K-92QD", chat=OWN), tenants=2).outcome == "looking"


def test_others_are_told_whom_to_ask(ask: Ask) -> None:
    """Nobody but an administrator learns anything, not even that a reference is one; other words get help or none."""
    assert outcome(ask("7F3K-92QD"), admin=False).outcome == "why-admins"
    for admin, meant in ((True, "help why"), (False, "")):
        with pytest.raises(UsageError) as caught:
            outcome(ask("is it slow"), admin=admin)
        assert caught.value.meant == meant


def test_a_chat_that_is_gone_is_told_nothing(ask: Ask) -> None:
    """When the bot was taken out of the chat meanwhile, the story is whispered to nobody."""
    asked = ask("7F3K-92QD")
    (effect,) = outcome(asked).effects
    assert isinstance(effect, SetTimer)
    claim = TimerClaim(effect.timer, Lease("one", 1, 9), None, None, turn=asked.turn)
    gone = View(now=9, fresh_id="f", chat=replace(asked.chat, gone_at=5))
    assert why.answered(claim, asked.policy)(gone) == Reply(outcome="nobody asked")
    assert why.answered(claim, asked.policy)(replace(gone, chat=None)).outcome == "no-story"
