"""How long what people read of an app may be (facts/teams 6.2), and which of its texts are too long or missing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from bot.manifest import LONGEST_DESCRIPTION, LONGEST_TITLE
from bot.manifest.archive import MANIFEST
from bot.manifest.finding import Finding
from bot.manifest.places import at, value

LONGEST: Mapping[str, int] = {
    "name.short": 30,
    "name.full": 100,
    "description.short": 80,
    "description.full": 4000,
    "developer.name": 32,
}
"""Characters, by place."""
ADDRESSES = ("developer.websiteUrl", "developer.privacyUrl", "developer.termsOfUseUrl")
LONGEST_ADDRESS = 2048
DIALOG_TITLE, DIALOG_DESCRIPTION = 32, 128
TEMPLATE = "change manifest/manifest.json, and build the package again"
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_HTTPS = re.compile(r"https://[^\s/]+(?:/\S*)?")


def longest(key: str) -> int:
    """Return how many characters a text may have, by the key that files of other languages give it."""
    if key in LONGEST:
        return LONGEST[key]
    titled = key.endswith(".title")
    if key.startswith("bots["):
        return LONGEST_TITLE if titled else LONGEST_DESCRIPTION
    return DIALOG_TITLE if titled else DIALOG_DESCRIPTION


def misfit(text: object, key: str) -> str:
    """Say what is wrong with a text; "" where nothing is."""
    if not isinstance(text, str) or not text.strip():
        return f"it is {value(text)}; people read it."
    if len(text) > longest(key):
        return f"it has {len(text)} characters; Teams takes {longest(key)}."
    return ""


def lengths(content: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield which of a manifest's names, addresses and colours Teams would refuse; its menu is checked elsewhere."""
    keys = [*LONGEST]
    dialogs = at(content, ("composeExtensions", 0, "commands"))
    for number in range(len(dialogs) if isinstance(dialogs, list) else 0):
        keys += [f"composeExtensions[0].commands[{number}].{name}" for name in ("title", "description")]
    for key in keys:
        place = tuple(int(step) if step.isdecimal() else step for step in re.findall(r"\w+", key))
        if what := misfit(at(content, place), key):
            yield Finding("length", f"{MANIFEST} {key}", what, TEMPLATE)
    colour = content.get("accentColor")
    if not isinstance(colour, str) or not _COLOUR.fullmatch(colour):
        yield Finding(
            "colour", f"{MANIFEST} accentColor", f"it is {value(colour)}; a colour is such as #464775.", TEMPLATE
        )
    for key in ADDRESSES:
        address = at(content, tuple(key.split(".")))
        if not isinstance(address, str) or not _HTTPS.fullmatch(address) or len(address) > LONGEST_ADDRESS:
            what = f"it is {value(address)}; it has to be an address that begins with https://."
            yield Finding("address", f"{MANIFEST} {key}", what, TEMPLATE)
