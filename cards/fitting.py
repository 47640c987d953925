"""What fits a narrow screen: what does not is cut off, in a meeting's side panel and on a phone (EXPERIENCE 1.14).

Widths are estimates in px for the buttons' font, 14 px and semi-bold; `make browser` measures whether they hold.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

NARROW = 288
"""px inside a card on a screen of 320."""
AROUND, BETWEEN = 26, 8
"""px around a button's title, and between two buttons."""
TITLE = 176
"""px of a title that leaves room for *More* beside it."""
_LETTER, _CAPITAL, _BROAD, _SQUARE = 8, 10, 13, 16
_UNSEEN = frozenset({"Cf", "Me", "Mn"})
"""Categories of characters that take no width: isolates, joiners, accents."""
_BROAD_LETTERS = frozenset("mwMW@%…—")


@lru_cache(maxsize=1024)
def width(title: str) -> int:
    """Return about how many px a title takes."""
    return sum(map(_width, title))


def shown(title: str, most: int = TITLE) -> int:
    """Return how many characters of a title fit into so many px; of a longer one the last is the ellipsis."""
    if width(title) <= most:
        return len(title)
    left = most - width("…")
    for count, char in enumerate(title):
        left -= _width(char)
        if left < 0:
            return count + 1
    return len(title)


def rows(titles: tuple[str, ...]) -> list[int]:
    """Return how many buttons with these titles stand in each row, in their order: as many as fit."""
    counts: list[int] = []
    left = 0
    for title in titles:
        needed = width(title) + AROUND + BETWEEN
        if not counts or needed > left:
            counts.append(0)
            left = NARROW + BETWEEN
        counts[-1] += 1
        left -= needed
    return counts


def _width(char: str) -> int:
    if char in _BROAD_LETTERS:
        return _BROAD
    if not char.isascii():
        if unicodedata.category(char) in _UNSEEN:
            return 0
        if unicodedata.east_asian_width(char) in "WF":
            return _SQUARE
    return _CAPITAL if char.isupper() else _LETTER
