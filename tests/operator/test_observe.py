from __future__ import annotations

import logging

import pytest

from bot.observe import Event, log_lines


def test_an_event_is_one_line_of_names_and_values(caplog: pytest.LogCaptureFixture) -> None:
    """One step is one line that tools and people can read."""
    observe = log_lines(logging.getLogger("muster.test"))
    with caplog.at_level(logging.INFO, "muster.test"):
        observe(Event("turn.done", {"ref": "7F3K-92QD", "outcome": "thread refused", "empty": "", "none": None}))
        observe(Event("quiet", level=logging.DEBUG))
    assert caplog.messages == ['turn.done ref=7F3K-92QD outcome="thread refused"']


def test_nobody_can_forge_a_line(caplog: pytest.LogCaptureFixture) -> None:
    """A line end or a quote in a value cannot make a second line or a false field."""
    observe = log_lines(logging.getLogger("muster.test"))
    with caplog.at_level(logging.INFO, "muster.test"):
        observe(Event("door.refused", {"kid": 'x"\nturn.done ref=1'}))
    assert caplog.messages == ['door.refused kid="x\'?turn.done ref=1"']
