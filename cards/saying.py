"""What whispers are made of: their data as text, and buttons that say a command."""

from __future__ import annotations

from bot.messages import Whisper
from cards import escape
from cards.parts import SHORT, Act, Button, Line, Look, Part, Row
from cards.words import Words

Parts = tuple[Part, ...]
LONGEST_LINE = 1000
"""Characters of what a command says in one paragraph, and of a command line on a button."""


def press(title: str, line: str) -> Row:
    """Return a row of one button."""
    return Row((button(title, line),))


def button(title: str, line: str) -> Button:
    """Return the button that says a command line."""
    return Button(Act.PRESS, escape.clean(title, SHORT), escape.clean(line, LONGEST_LINE), escape.clean(title))


def text(whisper: Whisper, name: str) -> str:
    """Return one text of a whisper's data, "" without it."""
    return str(whisper.data.get(name, ""))


def texts(whisper: Whisper, name: str) -> tuple[str, ...]:
    """Return one list of texts of a whisper's data, empty without it."""
    return tuple(str(item) for item in whisper.data.get(name, ()))


def with_reference(whisper: Whisper, says: Words, *parts: Part) -> Parts:
    """Return the parts and what people can read out."""
    if not whisper.reference:
        return parts
    return (*parts, Line(says("Reference {reference}"), {"reference": whisper.reference}, Look.SUBTLE))
