"""What the words after `dial-in` may mean: a link, a meeting id, a video room, or nothing (facts/graph 1.4)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.command import Asked
from bot.commands.dial_in import keys, look_up, may_know
from bot.model import Invited, Meeting, MeetingKey, Person

ANA, BEN = Person("29:ana", "OID-ana"), Person("29:ben", "oid-ben", upn="ben@contoso.example")


@given(st.text("0123456789", min_size=6, max_size=20), st.integers(1, 5), st.sampled_from([" ", "-", " - ", "\u00a0"]))
def test_digits_are_read_in_whatever_groups(digits: str, size: int, between: str) -> None:
    """However an id is grouped, its digits are looked for, as a meeting id and then as a video room's."""
    written = between.join(digits[start : start + size] for start in range(0, len(digits), size))
    assert keys(written) == ((MeetingKey.JOIN_MEETING_ID, digits), (MeetingKey.VIDEO_ID, digits))


@given(st.text())
def test_no_words_break_it(words: str) -> None:
    """Whatever is typed, a value that is looked for is a bounded link or plain digits."""
    for key, value in keys(words):
        assert value.startswith("https://") if key is MeetingKey.JOIN_URL else value.isascii()
        assert len(value) <= 2_000


@pytest.mark.parametrize("words", ["for Retro", "12345", "1" * 21, "https://" + "x" * 2_000, "#INC-42"])
def test_other_words_name_no_meeting(words: str) -> None:
    """A subject, a topic, or a number of another length is nothing that could be looked for."""
    assert keys(words) == ()


def test_a_link_is_found_among_words() -> None:
    """A pasted link counts, whatever stands around it."""
    link = "https://teams.example/l/meetup-join/19%3ameeting_x%40thread.v2/0?context=%7b%7d"
    assert keys(f"please {link} now") == ((MeetingKey.JOIN_URL, link),)


def test_a_video_room_s_address_is_looked_for_as_it_is() -> None:
    """A video room may be named with its host, as some clients show it."""
    assert keys("1122334455@t.example") == ((MeetingKey.VIDEO_ID, "1122334455@t.example"),)


def test_who_has_no_account_here_finds_nothing(ask: Callable[..., Asked]) -> None:
    """Graph is not asked for somebody of whom no account is known."""
    reply = look_up(ask("234 567 890 12", person=Person("29:kim")))
    assert reply.outcome == "not-found"


def test_only_those_of_a_meeting_may_know_its_numbers() -> None:
    """Who organizes it or is invited by name may know; whoever guesses an id may not."""
    meeting = Meeting("m", "https://x", organizer_oid="oid-ANA")
    assert may_know(meeting, ANA)
    assert not may_know(meeting, BEN)
    by_name = Meeting("m", "https://x", invited=(Invited(Person("", upn="Ben@contoso.example")),))
    assert may_know(by_name, BEN)
    assert not may_know(Meeting("m", "https://x"), Person("29:kim"))
