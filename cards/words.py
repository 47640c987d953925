"""The languages of the cards: English in the code, each other one as one gettext catalogue, `cards/locale/TAG.po`.

A catalogue is read when its language is first spoken: the translators' text files are what runs, nothing is built.
"""

from __future__ import annotations

import gettext
import io
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from babel import Locale
    from babel.messages import Catalog

FOLDER = Path(__file__).parent / "locale"
SOURCE = "en"
REVIEWED = (SOURCE,)
"""Languages that a named person has read through (CONTRIBUTING.md): the others are off until somebody asks for them."""
_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")
_RIGHT_TO_LEFT = frozenset({"ar", "dv", "fa", "he", "ps", "ur", "yi"})
_HABITS = {SOURCE: "en_GB"}
"""Whose times and lists a language has: 12:04, and "Ana, Ben and Chloé"."""


class Words:
    """The words of one language, given as a BCP 47 tag; what is not translated is English.

    `language` is the language really spoken: the tag's own, its parent or `en`.
    """

    def __init__(self, language: str, folder: Path | None = None) -> None:
        spoken, self._translate = SOURCE, gettext.NullTranslations()
        for tag in _wanted(language):
            file = (folder or FOLDER) / f"{tag}.po"
            if file.is_file():
                spoken, self._translate = tag.replace("_", "-"), _translations(file)
                break
        self.language = spoken
        self.rtl = spoken.split("-")[0] in _RIGHT_TO_LEFT

    def many(self, one: str, several: str, count: int) -> str:
        """Return the words for so many: English has two forms, other languages as many as their catalogue says."""
        return self._translate.ngettext(one, several, count)

    def listed(self, items: Sequence[str]) -> str:
        """Return a list as people say it: `Ana, Ben and Chloé`."""
        from babel.lists import format_list  # noqa: PLC0415 - see locale

        return format_list(items, locale=locale(self.language))

    def __call__(self, english: str) -> str:
        """Return the words for an English template; its `{names}` stay."""
        return self._translate.gettext(english) if english else ""  # gettext answers "" with its header


def spoken(folder: Path | None = None) -> list[str]:
    """Return the languages there are, English first, then by their tags."""
    return [SOURCE, *sorted(file.stem.replace("_", "-") for file in (folder or FOLDER).glob("*.po"))]


def named(tag: str) -> str:
    """Return what those who speak a language call it: `Deutsch`."""
    name = locale(tag).get_language_name() or tag
    return name[:1].upper() + name[1:]


def switched_on(said: str, language: str = SOURCE) -> tuple[str, ...]:
    """Return the languages that a setting names (`all`, or tags), and the one that cards have, English first."""
    named = {tag for tag in re.split(r"[,;\s]+", said.lower()) if tag}
    always = {SOURCE, words(language).language}
    return tuple(tag for tag in spoken() if tag in always or {tag.lower(), "all"} & named)


def preferred(language: str, among: Sequence[str]) -> str:
    """Return a person's language where it is spoken and switched on (`among`), else English."""
    tag = words(language).language
    theirs = language.lower().replace("_", "-").startswith(tag.lower())
    return language if theirs and tag in among else SOURCE


def catalogue(file: Path) -> Catalog:
    """Return what a catalogue file says; ValueError or babel's PoFileError when it is none."""
    from babel.messages.pofile import read_po  # noqa: PLC0415 - see locale

    with file.open("rb") as opened:
        return read_po(opened, locale=file.stem, abort_invalid=True)


@lru_cache(maxsize=64)
def locale(language: str) -> Locale:
    """Return Babel's knowledge of a language: its times, units and lists; what it does not know is English."""
    from babel import Locale, UnknownLocaleError  # noqa: PLC0415 - 45 ms, not before the first card

    try:
        return Locale.parse(_HABITS.get(language, language), sep="-" if "-" in language else "_")
    except (UnknownLocaleError, ValueError):
        return Locale.parse(_HABITS[SOURCE])


@lru_cache(maxsize=64)
def _translations(file: Path) -> gettext.GNUTranslations:
    from babel.messages.mofile import write_mo  # noqa: PLC0415 - see locale

    compiled = io.BytesIO()
    write_mo(compiled, catalogue(file))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


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
