"""The languages of the cards: English in the code, others as gettext catalogues in `cards/locale`."""

from __future__ import annotations

import gettext
import re
from functools import lru_cache
from pathlib import Path

FOLDER = Path(__file__).parent / "locale"
SOURCE = "en"
_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")
_RIGHT_TO_LEFT = frozenset({"ar", "dv", "fa", "he", "ps", "ur", "yi"})


class Words:
    """The words of one language, given as a BCP 47 tag; what is not translated is English.

    `language` is the language really spoken: the tag's own, its parent or `en`.
    """

    def __init__(self, language: str, folder: Path = FOLDER) -> None:
        spoken, self._translate = SOURCE, gettext.NullTranslations()
        for tag in _wanted(language):
            # gettext looks for a tag's parents too: what it found is what is spoken.
            if found := gettext.find("cards", folder, [tag]):
                spoken = Path(found).parents[1].name.replace("_", "-")
                self._translate = gettext.translation("cards", folder, [tag])
                break
        self.language = spoken
        self.rtl = spoken.split("-")[0] in _RIGHT_TO_LEFT

    def many(self, one: str, several: str, count: int) -> str:
        """Return the words for so many: English has two forms, other languages as many as their catalogue says."""
        return self._translate.ngettext(one, several, count)

    def __call__(self, english: str) -> str:
        """Return the words for an English template; its `{names}` stay."""
        return self._translate.gettext(english) if english else ""  # gettext answers "" with its header


def spoken(folder: Path = FOLDER) -> list[str]:
    """Return the languages there are, English first, then by their tags."""
    found = folder.glob("*/LC_MESSAGES/cards.mo")
    return [SOURCE, *sorted(file.parents[1].name.replace("_", "-") for file in found)]


def _wanted(language: str) -> list[str]:
    """Return the names of catalogues that would do, best first; none for what is no language tag."""
    if not _TAG.fullmatch(language):
        return []
    parts = language.replace("-", "_").split("_")
    return ["_".join(parts[:size]) for size in range(len(parts), 0, -1)]


@lru_cache(maxsize=64)
def words(language: str) -> Words:
    """Return the words of a language, read once."""
    return Words(language)
