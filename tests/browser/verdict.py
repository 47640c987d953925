"""What a drawing of a card shows to be wrong, in words. Pure: drawings come as `draw.mjs` writes them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

NARROW = 320
JOIN_WITHIN = 480
"""px from the card's top to Join's bottom on a narrow screen (EXPERIENCE 1.14)."""
THUMB = 44
"""px that Join is high at least where it is pressed with a thumb."""
LONGEST_DIFFERENCE = 40

NO_PICKER = "An Input.ChoiceSet must have at least one choice defined."
"""What the renderer says of Teams' people picker, whose choices come from `choices.data`."""

Drawing = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Excuse:
    """A violation that is the renderer's and not the card's: axe-core's rule, and words that must stand in it."""

    rule: str
    words: tuple[str, ...]
    why: str

    def covers(self, violation: str) -> bool:
        """Return whether a violation is this one."""
        return violation.startswith(f"{self.rule}: ") and all(word in violation for word in self.words)


EXCUSES = (
    Excuse(
        "aria-allowed-attr",
        ('class="ac-container" id="more"', 'ARIA attribute is not allowed: aria-expanded="true"'),
        "adaptivecards 3.0.6 puts aria-expanded on whatever Action.ToggleVisibility shows, not on the button",
    ),
    Excuse(
        "label",
        ('class="ac-input ac-choiceSetInput-filtered-textbox"',),
        "adaptivecards 3.0.6 leaves the label away from a field with suggestions; Teams has its own people picker",
    ),
)


def flaws(drawing: Drawing) -> list[str]:
    """Return what is wrong with one drawing, one sentence each; none when a person can read and press everything."""
    found = [f"the renderer says: {event}" for event in drawing["events"] if event != NO_PICKER]
    if drawing["overflow"] > 0:
        found.append(f"{drawing['overflow']} px wider than the screen")
    found += [f"cut off: {text!r}" for text in drawing["clipped"]]
    found += [f"outside the card: {text!r}" for text in drawing["outside"]]
    found += [f"axe-core: {told}" for told in drawing["violations"] if not any(e.covers(told) for e in EXCUSES)]
    if drawing["join"] and drawing["width"] <= NARROW:
        found += _join(drawing["join"]["bottom"], drawing["join"]["height"])
    return [f"{_named(drawing)}: {flaw}" for flaw in found]


def _join(bottom: int, height: int) -> Iterable[str]:
    if bottom > JOIN_WITHIN:
        yield f"Join ends {bottom} px down, more than {JOIN_WITHIN}"
    if height < THUMB:
        yield f"Join is {height} px high, less than {THUMB}"


def _named(drawing: Drawing) -> str:
    more = ", More open" if drawing["open"] else ""
    return f"{drawing['language']}: {drawing['name']} ({drawing['scheme']}, {drawing['width']} px{more})"


def spoken(drawings: Iterable[Drawing]) -> dict[str, str]:
    """Return, for each language, what a screen reader finds on its cards: the text of `aria/LANGUAGE.txt`."""
    texts: dict[str, list[str]] = {}
    for drawing in drawings:
        if drawing["aria"]:
            name = f"# {drawing['name']}{', More open' if drawing['open'] else ''}"
            texts.setdefault(drawing["language"], []).append(f"{name}\n{drawing['aria']}\n")
    return {language: "\n".join(sorted(cards)) for language, cards in texts.items()}


def heard_otherwise(language: str, kept: str, now: str) -> list[str]:
    """Return how what a screen reader finds differs from the text that was kept, as lines of a difference."""
    lines = difflib.unified_diff(
        kept.splitlines(), now.splitlines(), f"aria/{language}.txt", "drawn now", lineterm="", n=1
    )
    return list(lines)[:LONGEST_DIFFERENCE]
