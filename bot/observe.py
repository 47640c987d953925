"""One event per step, as a value handed to whoever listens. Never text, tokens, links, passcodes or names.

`Observer` is called synchronously and must be quick; `log_lines` turns events into logfmt lines.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

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
            advice = f"\n{event.advice}" if event.advice else ""
            logger.log(event.level, "%s%s", " ".join([event.name, *pairs]), advice)

    return observe


def _logfmt(value: Value) -> str:
    text = str(value)
    safe = "".join(character if character.isprintable() else "?" for character in text)
    return f'"{safe.replace(chr(34), chr(39))}"' if " " in safe or "=" in safe or '"' in safe else safe
