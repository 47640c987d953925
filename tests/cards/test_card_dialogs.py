"""Dialogs are cards that Teams can draw, and say what people typed as nothing but text."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import cards
from bot.messages import Whisper
from bot.model import Meeting, Options, Room, RoomState

SCHEMA = Path(__file__).resolve().parents[3] / "shared" / "schemas" / "adaptive-card.1.5.json"
Rooms = Callable[..., Room]


@pytest.fixture
def dialogs(room: Rooms, meeting: Meeting, whisper: Callable[..., Whisper]) -> dict[str, dict[str, Any]]:
    """Return every dialog there is, by name."""
    wild = room(subject="*[x](https://evil.example)*", meeting=meeting)
    return {
        "settings": cards.settings_dialog(whisper("settings", may=True)),
        "my settings": cards.settings_dialog(whisper("settings")),
        "meet": cards.meet_dialog("meet", "", "en"),
        "about": cards.meet_dialog("about", "*[x](https://evil.example)*" * 40, "en"),
        "install": cards.install_card("meet", "en"),
        "sentence": cards.sentence_dialog("1. *One*\nTwo"),
        "opening": cards.room_dialog(room(state=RoomState.OPENING, meeting=None), "meet", 0),
        "open": cards.room_dialog(wild, "meet", 0),
        "failed": cards.room_dialog(room(state=RoomState.FAILED, fail_code="policy"), "meet", 0),
        "running": cards.whisper_dialog(whisper("running"), "meet"),
        "insert": cards.room_insert(wild),
    }


def test_microsofts_schema_accepts_every_dialog(dialogs: dict[str, dict[str, Any]]) -> None:
    """Every dialog validates against Microsoft's schema, which does not know Teams' people picker."""
    if not SCHEMA.exists():
        pytest.skip("Microsoft's schema of Adaptive Cards 1.5 is not beside this checkout")
    validator = jsonschema.Draft6Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    wrong = {}
    for name, card in dialogs.items():
        known = json.loads(json.dumps(card))
        for element in known["body"]:
            element.pop("choices.data", None)
        problems = [f"{problem.json_path}: {problem.message[:200]}" for problem in validator.iter_errors(known)]
        if problems:
            wrong[name] = problems
    assert wrong == {}


def test_every_field_of_a_dialog_has_a_label(dialogs: dict[str, dict[str, Any]]) -> None:
    """Somebody who cannot see a dialog hears what each field is for, and none is asked for twice."""
    for card in dialogs.values():
        fields = [element for element in card["body"] if element["type"].startswith("Input.")]
        assert all(field["label"] for field in fields)
        assert len({field["id"] for field in fields}) == len(fields)


def test_what_people_typed_is_text_in_a_dialog(dialogs: dict[str, dict[str, Any]]) -> None:
    """A subject formats nothing and links nowhere."""
    for name in ("open", "insert"):
        assert dialogs[name]["body"][0]["text"] == r"\*\[x\](https\://evil.example)\*: open"
    assert dialogs["sentence"]["body"][0]["text"] == r"1\. \*One\*"


def test_a_link_is_only_in_the_dialog_of_a_meeting_that_may_be_joined(room: Rooms, meeting: Meeting) -> None:
    """A meeting that is opening, failed or over shows no link, even where one is known (ENGINE R4)."""
    for state in (RoomState.OPENING, RoomState.FAILED, RoomState.ENDED):
        shown = cards.room_dialog(room(state=state, meeting=meeting, fail_code="private"), "meet", 0)
        assert meeting.join_url not in json.dumps(shown)
    there = cards.room_dialog(room(meeting=meeting), "meet", 0)
    assert meeting.join_url in json.dumps(there)


def test_numbers_that_are_not_for_everybody_stay_out_of_messages(room: Rooms, meeting: Meeting) -> None:
    """The dialog tells its reader the numbers; the card for a message has them only where everybody may know."""
    quiet = room(meeting=meeting, options=Options(aloud=False))
    assert "7946" in json.dumps(cards.room_dialog(quiet, "meet", 0))
    assert "7946" not in json.dumps(cards.room_insert(quiet))
    assert "7946" in json.dumps(cards.room_insert(room(meeting=meeting)))


def test_a_failed_meeting_says_why_in_its_dialog(dialogs: dict[str, dict[str, Any]]) -> None:
    """Who has no post sees the reason and the reference in the dialog."""
    texts = [element["text"] for element in dialogs["failed"]["body"]]
    assert (texts[0], texts[-1]) == ("Retro: not opened", "Reference 7F3K-92QD")


def test_a_card_leads_back_to_the_message_it_is_about(room: Rooms) -> None:
    """A meeting about a message has its link on the card; what is no https link is left out."""
    there = cards.render_room(room(options=Options(about="https://teams.microsoft.com/l/message/1")))
    assert "The message this is about: https://teams.microsoft.com/l/message/1" in there.text
    assert "about" not in cards.render_room(room(options=Options(about="javascript:alert(1)"))).text


def test_numbers_that_are_not_for_everybody_are_asked_for(room: Rooms) -> None:
    """Where numbers are told only to who asks, the card has a button for them and neither numbers nor ids."""
    card = cards.render_room(room(options=Options(aloud=False)))
    assert "7946" not in json.dumps(card.card)
    assert "passcode" not in card.text
    assert "Details as text" in json.dumps(card.card)
