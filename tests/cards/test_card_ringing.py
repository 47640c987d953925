"""Who is rung stands on the card by name, in the card's language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.messages import Whisper
from bot.model import Person, Ring, Ringing, RingState, Room
from cards import render_whisper
from cards.ringing import MOST_OF_A_STATE, lines
from cards.words import words
from tests.cards.gallery import PEOPLE, RUNG

Rooms = Callable[..., Room]


def said(room: Room, language: str = "en") -> list[str]:
    """Return what a room's card says of ringing, in plain words."""
    says = words(language)
    return [line.plain(rtl=says.rtl) for line in lines(room, says)]


def test_everybody_is_where_their_ringing_stands(room: Rooms) -> None:
    """Each state has its line, those who come first; a missing permission is said, and silence where nobody rings."""
    assert said(room()) == []
    assert said(room(ringing=RUNG)) == [
        "Came when rung: Chloé Martin",
        "Ringing Ben Okafor and Kim Park",
        "Ringing? Ben Okafor: Microsoft did not say.",
        "Not rung, busy just now: Chloé Martin and 1 more",
        "Declined: Kim Park",
        "No answer: Ben Okafor",
        "Could not be reached: Chloé Martin",
        "I may not ring anybody yet: an administrator has to give me the permission Calls.JoinGroupCall.All.",
    ]


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "Ringing Person 0, Person 1, Person 2, Person 3, Person 4, Person 5 and 2 more"),
        ("de", "Anruf läuft: Person 0, Person 1, Person 2, Person 3, Person 4, Person 5 und 2 weitere"),
        ("ja", "Person 0、Person 1、Person 2、Person 3、Person 4、Person 5、ほか 2 人 を呼び出し中"),
    ],
)
def test_a_crowd_is_counted(room: Rooms, language: str, expected: str) -> None:
    """Six people are named, the others counted, as a list in the card's language."""
    many = tuple(Ring(Person(f"29:{n}", name=f"Person {n}"), RingState.RINGING, 0) for n in range(MOST_OF_A_STATE + 2))
    assert said(room(ringing=Ringing(many)), language) == [expected]


def test_more_states_have_fewer_names(room: Rooms) -> None:
    """Twenty people in every state there is leave room for Join on a phone: two of each state are named."""
    crowd = [Ring(Person(f"29:{n}", name=f"Person {n}"), list(RingState)[n % 8], 0) for n in range(20)]
    assert said(room(ringing=Ringing(tuple(crowd)))) == [
        "Came when rung: Person 4 and Person 12",
        "Ringing Person 0, Person 2 and 4 more",
        "Ringing? Person 3, Person 11 and 1 more: Microsoft did not say.",
        "Not rung, busy just now: Person 1, Person 9 and 1 more",
        "Declined: Person 5 and Person 13",
        "No answer: Person 6 and Person 14",
        "Could not be reached: Person 7 and Person 15",
    ]


def test_who_has_no_name_is_counted(room: Rooms) -> None:
    """Somebody of the ring list who was not looked up yet is one person."""
    assert said(room(ringing=Ringing((Ring(Person("", "oid"), RingState.WAITING, 0),)))) == ["Ringing 1 person"]


def test_names_that_ring_keep_their_own_direction(room: Rooms) -> None:
    """On an Arabic screen each name and each number stands by itself."""
    three = tuple(Ring(person, RingState.DECLINED, 0) for person in (*PEOPLE, *(Person("", f"{n}") for n in range(3))))
    (line,) = said(room(ringing=Ringing(three)), "ar")
    assert "\u2068Ben Okafor\u2069" in line
    assert "\u2068Chloé Martin\u2069" in line
    assert "\u20683\u2069" in line


def test_who_was_not_rung_is_named_wholly(whisper: Callable[..., Whisper]) -> None:
    """Whoever asked for twenty people reads each of their names, as a list."""
    names = [f"Person {n}" for n in range(20)]
    text = render_whisper(replace(whisper("not-rung", busy=names, soon=[], missing=[]))).text
    assert text.startswith("Person 0, Person 1, ")
    assert "Person 18 and Person 19 are presenting, or do not want to be disturbed." in text
