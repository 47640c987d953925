"""What is decided about a press when nobody waits for its response any more (ENGINE R14)."""

from __future__ import annotations

import pytest

from bot.commands import COMMANDS
from bot.commands.command import Policy
from bot.decisions import PlanMessage, View
from bot.dispatch import Dispatch
from bot.messages import Message, Purpose
from bot.model import Chat, ChatKind, Person, Turn, TurnKind
from tests.engine.test_rooms import NOW, THREAD, freeze

KIM = Person("29:kim", "33333333-0000-4000-8000-000000000003", "Kim Park")
CARD = Message("m", "i", "tenant", THREAD, THREAD, Purpose.CARD, None, activity_id="1:x")


@pytest.mark.parametrize(
    ("text", "pressed", "words"),
    [("stop trying", CARD, "no-request"), ("help", CARD, "help"), ("stop trying", None, "not-here")],
)
@pytest.mark.parametrize("unheard", [True, False])
def test_the_result_is_told_once(text: str, pressed: Message | None, words: str, unheard: bool) -> None:
    """The result is in the response while somebody waits for that, and else in a whisper, never in both or neither."""
    chat = Chat("tenant", THREAD, ChatKind.CHANNEL)
    turn = Turn("k", "e", TurnKind.PRESSED, chat, KIM, THREAD, "f:1", NOW, NOW + 300_000, "7F3K-92QD", text)
    view = View(NOW, "f" * 32, chat=chat, pressed=pressed, unheard=unheard)
    reply = Dispatch(COMMANDS, Policy(freeze)).decide(turn)(view)
    told = [effect.message for effect in reply.effects if isinstance(effect, PlanMessage)]
    assert [(message.to, message.content and message.content.name) for message in told] == [(KIM, words)] * unheard
    assert reply.answer
    assert ("Working on it" in reply.answer.text) is unheard
