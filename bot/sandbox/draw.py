"""An Adaptive Card as text: a box for terminals, plain lines for everything else. Pure: JSON in, text out.

Links and numbers are never wrapped, so that each stands on one line for `grep` (EXPERIENCE 4). What a card may hold:
https://adaptivecards.io/explorer/ and facts/teams 3.5.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from rich import box
from rich.cells import cell_len

from bot.sandbox.lines import printable, readable, wrapped

Json = dict[str, Any]
Number = Callable[[Json], int]
"""Gives an action the number by which it is pressed."""

WIDTH = 76
UNWRAPPED = 1_000_000
"""A width that no paragraph fills."""
GAP = "   "
_NARROWEST_COLUMN = 12


class Numbers:
    """Numbers for buttons, from 1, and none is ever given to another button."""

    def __init__(self) -> None:
        self._given: dict[tuple[str, ...], int] = {}
        self._behind: dict[int, tuple[str, Json]] = {}

    def of(self, post_id: str) -> Number:
        """Return what numbers the buttons of a message: the same button keeps its number when it is drawn again."""

        def number(action: Json) -> int:
            key = (post_id, *(str(action.get(name, "")) for name in ("type", "title", "verb", "url", "id")))
            given = self._given.setdefault(key, len(self._given) + 1)
            self._behind[given] = (post_id, action)
            return given

        return number

    def behind(self, number: int) -> tuple[str, Json] | None:
        """Return the message's id and the action as last drawn, None for a number that no button has."""
        return self._behind.get(number)

    @property
    def last(self) -> int:
        """Return the highest number given, 0 before the first."""
        return len(self._given)


@dataclass(slots=True)
class Drawing:
    """A card's visible lines (already wrapped), its links, and its buttons such as `[1] Join Retro`."""

    lines: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    buttons: list[str] = field(default_factory=list)

    @property
    def heading(self) -> str:
        """Return the first line that says something, "" if there is none."""
        return next((line.strip() for line in self.lines if line.strip()), "")


def drawing(
    card: Json, number: Number, *, width: int = WIDTH - 4, shown: Collection[str] = (), wraps: bool = True
) -> Drawing:
    """Return what a card shows in lines of `width` cells; `shown` are the ids of elements that were toggled.

    Without `wraps` a paragraph is one line, however long: for `grep` and for screen readers.
    """
    found = Drawing()
    artist = _Artist(frozenset(shown), found, number, wraps=wraps)
    for element in card.get("body") or []:
        found.lines += artist.element(element, width)
    artist.press(card.get("actions") or [])
    return found


def boxed(drawn: Drawing, title: str, *, unicode: bool = True, width: int = WIDTH) -> str:
    """Return a drawing in a box with its title in the upper border and its buttons in the lower one."""
    style = box.ROUNDED if unicode else box.ASCII
    rows = _rows(drawn.buttons, width - 6)
    inside = [*_spread(drawn), *rows[:-1]]
    title = _cut(title, width - 6)
    top = f"{style.top_left}{style.top} {title} "
    lines = [top + style.top * (width - 1 - cell_len(top)) + style.top_right]
    lines += [_between(line, style.mid_left, style.mid_right, width) for line in inside]
    bottom = style.bottom_left + style.bottom + (f" {rows[-1]} " if rows else "")
    lines.append(bottom + style.bottom * (width - 1 - cell_len(bottom)) + style.bottom_right)
    return "\n".join(lines)


def plain(drawn: Drawing, title: str) -> str:
    """Return a drawing without a box: the title, the lines, the links, and one line for the buttons."""
    return "\n".join(filter(None, [title, *drawn.lines, *drawn.links, GAP.join(drawn.buttons)]))


def hanging(lead: str, drawn: Drawing, *, width: int = WIDTH) -> str:
    """Return a drawing behind words such as `Only Ben sees:`, further lines below its first word, buttons last.

    It was made for lines of `width` less the lead and a space.
    """
    lines = [line for line in (*drawn.lines, *drawn.links) if line.strip()]
    for row in _rows(drawn.buttons, width - cell_len(lead) - 1):
        if lines and cell_len(lead + " " + lines[-1] + GAP + row) <= width and "://" not in lines[-1]:
            lines[-1] += GAP + row
        else:
            lines.append(row)
    return f"\n{' ' * (cell_len(lead) + 1)}".join([f"{lead} {lines[0]}", *lines[1:]]) if lines else lead


class _Artist:
    """Draws the elements of one card; collects its links and buttons on the way, in reading order."""

    def __init__(self, shown: frozenset[str], found: Drawing, number: Number, *, wraps: bool) -> None:
        self._shown = shown
        self._wraps = wraps
        self._found = found
        self._number = number

    def element(self, element: Json, width: int) -> list[str]:
        """Return the lines of an element; none if it is hidden or of a kind that has no words."""
        visible = bool(element.get("isVisible", True)) != (element.get("id") in self._shown)
        draw = getattr(self, "_" + re.sub(r"\W", "_", str(element.get("type"))).lower(), None)
        if not visible:
            return []
        if draw is None:
            fallback = element.get("fallback")
            return self.element(fallback, width) if isinstance(fallback, dict) else []
        lines: list[str] = draw(element, width)
        if element.get("selectAction"):
            self.press([element["selectAction"]])
        gap = element.get("separator") or element.get("spacing") in ("large", "extraLarge", "Large", "ExtraLarge")
        return ["", *lines] if gap and lines else lines

    def press(self, actions: list[Json]) -> None:
        """Collect buttons, and the addresses that they open."""
        for action in actions:
            if action.get("type") == "Action.OpenUrl" and action.get("url") not in self._found.links:
                self._found.links.append(printable(str(action.get("url", ""))))
            title = printable(str(action.get("title") or action.get("verb") or "")).replace("\n", " ")
            if title:
                self._found.buttons.append(f"[{self._number(action)}] {title}")

    def _textblock(self, element: Json, width: int) -> list[str]:
        return _paragraphs(readable(str(element.get("text") or "")), width if self._wraps else UNWRAPPED)

    def _richtextblock(self, element: Json, width: int) -> list[str]:
        runs = [run if isinstance(run, str) else str(run.get("text", "")) for run in element.get("inlines") or []]
        return _paragraphs(printable("".join(runs)), width if self._wraps else UNWRAPPED)

    def _container(self, element: Json, width: int) -> list[str]:
        return [line for item in element.get("items") or [] for line in self.element(item, width)]

    _column = _tablecell = _container

    def _columnset(self, element: Json, width: int) -> list[str]:
        return self._beside(element.get("columns") or [], width)

    def _table(self, element: Json, width: int) -> list[str]:
        return [line for row in element.get("rows") or [] for line in self._beside(row.get("cells") or [], width)]

    def _factset(self, element: Json, width: int) -> list[str]:
        facts = [
            (readable(str(fact.get("title", ""))), readable(str(fact.get("value", ""))))
            for fact in element.get("facts") or []
        ]
        first = min(max((cell_len(title) for title, _ in facts), default=0), width // 2)
        lines = []
        for title, value in facts:
            padded = title + " " * (first - cell_len(title))
            rest = wrapped(value, max(width - first - 2, _NARROWEST_COLUMN))
            lines += [f"{padded}  {rest[0]}", *(" " * (first + 2) + line for line in rest[1:])]
        return lines

    def _actionset(self, element: Json, width: int) -> list[str]:
        del width
        self.press(element.get("actions") or [])
        return []

    def _image(self, element: Json, width: int) -> list[str]:
        words = printable(str(element.get("altText") or ""))
        return wrapped(f"({words})", width) if words else []

    def _input_text(self, element: Json, width: int) -> list[str]:
        label = printable(str(element.get("label") or element.get("title") or element.get("id") or ""))
        hint = printable(str(element.get("value") or element.get("placeholder") or ""))
        return wrapped(f"{label}: [{hint}]", width)

    _input_number = _input_date = _input_time = _input_toggle = _input_choiceset = _input_text

    def _beside(self, columns: list[Json], width: int) -> list[str]:
        """Return columns beside each other where they have room, else below each other."""
        room = (width - 2 * (len(columns) - 1)) // max(len(columns), 1)
        below = room < _NARROWEST_COLUMN
        drawn = [self._column_of(column, width if below else room) for column in columns]
        drawn = [lines for lines in drawn if lines]
        if below or any(cell_len(line) > room for lines in drawn for line in lines):
            return [line for lines in drawn for line in lines]
        height = max(map(len, drawn), default=0)
        rows = [[lines[at] if at < len(lines) else "" for lines in drawn] for at in range(height)]
        return ["  ".join(cell + " " * (room - cell_len(cell)) for cell in row).rstrip() for row in rows]

    def _column_of(self, column: Json, width: int) -> list[str]:
        return self.element({"type": "Column", **column}, width)


def _paragraphs(text: str, width: int) -> list[str]:
    lines = []
    for paragraph in text.split("\n"):
        marker = re.match(r"(?:[-*•]|\d+\.) ", paragraph)
        lines += wrapped(paragraph, width, len(marker[0]) if marker else 0)
    return lines if text else []


def _spread(drawn: Drawing) -> list[str]:
    gap = [""] if drawn.lines and drawn.links else []
    return [*drawn.lines, *gap, *drawn.links]


def _rows(buttons: list[str], width: int) -> list[str]:
    rows: list[str] = []
    for button in buttons:
        if rows and cell_len(rows[-1] + GAP + button) <= width:
            rows[-1] += GAP + button
        else:
            rows.append(_cut(button, width))
    return rows


def _between(line: str, left: str, right: str, width: int) -> str:
    room = width - 4 - cell_len(line)
    return f"{left} {line}{' ' * room} {right}" if room >= 0 else f"{left} {line}"


def _cut(text: str, width: int) -> str:
    if cell_len(text) <= width:
        return text
    while cell_len(text) > width - 3:
        text = text[:-1]
    return text + "..."
