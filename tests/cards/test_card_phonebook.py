"""Telephone numbers and their places on cards."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cards
from bot.messages import Whisper
from bot.model import DialIn, Meeting, Room
from cards import escape, phonebook

phonenumbers = pytest.importorskip("phonenumbers")


@pytest.mark.parametrize(
    ("given_number", "shown"),
    [
        ("+442079460123", "+44 20 7946 0123"),
        ("+44 20 7946 0123", "+44 20 7946 0123"),
        ("+493023125042", "+49 30 23125042"),
        ("+448081570192", "+44 808 157 0192"),
        ("+12065550100", "+1 206-555-0100"),
    ],
)
def test_numbers_are_written_as_their_country_writes_them(given_number: str, shown: str) -> None:
    """A number without blanks is shown in the groups people know."""
    assert phonebook.formatted(given_number) == shown


@pytest.mark.parametrize("odd", ["", "+", "+99", "+1 2", "08081570192", "4711#", "+1 800 FLOWERS", "x+1"])
def test_a_number_nobody_knows_stays_as_given(odd: str) -> None:
    """What is no number of a known plan is not touched."""
    assert phonebook.formatted(odd) == odd


@given(st.from_regex(r"\+[0-9 ()-]{1,18}", fullmatch=True) | st.text(max_size=40))
def test_formatting_never_changes_what_is_dialled(number: str) -> None:
    """The digits shown are the digits given, in order."""
    assert re.sub(r"[^0-9]", "", phonebook.formatted(number)) == re.sub(r"[^0-9]", "", number)


@pytest.mark.parametrize(
    ("number", "language", "place"),
    [
        ("+442079460123", "en", "London"),
        ("+442079460123", "xx", "London"),
        ("+493023125042", "de-DE", "Berlin"),
        ("+41435001234", "de", "Zürich"),
        ("+41435001234", "en", "Zurich"),
        ("+448081570192", "en", ""),
        ("02079460123", "en", ""),
        ("+", "en", ""),
        ("+0", "en", ""),
        ("+" + "9" * 21, "en", ""),
    ],
)
def test_a_number_says_where_it_belongs(number: str, language: str, place: str) -> None:
    """The place is named in the card's language, else in English, and never guessed."""
    assert phonebook.place(number, language) == place


@pytest.mark.parametrize("number", [0, -1])
def test_places_are_those_of_the_numbering_plan(number: int) -> None:
    """Looking one place up in a data file finds what reading the whole file finds."""
    # Some lines of one file, read by Python itself: the library's own geocoder runs all of them, for 3 s and 112 MiB.
    lines = phonebook._files()[number][1].read_text(encoding="utf-8").splitlines()
    entries = [line for line in lines if line.startswith(" '")]
    expected: dict[str, Any] = eval(f"{{{''.join(entries[::997])}}}", {"u": str})  # noqa: S307 - a file of the installed package
    assert expected
    assert {prefix: phonebook._names(prefix) for prefix in expected} == expected


def test_without_the_package_numbers_stay_as_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cards are whole without the numbering plans: the number as Microsoft gave it, and no place."""
    for kept in (phonebook.formatted, phonebook.place, phonebook._files):
        kept.cache_clear()
    monkeypatch.setitem(sys.modules, "phonenumbers", None)
    assert phonebook.formatted("+442079460123") == "+442079460123"
    assert phonebook.place("+442079460123", "en") == ""
    for kept in (phonebook.formatted, phonebook.place, phonebook._files):
        kept.cache_clear()


def test_the_card_names_the_place_of_each_number(room: Callable[..., Room], meeting: Meeting) -> None:
    """Numbers as Graph sends them become the lines that EXPERIENCE promises."""
    dial_in = DialIn("123456789", ("+442079460123", "+493023125042"), ("+448081570192", "+448081570193"))
    text = cards.render_room(room(meeting=replace(meeting, dial_in=dial_in))).text
    assert "Phone: +44 20 7946 0123 (London) or +44 808 157 0192 (free), then 123 456 789#" in text
    assert "Other numbers: +49 30 23125042 (Berlin) · +44 808 157 0193 (free)" in text


def test_the_number_is_read_aloud_in_its_groups(whisper: Callable[..., Whisper]) -> None:
    """An unspaced number is spoken as its country groups it, and one tap dials exactly its digits."""
    text = cards.answer_text(whisper("dial-in", toll_numbers=["+442079460123"]))
    assert "Retro by phone: +44 20 7946 0123 (London), then 123 456 789 and the hash key." in text
    assert "One tap, for an SMS: +442079460123,,123456789#" in text
    assert "plus four four, two zero, seven nine four six, zero one two three." in text


def test_importing_cards_loads_neither_numbering_plans_nor_the_typed_library() -> None:
    """A process that only imports the cards starts fast."""
    script = "import sys, cards; print(sorted({'phonenumbers', 'microsoft_teams', 'pydantic'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)  # noqa: S603 - our own words
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("long", "ends"),
    [
        ("a" * 118 + "👩‍👩‍👧x", "aa…"),
        ("e\u0301" * 100, "e\u0301…"),
        ("a" * 118 + "👍🏽" + "b", "aa…"),
        ("a" + "\u0301" * 200, "\u0301\u0301…"),
        ("ab" * 100, "aba…"),
    ],
)
def test_long_names_end_at_a_whole_letter(long: str, ends: str) -> None:
    """A shortened text loses whole letters and whole emoji, and is never longer than promised."""
    shown = escape.clean(long)
    assert shown.endswith(ends)
    assert len(shown) <= escape.LONGEST
