"""One event per step, as a value handed to whoever listens. Never text, tokens, links, passcodes or names.

`Observer` is called synchronously and must be quick; `log_lines` turns events into logfmt lines, `Lines` writes them.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TextIO

Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Event:
    """What happened: a dotted name such as `graph.answered`, ids and outcomes; `level` of `logging`.

    `advice` is what somebody can do about it: lines in words of ours, with ids.
    """

    name: str
    fields: Mapping[str, Value] = field(default_factory=dict)
    level: int = logging.INFO
    advice: str = ""


Observer = Callable[[Event], None]


def log_lines(logger: logging.Logger) -> Observer:
    """Return an observer that writes each event as one logfmt line to `logger`, advice below it."""

    def observe(event: Event) -> None:
        if logger.isEnabledFor(event.level):
            pairs = [f"{key}={_logfmt(value)}" for key, value in event.fields.items() if value not in (None, "")]
            line = " ".join([event.name, *pairs]) + (f"\n{event.advice}" if event.advice else "")
            # Not `logger.log`: it walks the stack for the line of code, which is this one.
            logger.handle(logging.LogRecord(logger.name, event.level, __file__, 0, line, None, None))

    return observe


def both(first: Observer, second: Observer) -> Observer:
    """Return an observer that tells one and then the other."""

    def observe(event: Event) -> None:
        first(event)
        second(event)

    return observe


class Lines(logging.Handler):
    """Writes each record as a line with its time, as `logging` does; those of one turn of the event loop in one go.

    A warning or worse is written at once, with what waits, and so is everything that is said outside the loop.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self._waiting: list[str] = []
        self._second = (-1, "")

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record in. Called under the handler's lock."""
        try:
            self._waiting.append(self._line(record))
            if record.levelno >= logging.WARNING or not _soon(self.flush, first=len(self._waiting) == 1):
                self.flush()
        except Exception:  # noqa: BLE001 - logging's own way with what cannot be logged
            self.handleError(record)

    def flush(self) -> None:
        """Write what waits."""
        with self.lock or nullcontext():
            waiting, self._waiting = self._waiting, []
            if waiting and not self._stream.closed:
                self._stream.write("".join(waiting))
                self._stream.flush()

    def _line(self, record: logging.LogRecord) -> str:
        second = int(record.created)
        if second != self._second[0]:
            self._second = (second, time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second)))
        line = f"{self._second[1]},{int(record.msecs):03} {record.levelname} {record.name} {_message(record)}\n"
        error = record.exc_info[1] if record.exc_info else None
        return line + (f"{traceback_of(error)}\n" if error else "")


def _message(record: logging.LogRecord) -> str:
    """Return what a record says; of what OpenTelemetry quotes, only numbers and kinds of errors.

    It quotes its variables, which hold keys, addresses, which may hold some too, and what a collector answers.
    """
    if not record.name.startswith("opentelemetry.") or not isinstance(record.args, tuple):
        return record.getMessage()
    return str(record.msg) % tuple(arg if isinstance(arg, int | float) else _kind(arg) for arg in record.args)


def _kind(arg: object) -> str:
    return type(arg).__qualname__ if isinstance(arg, BaseException) else "***"


def traceback_of(error: BaseException) -> str:
    """Return an error and what it came of, as Python prints them, but without their own words.

    Those may be anybody's text, a link or a secret: a web server's quote the header that it could not read.
    """
    told: list[str] = []
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        told.append("".join([*traceback.format_tb(at.__traceback__), type(at).__qualname__]))
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
    return "\n\n".join(reversed(told))


def _soon(write: Callable[[], None], *, first: bool) -> bool:
    """See to it that what waits is written when this turn of the event loop is over; False where there is no loop."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return False
    if first:
        loop.call_soon(write)
    return True


def _logfmt(value: Value) -> str:
    text = str(value)
    if _PLAIN.fullmatch(text):
        return text
    printable = text.isprintable()
    safe = text if printable else "".join(character if character.isprintable() else "?" for character in text)
    return f'"{safe.replace(chr(34), chr(39))}"' if " " in safe or "=" in safe or '"' in safe else safe


_PLAIN = re.compile(r"[\w.:@;|/{}+-]*", re.ASCII)
