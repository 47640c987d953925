"""A meeting as a calendar file: what RFC 5545 asks for, whatever people call their meetings."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.model import Room
from cards.ics import calendar_file
from tests.cards.conftest import ROOM

Rooms = Callable[..., Room]


def properties(text: str) -> dict[str, str]:
    """Return the properties of a file, unfolded and unescaped."""
    lines = text.replace("\r\n ", "").removesuffix("\r\n").split("\r\n")
    pairs = (line.split(":", 1) for line in lines)
    return {name: re.sub(r"\\(.)", lambda found: {"n": "\n"}.get(found[1], found[1]), value) for name, value in pairs}


def test_a_calendar_file_has_link_number_and_times(room: Rooms) -> None:
    """Whoever opens the file in a calendar has the subject, the time, the link and how to dial in."""
    found = properties(calendar_file(room(subject="Retro; plan, then \\o/")))
    assert found["UID"] == ROOM.external_id
    assert (found["DTSTART"], found["DTEND"]) == ("20260319T110400Z", "20260319T120400Z")
    assert found["SUMMARY"] == "Retro; plan, then \\o/"
    link, phone = found["DESCRIPTION"].split("\n")
    assert ROOM.meeting is not None
    assert link == found["URL"] == ROOM.meeting.join_url
    assert "+44 20 7946 0123" in phone


@given(st.text(max_size=150), st.text(max_size=150))
def test_no_subject_and_no_invitation_breaks_the_file(subject: str, invitation: str) -> None:
    """Line ends, controls and long words in what others wrote add no property and no line of more than 75 octets."""
    assert ROOM.meeting is not None
    text = calendar_file(replace(ROOM, subject=subject, meeting=replace(ROOM.meeting, join_text=invitation)))
    lines = text.split("\r\n")
    assert all(len(line.encode(errors="replace")) <= 75 for line in lines)
    assert not re.search(r"[\x00-\x09\x0b\x0c\x0e-\x1f]", text)
    assert text.replace("\r\n", "").count("\n") == text.replace("\r\n", "").count("\r") == 0
    assert [line for line in lines if line.startswith("BEGIN:")] == ["BEGIN:VCALENDAR", "BEGIN:VEVENT"]
    assert len(properties(text)) == 13
