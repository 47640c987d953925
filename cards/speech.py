"""What the texts to one person are made of: values, buttons that say a line, and the reference."""

from __future__ import annotations

from bot.model import Whisper
from cards import escape
from cards.parts import Act, Button, Line, Look, Part, Row
from cards.words import Words

Parts = tuple[Part, ...]
LONGEST_LINE = 1000
"""Characters of what a command says in one paragraph, and of a command line on a button."""


def press(title: str, line: str) -> Row:
    """Return a row with one button that says a command line."""
    return Row((button(title, line),))


def button(title: str, line: str) -> Button:
    """Return a button that says a command line."""
    return Button(Act.PRESS, escape.clean(title, 40), escape.clean(line, LONGEST_LINE), escape.clean(title))


def text(whisper: Whisper, name: str) -> str:
    """Return one of a whisper's values as text, "" where it is not there."""
    return str(whisper.data.get(name, ""))


def texts(whisper: Whisper, name: str) -> tuple[str, ...]:
    """Return one of a whisper's lists of text."""
    return tuple(str(item) for item in whisper.data.get(name, ()))


def with_reference(whisper: Whisper, says: Words, *parts: Part) -> Parts:
    """Return the parts and, where there is one, the reference that people can read out."""
    if not whisper.reference:
        return parts
    return (*parts, Line(says("Reference {reference}"), {"reference": whisper.reference}, Look.SUBTLE))
