"""What the process says when something breaks: where, and never what was in it."""

from __future__ import annotations

import asyncio
import io
import logging
import sys
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bot import discreet
from bot.observe import Event, Lines, traceback_of

LINK = "https://teams.example/l/meetup-join/canary"


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    """What the log says of a library that logs its errors with their tracebacks."""
    stream = io.StringIO()
    handler = Lines(stream)
    logger = logging.getLogger("library")
    logger.addHandler(handler)
    yield stream
    logger.removeHandler(handler)


def _read() -> None:
    try:
        int(LINK)
    except ValueError as first:
        raise TypeError(f"cannot read {LINK!r}") from first


def broken() -> TypeError:
    """Return an error that quotes what somebody wrote, and came of another that does."""
    try:
        _read()
    except TypeError as error:
        return error
    raise AssertionError("nobody can read it")


def test_a_traceback_says_where_and_not_what() -> None:
    """An administrator reads the kinds of the errors and the lines of code, and not one word out of a chat."""
    text = traceback_of(broken())
    assert "canary" not in text
    assert text.splitlines()[-1] == "TypeError"
    assert text.index("ValueError") < text.index("TypeError")
    assert "in broken" in text


def test_an_error_that_came_of_itself_is_told_once() -> None:
    """Errors that name each other as their cause do not make the log endless."""
    error = broken()
    assert error.__cause__ is not None
    error.__cause__.__cause__ = error
    assert traceback_of(error).splitlines().count("TypeError") == 1


def test_a_library_s_traceback_is_logged_without_its_words(said: io.StringIO) -> None:
    """A web server that logs a broken request writes no header of it into the log."""
    logging.getLogger("library").error("Error handling request", exc_info=broken())
    assert "Error handling request" in said.getvalue()
    assert "TypeError" in said.getvalue()
    assert "canary" not in said.getvalue()


@pytest.mark.parametrize("level", ["debug", "error"])
def test_only_muster_itself_is_talkative(level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """MUSTER_LOG=debug makes Muster tell more, and no library, which would tell URLs; error silences them too."""
    root, own = logging.getLogger("test.root"), logging.getLogger("test.root.own")
    monkeypatch.setattr(logging, "getLogger", lambda name="": own if name == "muster" else root)
    discreet.log_to(io.StringIO(), level)
    assert root.level == max(logging.WARNING, own.level)
    assert own.level == getattr(logging, level.upper())
    assert isinstance(root.handlers[0], Lines)


async def test_a_task_that_nobody_waits_for_breaks_without_a_word_of_its_error() -> None:
    """What breaks behind everybody's back becomes one event with its kind and place."""
    events: list[Event] = []
    loop = asyncio.get_running_loop()
    with discreet.listening(loop, events.append):
        loop.call_exception_handler(
            {"message": "Task exception was never retrieved", "exception": broken(), "future": LINK}
        )
        loop.call_exception_handler({"message": f"Exception in callback show('{LINK}')"})
    assert loop.get_exception_handler() is None
    assert [event.name for event in events] == ["loop.failed", "loop.failed"]
    assert str(events[0].fields["error"]).startswith(f"TypeError in {__name__}:")
    assert events[1].fields == {"what": "Exception in callback show", "error": ""}
    assert "canary" not in str(events)


def test_a_crash_says_where_and_not_what(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever ends the process, a thread or a finalizer, standard error has no word of what was in the error."""
    for module, name in ((sys, "excepthook"), (sys, "unraisablehook"), (threading, "excepthook")):
        monkeypatch.setattr(module, name, getattr(module, name))
    discreet.crash_without_words()
    error = broken()
    sys.excepthook(TypeError, error, error.__traceback__)
    sys.unraisablehook(cast("Any", SimpleNamespace(exc_value=error)))
    threading.excepthook(threading.ExceptHookArgs((TypeError, error, error.__traceback__, None)))
    sys.unraisablehook(cast("Any", SimpleNamespace(exc_value=None)))
    out, told = capsys.readouterr()
    assert out == ""
    assert told.splitlines().count("TypeError") == 3
    assert "canary" not in told
