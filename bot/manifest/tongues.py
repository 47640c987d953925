"""The languages of an app package: those that are on, each complete, and no menu that types what nobody understands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bot.commands import COMMANDS
from bot.commands.grammar import find
from bot.errors import UsageError
from bot.localization import texts, typed
from bot.manifest import offered
from bot.manifest.archive import BUILD, MANIFEST
from bot.manifest.finding import Finding
from bot.manifest.lengths import misfit
from bot.manifest.places import at, parsed, shown, value
from bot.manifest.wanted import Wanted
from cards.words import SOURCE

INFO = f"{MANIFEST} localizationInfo"


def language_files(content: Mapping[str, Any]) -> dict[str, str]:
    """Return the files of other languages that a manifest names, by their tags."""
    listed = at(content, ("localizationInfo", "additionalLanguages"))
    entries = listed if isinstance(listed, list) else []
    pairs = [(at(entry, ("languageTag",)), at(entry, ("file",))) for entry in entries]
    return {tag: file for tag, file in pairs if isinstance(tag, str) and isinstance(file, str)}


def languages(
    content: Mapping[str, Any], files: Mapping[str, bytes], wanted: Wanted, expected: dict[str, Any]
) -> Iterator[Finding]:
    """Yield which languages are missing, are too many, or are not said to the end."""
    named = language_files(content)
    if named and (first := at(content, ("localizationInfo", "defaultLanguageTag"))) != SOURCE:
        yield Finding(
            "languages", f"{INFO}.defaultLanguageTag", f"it is {value(first)}; the manifest is English.", BUILD
        )
    on = {*wanted.languages} - {SOURCE}
    for tag in sorted(on - {*named}):
        yield Finding("languages", INFO, f"{tag} is switched on (MUSTER_LANGUAGES) and is not there.", BUILD)
    for tag, name in named.items():
        if tag not in on:
            repair = f"{BUILD}, or add it to MUSTER_LANGUAGES"
            yield Finding("languages", INFO, f"it names {shown(tag)}, which is not switched on.", repair)
        elif name not in files:
            yield Finding("languages", INFO, f"{tag} names {value(name)}, which is no file of the package.", BUILD)
        else:
            yield from _said(shown(name), parsed(files[name]), wanted, expected)


def _said(name: str, said: dict[str, Any] | None, wanted: Wanted, expected: dict[str, Any]) -> Iterator[Finding]:
    if said is None:
        yield Finding("translation", name, "it is no JSON object.", BUILD)
        return
    keys = ["name.short", *(key for key, _ in texts(expected))]
    for key in said:
        if key not in {*keys, "$schema"}:
            yield Finding("translation", f"{name} {shown(key)}", "the manifest says nothing of this name.", BUILD)
    for key in keys:
        if key not in said:
            yield Finding("translation", f"{name} {key}", "it is not said.", BUILD)
        elif what := misfit(said[key], key):
            yield Finding("length", f"{name} {key}", what, BUILD)
    yield from _typed(name, said, [key for key in keys if typed(key)], wanted)


def _typed(name: str, said: dict[str, Any], titles: list[str], wanted: Wanted) -> Iterator[Finding]:
    """Yield the words that the menu would type, and nobody here would understand."""
    for key, command in zip(titles, offered(wanted), strict=True):
        title = said.get(key)
        if isinstance(title, str) and not _means(title, command):
            what = f"the menu types '{shown(title)}', which is not understood as '{command.title}'."
            yield Finding("translation", f"{name} {key}", what, BUILD)


def _means(title: str, command: object) -> bool:
    try:
        return find(title, COMMANDS)[0] is command
    except UsageError:
        return False
