"""Text for terminals: Markdown undone, nothing that commands the terminal, wrapped so that facts stay in one piece."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator

from rich.cells import cell_len

_NBSP = "\u00a0"
_BIDI = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C])
_NUMBER = re.compile(rf"\+?\d(?:[\d ().{_NBSP}-]*\d)?#?")
_LINK = re.compile(r"\[((?:\\.|[^\]\\])*)\]\(([^()\s]*(?:\([^()\s]*\)[^()\s]*)*)\)")
_MARKS = re.compile(
    r"(?P<address>https?://[^\s*]+)|\\(?P<escaped>[!-/:-@\[-`{-~])"
    r"|(?P<two>\*\*|__)(?=\S)(?P<bold>(?:\\.|[^\\])+?)(?P=two)"
    r"|(?<!\w)(?P<one>[*_])(?=[^\s*_])(?P<italic>(?:\\.|[^\\])+?)(?P=one)(?!\w)",
    re.DOTALL,
)


def readable(text: str) -> str:
    """Return Markdown as people read it: marks and escapes undone, a link as its words and its address."""
    text = html.unescape(text).translate(_BIDI)
    return printable(_unmarked(_LINK.sub(lambda found: _link(found[1], found[2]), text)))


def printable(text: str) -> str:
    """Return text that cannot command a terminal: control characters become U+FFFD, line breaks stay."""
    return "".join(
        character if character == "\n" or unicodedata.category(character) not in {"Cc", "Cs"} else "\ufffd"
        for character in text.replace("\r\n", "\n").replace("\t", " ").translate(_BIDI)
    )


def wrapped(text: str, width: int, indent: int = 0) -> list[str]:
    """Return text in lines of at most `width` cells, the second and further ones indented.

    Only a link or a number that is longer than a line sticks out.
    """
    lines: list[str] = []
    for paragraph in _glued(text).split("\n"):
        line = ""
        for word in paragraph.split(" "):
            room = width - (indent if lines else 0)
            if not line or cell_len(line) + 1 + cell_len(word) <= room:
                line = f"{line} {word}" if line else word
            else:
                lines.append(line)
                line = word
            *full, line = _broken(line, max(1, room))
            lines += full
        lines.append(line)
    # Spaces that kept words together have done their work.
    return [(" " * indent if at else "") + line.replace(_NBSP, " ").rstrip() for at, line in enumerate(lines)]


def _link(words: str, address: str) -> str:
    return words if words == address else f"{words} ({address})"


def _unmarked(text: str) -> str:
    def bare(found: re.Match[str]) -> str:
        # Addresses hold underscores and stars that mark nothing.
        return found["address"] or found["escaped"] or _unmarked(found["bold"] or found["italic"])

    return _MARKS.sub(bare, text)


def _glued(text: str) -> str:
    return _NUMBER.sub(lambda found: found[0].replace(" ", _NBSP), text)


def _broken(word: str, width: int) -> Iterator[str]:
    """Yield a word that is wider than a line in pieces, unless it is a link or a number."""
    if cell_len(word) > width and not re.search(r"://|\d", word):
        piece = ""
        for character in word:
            if cell_len(piece + character) > width:
                yield piece
                piece = ""
            piece += character
        word = piece
    yield word
