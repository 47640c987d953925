"""What Teams makes of the answers to dialogs (facts/teams 2.5, 4)."""

from __future__ import annotations

from typing import Any

import pytest

from bot.sandbox import dialogs

CARD = {"contentType": "application/vnd.microsoft.card.adaptive", "content": {"type": "AdaptiveCard", "body": []}}


def test_teams_shows_dialogs_sentences_and_cards_for_a_message() -> None:
    """A dialog to go on with, a sentence, and cards for the compose box can be shown."""
    for body in (
        {"task": {"type": "continue", "value": {"card": CARD}}},
        {"task": {"type": "message", "value": "Saved."}},
        {"composeExtension": {"type": "result", "attachments": [CARD]}},
    ):
        assert dialogs.problems(body) == []


def test_anything_else_is_an_error_for_people() -> None:
    """What Teams would show as "unable to reach app" is named."""
    wrong: dict[str, Any] = {
        "neither a task nor a composeExtension": None,
        "a message without words": {"task": {"type": "message", "value": ""}},
        "unknown task type 'done'": {"task": {"type": "done"}},
        "a dialog without a card": {"task": {"type": "continue", "value": {"title": "x"}}},
        "the composeExtension is no result with cards": {"composeExtension": {"type": "result", "attachments": [{}]}},
    }
    assert {name: dialogs.problems(body) for name, body in wrong.items()} == {name: [name] for name in wrong}


def test_only_a_dialogs_own_buttons_can_be_pressed() -> None:
    """A button that is not there, or that stays inside Teams, sends nothing to the bot."""
    shown = {"body": [], "actions": [{"type": "Action.OpenUrl", "title": "Join"}]}
    with pytest.raises(LookupError, match="there are: Join"):
        dialogs.submitted({"name": "task/fetch", "value": {}}, {}, "Join", shown)
    with pytest.raises(LookupError, match="no dialog"):
        dialogs.card({"task": {"type": "message", "value": "Saved."}})
