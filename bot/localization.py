"""The Teams app package in other languages: one file each, made from the catalogues of the cards (facts/teams 6.2)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.commands import COMMANDS
from bot.commands.grammar import find
from bot.errors import UsageError
from cards.words import SOURCE, Words, words

SCHEMA = "https://developer.microsoft.com/json-schemas/teams/v{}/MicrosoftTeams.Localization.schema.json"
"""https://learn.microsoft.com/microsoftteams/platform/concepts/build-and-test/apps-localization"""
OWN = (("name", "full"), ("description", "short"), ("description", "full"))
"""What an app is called and said to be; its short name is a name, and the same everywhere."""
SHOWN = ("title", "description")
"""What people read of a command and of its parameters."""


def localized(manifest: dict[str, Any], languages: Sequence[str]) -> dict[str, bytes]:
    """Return the files of a package in these languages (BCP 47), by name, and name them in its `manifest`."""
    files = {f"{tag}.json": _file(manifest, words(tag)) for tag in languages if tag != SOURCE}
    if files:
        others = [{"languageTag": name.removesuffix(".json"), "file": name} for name in files]
        manifest["localizationInfo"] = {"defaultLanguageTag": SOURCE, "additionalLanguages": others}
    return files


def texts(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what a manifest lets people read, by the key that a file of another language gives it."""
    for part, name in OWN:
        yield f"{part}.{name}", manifest[part][name]
    for place, menu in enumerate(manifest["bots"][0]["commandLists"]):
        yield from _commands(f"bots[0].commandLists[{place}]", menu)
    for extension in manifest.get("composeExtensions", ())[:1]:
        yield from _commands("composeExtensions[0]", extension)


def _commands(where: str, menu: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for place, command in enumerate(menu["commands"]):
        here = f"{where}.commands[{place}]"
        yield from ((f"{here}.{name}", command[name]) for name in SHOWN if name in command)
        for number, parameter in enumerate(command.get("parameters", ())):
            yield from ((f"{here}.parameters[{number}].{name}", parameter[name]) for name in SHOWN if name in parameter)


def _file(manifest: Mapping[str, Any], says: Words) -> bytes:
    content = {"$schema": SCHEMA.format(manifest["manifestVersion"]), "name.short": manifest["name"]["short"]}
    for key, text in texts(manifest):
        typed = key.startswith("bots[") and key.endswith(".title")
        content[key] = _typed(text, says) if typed else says(text)
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def _typed(title: str, says: Words) -> str:
    """Return a menu's words in a language: Teams types them for people, so they are ones that are understood."""
    try:
        command, rest = find(says(title), COMMANDS)
    except UsageError:
        return title
    return says(title) if command.title == title and not rest else title
