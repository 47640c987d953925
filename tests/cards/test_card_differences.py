"""What Microsoft kept otherwise is said, whichever option it is (EXPERIENCE 2, More)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.model import LobbyScope, Meeting, Options
from cards.differences import differences
from cards.words import words
from tests.cards.conftest import ROOM

MORE = json.dumps({"allowRecording": False, "allowWhiteboard": True})


@pytest.mark.parametrize(
    ("asked", "there", "said"),
    [
        (
            {"lobby": LobbyScope.EVERYONE},
            {"lobby_scope": "organization"},
            'You asked for lobby "everyone"; Microsoft kept "organization".',
        ),
        (
            {"presenters": "organizer"},
            {"presenters": "everyone"},
            'You asked for presenters "organizer"; Microsoft kept "everyone".',
        ),
        ({"chat": "disabled"}, {"chat": "enabled"}, 'You asked for chat "disabled"; Microsoft kept "enabled".'),
        ({"dial_in_bypass": True}, {"dial_in_bypass": False}, "You asked that callers come straight in; they wait."),
        ({"announce": True}, {"announce": False}, "You asked for a sound when people come; Microsoft kept it off."),
        ({"announce": False}, {"announce": True}, "You asked for no sound when people come; Microsoft kept it on."),
        ({"record": True}, {"record": False}, "You asked for a recording; Microsoft kept it off."),
        ({"record": False}, {"record": True}, "You asked for no recording; Microsoft kept it on."),
        ({"more": MORE}, {"more": json.dumps({"allowWhiteboard": True})}, "Microsoft did not take allowRecording."),
    ],
)
def test_each_option_that_differs_is_named(asked: dict[str, Any], there: dict[str, Any], said: str) -> None:
    """Who asked for something and did not get it reads so under More, in one line."""
    assert ROOM.meeting is not None
    meeting: Meeting = replace(ROOM.meeting, **there)
    (line,) = differences(replace(ROOM, options=Options(**asked)), meeting, words("en"))
    assert line.plain() == said


def test_what_nobody_asked_for_is_not_said_to_be_asked_for() -> None:
    """What only the administrator's setting asks for is named as usual here, in one line."""
    assert ROOM.meeting is not None
    asked = Options(LobbyScope.EVERYONE, record=True, announce=True, usual=("announce", "lobby", "record"))
    meeting = replace(ROOM.meeting, lobby_scope="organization", record=None, announce=True)
    (line,) = differences(replace(ROOM, options=asked), meeting, words("en"))
    assert line.plain() == "Microsoft kept other settings than are usual here: the lobby and the recording."


def test_what_is_as_asked_is_not_mentioned() -> None:
    """Nobody reads a word about options that Microsoft took."""
    assert ROOM.meeting is not None
    asked = Options(LobbyScope.EVERYONE, presenters="organizer", announce=True, record=False, chat="limited", more=MORE)
    meeting = replace(
        ROOM.meeting,
        lobby_scope="everyone",
        presenters="organizer",
        announce=True,
        record=False,
        chat="limited",
        more=MORE,
    )
    assert differences(replace(ROOM, options=asked), meeting, words("en")) == ()
