"""The Teams app package in other languages."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bot import localization, manifest
from bot.commands import COMMANDS
from bot.commands.grammar import find
from bot.manifest.wanted import wanted
from cards.words import spoken, words

APP_ID = "1c0d0000-1111-4222-8333-444455556666"
SCHEMAS = Path(__file__).resolve().parents[3] / "shared" / "schemas"
LOCALIZATION = SCHEMAS / "MicrosoftTeams.Localization.schema.1.30.json"


def package(tmp_path: Path, **environ: str) -> dict[str, Any]:
    """Return the JSON files of a package built with these settings."""
    made = manifest.build(wanted(environ, app_id=APP_ID), tmp_path / "muster.zip")
    with zipfile.ZipFile(made) as archive:
        return {name: json.loads(archive.read(name)) for name in archive.namelist() if name.endswith(".json")}


def test_the_package_speaks_the_languages_that_are_switched_on(tmp_path: Path) -> None:
    """Teams shows the app in each language that is on, and the package names no other."""
    assert [*package(tmp_path)] == ["manifest.json"]
    assert "localizationInfo" not in package(tmp_path)["manifest.json"]
    made = package(tmp_path, MUSTER_LANGUAGES="fr", MUSTER_LANGUAGE="ar")
    assert {*made} == {"manifest.json", "ar.json", "fr.json"}
    assert made["manifest.json"]["localizationInfo"] == {
        "defaultLanguageTag": "en",
        "additionalLanguages": [{"languageTag": "ar", "file": "ar.json"}, {"languageTag": "fr", "file": "fr.json"}],
    }
    french = made["fr.json"]
    assert french["name.short"] == "Muster"
    assert french["description.short"] == words("fr")(made["manifest.json"]["description"]["short"])
    assert french["bots[0].commandLists[0].commands[0].description"] != COMMANDS[0].description


def test_every_command_of_a_menu_is_understood(tmp_path: Path) -> None:
    """Whatever Teams' menu types for somebody, in their language, is the command it stands for."""
    for name, content in package(tmp_path, MUSTER_LANGUAGES="all").items():
        titles = [text for key, text in content.items() if name != "manifest.json" and localization.typed(key)]
        understood = [find(title, COMMANDS)[0] for title in titles]
        assert understood == [command for command in COMMANDS if command in understood], name


def test_a_title_that_is_not_understood_stays_english() -> None:
    """The menu never types words that nobody here would understand."""
    content = {"manifestVersion": "1.29", **json.loads((manifest.FOLDER / "manifest.json").read_text(encoding="utf-8"))}
    content["bots"][0]["commandLists"] = [{"commands": [{"title": "More", "description": "Help"}]}]
    content["composeExtensions"] = [{"commands": [{"title": "Meet now", "parameters": [{"title": "Help"}]}]}]
    made = json.loads(localization.localized(content, ("de",))["de.json"])
    assert made["bots[0].commandLists[0].commands[0].title"] == "More"
    assert made["bots[0].commandLists[0].commands[0].description"] == "Hilfe"
    assert made["composeExtensions[0].commands[0].title"] == "Sofortbesprechung"
    assert made["composeExtensions[0].commands[0].parameters[0].title"] == "Hilfe"


def test_microsofts_schema_accepts_every_language_of_the_package(tmp_path: Path) -> None:
    """Each language's file, and the manifest that names them, is what Teams takes at the upload."""
    made = package(tmp_path, MUSTER_LANGUAGES="all")
    assert len(made) == len(spoken())
    path = SCHEMAS / f"MicrosoftTeams.schema.{made['manifest.json']['manifestVersion']}.json"
    if not LOCALIZATION.is_file() or not path.is_file():
        pytest.skip("Microsoft's manifest schemas are not beside this checkout")
    schemas = dict.fromkeys(made, LOCALIZATION) | {"manifest.json": path}
    for name, content in made.items():
        # No check_schema: one pattern of the schema uses \p{L}, which Python does not know (facts/teams 6.4).
        validator = jsonschema.Draft4Validator(json.loads(schemas[name].read_text(encoding="utf-8")))
        assert [error.message for error in validator.iter_errors(content)] == [], name
