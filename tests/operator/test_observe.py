from __future__ import annotations

import asyncio
import io
import logging

import pytest

from bot.observe import Event, Lines, log_lines


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


def said(handler: Lines, level: int, words: str) -> None:
    handler.handle(logging.LogRecord("muster", level, __file__, 0, words, None, None))


async def test_lines_of_one_moment_are_written_together_and_in_their_order() -> None:
    """What is said while the loop is busy is written when it has a moment, and nothing of it is missing."""
    stream = io.StringIO()
    handler = Lines(stream)
    said(handler, logging.INFO, "first")
    said(handler, logging.INFO, "second")
    assert not stream.getvalue()
    await asyncio.sleep(0)
    assert [line.split(" ", 2)[2] for line in stream.getvalue().splitlines()] == [
        "INFO muster first",
        "INFO muster second",
    ]


async def test_a_warning_waits_for_nothing() -> None:
    """Who looks for what went wrong finds it written, with all that was said before, even if the process dies now."""
    stream = io.StringIO()
    handler = Lines(stream)
    said(handler, logging.INFO, "before")
    said(handler, logging.WARNING, "wrong")
    assert [line.rsplit(" ", 1)[1] for line in stream.getvalue().splitlines()] == ["before", "wrong"]


def test_a_line_outside_the_loop_is_written_at_once() -> None:
    """What the start and the store's thread say does not wait for a loop that may not be there."""
    stream = io.StringIO()
    told = (ValueError, ValueError("why"), None)
    Lines(stream).handle(logging.LogRecord("muster", logging.INFO, __file__, 0, "said", None, told))
    assert stream.getvalue().endswith("INFO muster said\nValueError\n")
