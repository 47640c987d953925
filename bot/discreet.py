"""What the process says when something breaks outside of what Muster foresaw: where, and never what was in it.

Python and its libraries print an error with its words, and those quote headers, addresses and people's texts.
"""

from __future__ import annotations

import asyncio
import logging
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from bot.errors import told
from bot.observe import Event, Lines, Observer, traceback_of

_FIRST_WORDS = re.compile(r"[A-Za-z ]*")
BROKEN = (HttpProcessingError, web.RequestPayloadError, ConnectionResetError)
"""What aiohttp raises for HTTP that is none, which each door answers by 400, and for who has hung up."""
UNSAID = ("logThreads", "logProcesses", "logMultiprocessing", "logAsyncioTasks")
"""What `logging` need not find out for each line (docs.python.org, Logging HOWTO, Optimization): none says it."""


def log_to(stream: TextIO, level: str) -> None:
    """Log to `stream`: Muster's own lines from `level` (a name of logging's) on, of libraries warnings at most.

    What they say below that names every URL, and some of those are join links.
    """
    own = logging.getLogger("muster")
    own.setLevel(level.upper())
    root = logging.getLogger()
    root.setLevel(max(logging.WARNING, own.level))
    root.addHandler(Lines(stream))
    logging.getLogger("aiohttp.server").addFilter(is_ours)
    vars(logging).update(dict.fromkeys(UNSAID, False))


def is_ours(record: logging.LogRecord) -> bool:
    """Say whether a record may be logged: aiohttp quotes strangers' broken HTTP as an error, a token in it as well."""
    return not (record.exc_info and isinstance(record.exc_info[1], BROKEN))


def crash_without_words() -> None:
    """Let what nobody caught (in the process, a thread, a finalizer) be printed with its kind and place alone."""

    def tell(error: BaseException | None) -> None:
        if error is not None:
            print(traceback_of(error), file=sys.stderr)  # noqa: T201 - the last words of a process

    sys.excepthook = lambda _kind, error, _trace: tell(error)
    sys.unraisablehook = lambda unraisable: tell(unraisable.exc_value)
    threading.excepthook = lambda args: tell(args.exc_value)


@contextmanager
def listening(loop: asyncio.AbstractEventLoop, observe: Observer) -> Iterator[None]:
    """Tell `observe` of what breaks in the loop where nobody waits: asyncio's own lines quote the error."""

    def heard(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        # Its first words: after them come the callback's arguments.
        fields = {
            "what": _FIRST_WORDS.findall(str(context.get("message", "")))[0],
            "error": told(error) if error else "",
        }
        observe(Event("loop.failed", fields, logging.ERROR))

    before = loop.get_exception_handler()
    loop.set_exception_handler(heard)
    try:
        yield
    finally:
        loop.set_exception_handler(before)
