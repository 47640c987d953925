"""What is said beside commands: courtesy, and talk about the bot, are left alone (EXPERIENCE 3)."""

from __future__ import annotations

from bot.commands import COMMANDS
from bot.commands.command import Policy
from bot.decisions import TOLD, View
from bot.dispatch import Dispatch
from bot.model import Chat, ChatKind, Person, Turn, TurnKind
from tests.engine.test_rooms import NOW, THREAD, freeze

KIM = Person("29:kim", "33333333-0000-4000-8000-000000000003", "Kim Park")


def outcome(text: str, *around: str) -> str:
    """Return what comes of something that is said in a channel; `around` stands before and after the mention."""
    chat = Chat("tenant", THREAD, ChatKind.CHANNEL)
    said = text or " ".join(around)
    turn = Turn("k", "e", TurnKind.SAID, chat, KIM, THREAD, "f:1", NOW, NOW + 300_000, "7F3K-92QD", said, around=around)
    return Dispatch(COMMANDS, Policy(freeze)).decide(turn)(View(NOW, "f" * 32, chat=chat)).outcome


def test_nobody_is_answered_for_being_polite() -> None:
    """Thanks, in any language, get no answer."""
    for line in ("thanks", "Thank you!", "danke sch\u00f6n", "Merci !", "gracias", "ありがとう", "شكرا"):
        assert outcome(line) == "polite"


def test_talk_about_the_bot_is_not_answered() -> None:
    """A mention inside a sentence is answered only where a command, or nearly one, stands beside it."""
    assert outcome("", "as", "said yesterday") == "not asked"
    assert outcome("", "Ben, Chlo\u00e9,", "meet now Retro") == "opening"
    assert outcome("", "meet now", "Retro") == "opening"
    assert outcome("", "dial-in", "would be good") == f"{TOLD}no-meeting"
    assert outcome("", "could you", "meat now") == "typo"
    assert outcome("as said yesterday") == "unknown"


def test_a_mention_alone_asks_whether_to_meet() -> None:
    """Who only mentions the bot is offered a meeting and help."""
    assert outcome("") == "bare"
