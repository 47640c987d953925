"""What may be asked again within a minute (ENGINE R11): what only tells, never what opens or changes a meeting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.commands import COMMANDS
from bot.commands.command import Asked, Policy
from bot.decisions import TOLD
from bot.dispatch import Dispatch
from bot.model import TurnKind

LOOKED_UP = (
    "doctor",
    "status",
    "recent",
    "help",
    "help meet now",
    "dial-in",
    "dial-in 234 567 890 12",
    "why 7F3K-92QD",
)
CHANGES = ("meet now", "meet #INC-42", "end", "reopen", "rename Retro", "settings me: plain text")


@pytest.fixture
def outcome(ask: Callable[..., Asked], policy: Policy) -> Callable[..., str]:
    """Return a function that says what became of a line: `outcome("status", kind=…)`."""

    def decided(line: str, **changes: TurnKind) -> str:
        asked = ask(text=line, **changes)
        told_all = replace(policy, admins=(asked.turn.person.oid,))
        return Dispatch(COMMANDS, told_all).decide(asked.turn)(asked.view).outcome

    return decided


def test_what_only_tells_is_told_again(outcome: Callable[..., str]) -> None:
    """Whoever asks for the status twice in a minute is answered twice; a meeting asked for twice is one."""
    assert [line for line in LOOKED_UP if not outcome(line).startswith(TOLD)] == []
    assert [line for line in CHANGES if outcome(line).startswith(TOLD)] == []


def test_a_press_that_is_repeated_gets_its_first_answer(outcome: Callable[..., str]) -> None:
    """What a button tells is told once for all copies of its press, in the same words."""
    assert not outcome("dial-in", kind=TurnKind.PRESSED).startswith(TOLD)
