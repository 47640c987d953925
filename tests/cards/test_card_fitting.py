"""Buttons fit a screen of 320 px."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cards import fitting
from cards.parts import Act, Button, Hidden, Line, Row, open_button
from cards.skeletons import fitted
from cards.words import words

TITLES = st.lists(st.text(max_size=40), max_size=6).map(tuple)


@given(TITLES)
def test_every_button_stands_in_one_row_and_no_row_is_too_wide(titles: tuple[str, ...]) -> None:
    """Buttons keep their order, and those that share a row fit a narrow screen together."""
    left = list(titles)
    for count in fitting.rows(titles):
        row, left = left[:count], left[count:]
        needed = sum(fitting.width(title) + fitting.AROUND for title in row) + fitting.BETWEEN * (count - 1)
        assert count == 1 or needed <= fitting.NARROW
    assert left == []


@given(st.text(max_size=200))
def test_join_leaves_room_for_more(subject: str) -> None:
    """However long a meeting's subject is, Join and More stand beside each other, and the tooltip says it whole."""
    button = open_button("Join {subject}", subject, "https://teams.example/j", words("en"))
    assert len(fitting.rows((button.title, "More"))) == 1
    assert len(button.tooltip) >= len(button.title)


def test_buttons_that_fit_stay_side_by_side() -> None:
    """A row is only broken where it has to be, inside More too."""
    short = Row((Button(Act.PRESS, "Try now", "x"), Button(Act.PRESS, "Stop trying", "y")))
    long = Row((Button(Act.PRESS, "Sign in and open it", "x"), Button(Act.PRESS, "Ask someone here to host", "y")))
    first, second = (Row((button,)) for button in long.buttons)
    line = Line("Retro")
    assert fitted((line, short, Hidden("more", (line, long)))) == (line, short, Hidden("more", (line, first, second)))
