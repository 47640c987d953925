"""People's words made safe to show: in a card's Markdown, and in plain text."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

LONGEST = 120
"""Characters of a subject or a name that are shown."""
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_MENTION = re.compile(r"</?at\b[^<>]*>", re.IGNORECASE)
_MARKS = re.compile(r"[\\`*_\[\]<>~|]|&(?=#?\w+;)|(?<=www)\.|:(?=//)", re.IGNORECASE)
_LINE_START = re.compile(r"^(?:(?P<mark>[#+=-])|(?P<digits>\d{1,9})(?P<dot>[.)]))")
_NO_URL = re.compile(r"[\s<>\"\\]")
_JOINER, _SKIN_TONES = "\u200d", "\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
_LONGEST_LETTER = 24
"""Characters that one visible letter or emoji may consist of; a longer pile of marks is cut."""
_FIRST_STRONG, _POP = "\u2068", "\u2069"


def clean(text: str, longest: int = LONGEST) -> str:
    """Return a person's text on one line: no controls, no direction marks, no mention tags, bounded."""
    plain = text[: longest * 8]
    if not plain.isprintable():  # else there is none of what the next three lines look for
        plain = _BIDI.sub("", plain)
        plain = "".join(" " if unicodedata.category(char) in {"Cc", "Zl", "Zp"} else char for char in plain)
        plain = "".join(char for char in plain if unicodedata.category(char) != "Cs")
    while "<" in plain and _MENTION.search(plain):
        plain = _MENTION.sub("", plain)
    plain = " ".join(plain.split())
    return plain if len(plain) <= longest else plain[: _end(plain, longest - 1)].rstrip() + "…"


def _end(text: str, most: int) -> int:
    """Return where a text can end, at `most` or a little before: never inside an accented letter or an emoji."""
    for end in range(most, max(most - _LONGEST_LETTER, 0), -1):
        if not (_joins(text[end]) or text[end - 1] == _JOINER):
            return end
    return most


def _joins(char: str) -> bool:
    return char == _JOINER or char in _SKIN_TONES or unicodedata.category(char) in {"Mn", "Mc", "Me"}


def markdown(text: str, longest: int = LONGEST) -> str:
    """Return clean text for the middle of a Markdown line: it reads the same and formats nothing.

    Cards know bold, italic, lists and links (facts/teams 3.5); marks that begin a line are `line_start`'s.
    """
    return _MARKS.sub(r"\\\g<0>", clean(text, longest))


def line_start(line: str) -> str:
    """Return a finished Markdown line that is no list item and no heading, whatever it begins with."""
    return _LINE_START.sub(_escaped_start, line)


def _escaped_start(found: re.Match[str]) -> str:
    return f"\\{found['mark']}" if found["mark"] else f"{found['digits']}\\{found['dot']}"


def isolated(text: str, *, rtl: bool) -> str:
    """Return text that cannot reorder what stands beside it, where that could happen (EXPERIENCE 1.8)."""
    foreign = not text.isascii() and any(unicodedata.bidirectional(char) in {"R", "AL"} for char in text)
    return f"{_FIRST_STRONG}{text}{_POP}" if rtl or foreign else text


def https(url: str) -> str:
    """Return an address that a button or a link may carry, else "": https only (facts/teams 3.5)."""
    plain = url.strip()
    return plain if plain.lower().startswith("https://") and not _NO_URL.search(plain) else ""


def link_target(url: str) -> str:
    """Return an https address in a form that cannot end a Markdown link early, or ""."""
    return quote(https(url), safe="%/:?#@!$&+,;=~.-_")
