"""Options in words: what stands for what, what stays in the subject, and that everything can be written back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.options import Request, parse, write
from bot.errors import UsageError
from bot.model import LobbyScope

SAID = {
    "Retro": Request("Retro"),
    "Retro 45m": Request("Retro", minutes=45),
    "Retro 45 min": Request("Retro", minutes=45),
    "for 1h30 Retro": Request("Retro", minutes=90),
    "Retro for 1 hour 30 minutes": Request("Retro", minutes=90),
    "Retro for 1.5h": Request("Retro", minutes=90),
    "Retro for \u0664\u0665m": Request("Retro", minutes=45),
    "Plan for 2027": Request("Plan for 2027"),
    "Plan for 7 teams": Request("Plan for 7 teams"),
    "Lobby Everyone, Budget": Request("Budget", lobby=LobbyScope.EVERYONE),
    "Budget lobby organisation": Request("Budget", lobby=LobbyScope.ORGANIZATION),
    "Budget lobby federated": Request("Budget", lobby=LobbyScope.ORGANIZATION_AND_FEDERATED),
    "Budget lobby invited": Request("Budget", lobby=LobbyScope.INVITED),
    "Budget lobby organizer": Request("Budget", lobby=LobbyScope.ORGANIZER),
    "the lobby redesign": Request("the lobby redesign"),
    "Budget passcode": Request("Budget", passcode=True),
    "passcode rotation": Request("passcode rotation"),
    "passcode": Request(passcode=True),
    "Budget record calendar": Request("Budget", record=True, calendar=True),
    "on calendar Budget": Request("Budget", calendar=True),
    "no numbers": Request(numbers=False),
    "say no to meetings": Request("say no to meetings"),
    "with Ben Okafor and Chloé": Request(names=("Ben Okafor", "Chloé")),
    "Budget with @ben okafor, passcode": Request("Budget", names=("Ben Okafor",), passcode=True),
    "lunch with clients": Request("lunch with clients"),
    'subject:"lobby everyone for 45m" passcode': Request("lobby everyone for 45m", passcode=True),
    'subject:"the ""real"" one': Request('the "real" one'),
    "Budget lobby everyone passcode for 30m": Request("Budget", minutes=30, lobby=LobbyScope.EVERYONE, passcode=True),
    "#INC-42 DB down lobby everyone": Request("#INC-42 DB down", lobby=LobbyScope.EVERYONE),
}
PEOPLE = ("Ben Okafor", "Ben", "Chloé")


@pytest.mark.parametrize("line", SAID)
def test_options_are_taken_out_and_the_rest_is_the_subject(line: str) -> None:
    """Whoever adds options in any order gets them, and their other words are what the meeting is about."""
    assert parse(line, PEOPLE) == SAID[line]


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("Budget lobby evryone", "Budget lobby everyone"),
        ("lobby organzation for 45m", "lobby organization for 45m"),
        ("Budget for 2m", "Budget for 5m"),
        ("Budget for 90h now", "Budget for 1440m now"),
        ('subject:"a ""b""" lobby invted', 'subject:"a ""b""" lobby invited'),
    ],
)
def test_a_slip_in_an_option_is_answered_with_the_nearest(line: str, meant: str) -> None:
    """An option that was nearly understood is not silently taken for a subject."""
    with pytest.raises(UsageError) as caught:
        parse(line)
    assert caught.value.meant == meant


WORDS = st.sampled_from(
    (
        *("Retro", "for", "45m", "1h30", "30", "min", "hours,", "#INC-42", "no", "numbers", "on", "calendar"),
        *("lobby", "everyone", "invited", "passcode", "record", "with", "and", "Ben", "Okafor", 'subject:"', '"', '""'),
    )
)
LINES = st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=12).map(" ".join))


@given(LINES)
def test_whatever_was_understood_can_be_written_and_read_again(line: str) -> None:
    """A button that repeats a request asks for exactly the same."""
    try:
        said = parse(line, PEOPLE)
    except UsageError:
        return  # what was nearly understood is asked about
    assert parse(write(said, PEOPLE), PEOPLE) == said
