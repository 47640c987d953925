"""The terminal's words for the compose box and for a message's menu."""

from __future__ import annotations

from bot.sandbox import windows
from bot.sandbox.teams_client import Delivery

CARD = {
    "body": [
        {"type": "TextBlock", "text": "Settings"},
        {"type": "Input.Text", "id": "a", "label": "Length", "value": "45"},
    ],
    "actions": [{"type": "Action.Submit", "title": "Save"}],
}


def test_a_dialog_is_drawn_as_lines() -> None:
    """What a dialog says, its fields with their values and its buttons stand one below the other."""
    kind = "application/vnd.microsoft.card.adaptive"
    body = {"task": {"type": "continue", "value": {"card": {"contentType": kind, "content": CARD}}}}
    shown = windows.drawn(Delivery({"name": "task/fetch"}, 0, body=body))
    assert shown.splitlines() == ["  | Settings", "  | Length: 45", "  | [Save]"]
    assert windows.drawn(Delivery({"name": "adaptiveCard/action"}, 0)) == ""
