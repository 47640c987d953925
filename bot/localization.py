"""The Teams app package in other languages: one file each, made from the catalogues of the cards (facts/teams 6.2)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.commands import COMMANDS
from bot.commands.words import WORDS
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
        content[key] = _said(text, says.language) if typed(key) else says(text)
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def typed(key: str) -> bool:
    """Say whether a text of a manifest is a menu's words, which Teams types for people: no catalogue has them."""
    return key.startswith("bots[") and key.endswith(".title")


def _said(title: str, language: str) -> str:
    """Return a menu's words as people of a language are taught to say them, and the bot understands them."""
    command = next((command for command in COMMANDS if command.title == title), None)
    phrases = WORDS.get(language, {}).get(command.name, ()) if command else ()
    return phrases[0] if phrases else title
