"""The Teams app package: what an administrator uploads."""

from __future__ import annotations

import importlib.util
import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bot import manifest
from bot.commands import COMMANDS, available, menu
from bot.errors import SettingsError
from bot.manifest import icons
from bot.manifest.png import pixels
from bot.manifest.wanted import FEATURES, MEETING_EVENTS, READING, VERSIONS, Feature, Wanted, wanted

MENU = menu(available(COMMANDS, delegated=False))
APP_ID = "1c0d0000-1111-4222-8333-444455556666"
SCHEMAS = Path(__file__).resolve().parents[3] / "shared" / "schemas"
_SCRIPT = importlib.util.spec_from_file_location("icons", manifest.FOLDER.parent / "infra" / "icons.py")
assert _SCRIPT is not None
assert _SCRIPT.loader is not None
drawing = importlib.util.module_from_spec(_SCRIPT)
_SCRIPT.loader.exec_module(drawing)


@dataclass(frozen=True)
class Words:
    """A command as the menu shows it."""

    title: str
    description: str = "Does it"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The package of all commands."""
    return manifest.build(Wanted(APP_ID), tmp_path / "deep" / "muster.zip")


def built(out: Path, environ: dict[str, str]) -> Path:
    """The package for these settings."""
    return manifest.build(wanted(environ), out)


def content(package: Path) -> dict[str, Any]:
    """manifest.json out of a package."""
    with zipfile.ZipFile(package) as archive:
        parsed: dict[str, Any] = json.loads(archive.read("manifest.json"))
    return parsed


def test_people_can_sign_in_only_where_a_connection_is_named(tmp_path: Path) -> None:
    """The package names the sign-in and its commands where there is a connection and people's permission counts."""
    connected = {"MicrosoftAppId": APP_ID, "MUSTER_OAUTH_CONNECTION": "graph"}
    made = content(built(tmp_path / "1.zip", {**connected, "MUSTER_READ_MESSAGES": "on"}))
    assert made["webApplicationInfo"] == {"id": APP_ID, "resource": f"api://botid-{APP_ID}"}
    assert made["validDomains"] == ["token.botframework.com"]
    assert "sign in" in titles(made)
    for environ in ({"MicrosoftAppId": APP_ID}, {**connected, "MUSTER_AUTH": "App"}):
        without = content(built(tmp_path / "2.zip", environ))
        assert ("webApplicationInfo" in without, without["validDomains"]) == (False, [])
        assert not {"sign in", "sign out"} & titles(without)


@pytest.mark.parametrize(
    ("cloud", "pages"), [("GCCH", "tokengcch.botframework.azure.us"), ("dod", "apidod.botframework.azure.us")]
)
def test_people_sign_in_on_their_own_cloud_s_pages(tmp_path: Path, cloud: str, pages: str) -> None:
    """A package for a government cloud lets Teams open that cloud's sign-in pages alone."""
    environ = {"MicrosoftAppId": APP_ID, "MUSTER_OAUTH_CONNECTION": "graph", "MUSTER_CLOUD": cloud}
    assert content(built(tmp_path / "1.zip", environ))["validDomains"] == [pages]


def titles(made: dict[str, Any]) -> set[str]:
    """Return the words of the command menu."""
    return {entry["title"] for entry in made["bots"][0]["commandLists"][0]["commands"]}


def test_reading_messages_is_asked_for_only_where_it_is_wanted(tmp_path: Path) -> None:
    """The package asks a team's owner for the right to read messages only when the setting is on."""
    made = {}
    for said in ("off", "On "):
        environ = {"MicrosoftAppId": APP_ID, "MUSTER_READ_MESSAGES": said}
        made[said] = content(built(tmp_path / f"{said}.zip", environ))
    assert not {"webApplicationInfo", "authorization"} & set(made["off"])
    assert made["On "]["webApplicationInfo"]["id"] == APP_ID
    assert made["On "]["authorization"]["permissions"]["resourceSpecific"] == [
        {"name": "ChannelMessage.Read.Group", "type": "Application"},
        {"name": "ChatMessage.Read.Chat", "type": "Application"},
    ]


def test_teams_own_events_are_asked_for_only_where_they_are_wanted(tmp_path: Path) -> None:
    """The package asks to be told of meetings only when the setting is on, beside what else is asked for."""
    environ = {"MicrosoftAppId": APP_ID, "MUSTER_READ_MESSAGES": "on", "MUSTER_MEETING_EVENTS": "on"}
    made = content(built(tmp_path / "both.zip", environ))
    grants = [grant["name"] for grant in made["authorization"]["permissions"]["resourceSpecific"]]
    assert grants == [*READING.grants, *MEETING_EVENTS.grants]


@pytest.mark.parametrize("features", [(), FEATURES])
@pytest.mark.parametrize("version", VERSIONS[-2:])
def test_microsofts_schema_accepts_the_manifest(tmp_path: Path, version: str, features: tuple[Feature, ...]) -> None:
    """With and without all that can be asked for, the manifest is as Microsoft's schema has it."""
    path = SCHEMAS / f"MicrosoftTeams.schema.{version}.json"
    if not path.is_file():
        pytest.skip(f"Microsoft's manifest schema {version} is not beside this checkout")
    asked = Wanted(APP_ID, version, features, sign_in_pages="token.botframework.com" if features else "")
    made = content(manifest.build(asked, tmp_path / "muster.zip"))
    assert version in made["$schema"]
    # No check_schema: one pattern of the schema uses \p{L}, which Python does not know (facts/teams 6.4).
    validator = jsonschema.Draft4Validator(json.loads(path.read_text(encoding="utf-8")))
    assert [error.message for error in validator.iter_errors(made)] == []
    made["bots"][0]["scopes"] = ["groupchat"]
    assert len(list(validator.iter_errors(made))) == 1, "the schema is really applied"


@pytest.mark.parametrize(
    ("version", "lacks"),
    [
        ("1.24", {"supportsChannelFeatures", "supportsTargetedMessages", "triggers"}),
        ("1.25", {"supportsTargetedMessages", "triggers"}),
        ("1.28", {"supportsTargetedMessages", "triggers"}),
        ("1.29", set()),
        ("1.30", set()),
    ],
)
def test_an_older_schema_gets_what_it_knows(tmp_path: Path, version: str, lacks: set[str]) -> None:
    """A tenant whose Teams is behind takes the package: what its schema does not know is left out, the rest stays."""
    text = json.dumps(content(manifest.build(Wanted(APP_ID, version), tmp_path / "muster.zip")))
    newer = {"supportsChannelFeatures", "supportsTargetedMessages", "triggers"}
    assert {name for name in newer if f'"{name}"' not in text} == lacks
    assert f'"manifestVersion": "{version}"' in text
    assert '"Meet about this"' in text


def test_files_stand_at_the_root(package: Path) -> None:
    """The zip holds exactly the manifest and its two icons, in no folder."""
    with zipfile.ZipFile(package) as archive:
        assert archive.namelist() == ["manifest.json", "color.png", "outline.png"]
        assert archive.testzip() is None
    icons = content(package)["icons"]
    assert icons == {"color": "color.png", "outline": "outline.png"}


def test_the_bot_is_the_one_that_was_named(package: Path) -> None:
    """App id and bot id are the one that was given; nothing of the template's zeros is left."""
    made = content(package)
    assert (made["id"], made["bots"][0]["botId"]) == (APP_ID, APP_ID)
    assert "00000000-0000" not in json.dumps(made)


def test_the_menu_lists_what_people_type(package: Path) -> None:
    """Teams' command menu shows the commands that people type, in their order, in every kind of chat."""
    (menu,) = content(package)["bots"][0]["commandLists"]
    assert menu["commands"] == [{"title": c.title, "description": c.description} for c in MENU]
    assert menu["scopes"] == ["team", "groupChat", "personal"]


def test_private_and_shared_channels_have_the_bot_too(package: Path) -> None:
    """The manifest asks for every channel feature, and for no domain, permission or calling it does not need."""
    made = content(package)
    assert made["supportsChannelFeatures"] == "tier1"
    assert made["validDomains"] == []
    assert "webApplicationInfo" not in made
    assert "authorization" not in made
    assert not made["bots"][0]["supportsCalling"]


def test_a_bot_that_graph_can_call_back_may_call(tmp_path: Path) -> None:
    """With a public address the bot can join meetings and ring people, which Teams allows by the manifest alone."""
    environ = {"MicrosoftAppId": APP_ID, "MUSTER_PUBLIC_URL": "https://bot.contoso.example"}
    made = content(built(tmp_path / "1.zip", environ))
    assert made["bots"][0]["supportsCalling"]
    # Microsoft documents no keys for calls' callbacks in GCC High: nobody can be rung there.
    made = content(built(tmp_path / "2.zip", {**environ, "MUSTER_CLOUD": "gcch"}))
    assert not made["bots"][0]["supportsCalling"]


def test_the_same_input_makes_the_same_bytes(tmp_path: Path, package: Path) -> None:
    """Building twice gives byte for byte the same file, so that a reviewer can compare."""
    again = manifest.build(wanted({}, app_id=APP_ID.upper()), tmp_path / "again.zip")
    assert again.read_bytes() == package.read_bytes()


@pytest.mark.parametrize(("icon", "colours"), [("color", 2), ("outline", 2)])
def test_the_icons_follow_microsofts_rules(icon: str, colours: int) -> None:
    """The colour icon is a solid square of 192 pixels, the outline icon 32 pixels of white or nothing, unpadded."""
    drawn = (manifest.FOLDER / f"{icon}.png").read_bytes()
    assert [*icons.flaws(icon, f"{icon}.png", drawn)] == []
    assert len({*pixels(drawn)}) == colours


def test_the_icons_are_the_ones_that_the_script_draws() -> None:
    """Whoever changes the script and forgets to run it is told."""
    for name, side, paint in (("color.png", 192, drawing.colour_icon), ("outline.png", 32, drawing.outline_icon)):
        kept = pixels((manifest.FOLDER / name).read_bytes())
        # The pixels, not the bytes: zlib packs differently from one version to the next.
        assert kept == pixels(drawing.png(side, paint)), "python infra/icons.py"


@pytest.mark.parametrize(
    ("version", "commands", "says"),
    [
        ("1.0", [Words("help")], "three numbers"),
        ("1.0.0-beta", [Words("help")], "three numbers"),
        ("1.00.0", [Words("help")], "three numbers"),
        ("1.0.0", [Words(f"c{n}") for n in range(13)], "at most 12"),
        ("1.0.0", [Words("x" * 129)], "longer than Teams takes"),
        ("1.0.0", [Words("x", "y" * 4001)], "longer than Teams takes"),
    ],
)
def test_what_teams_would_refuse_is_refused_here(version: str, commands: list[Words], says: str) -> None:
    """A package that Teams would not take is never written; the message says why."""
    with pytest.raises(SettingsError, match=says):
        manifest.manifest(commands, Wanted(APP_ID), version)


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"app_id": "muster"}, "The app id is 'muster'; it is the bot's application"),
        ({"app_id": "00000000-0000-0000-0000-000000000000"}, "The app id is '00000000"),
        ({"schema": "1.23"}, "The schema is '1.23'; it may be 1.24, "),
        ({"features": "ringing, songs"}, "The features name 'songs'; there are reading, "),
    ],
)
def test_what_cannot_be_built_is_said_in_plain_words(said: dict[str, str], problem: str) -> None:
    """An id that is nobody's, a schema or a feature that there is not: the message says what there is."""
    with pytest.raises(SettingsError, match=re.escape(problem)):
        wanted({}, **said)


def test_features_may_be_named_instead_of_switched_on() -> None:
    """What is named at the command line goes before the settings, and "" asks for nothing."""
    environ = {"MUSTER_READ_MESSAGES": "on", "MUSTER_CLOUD": "dod"}
    assert wanted(environ).features == (READING,)
    assert wanted(environ, features="").features == ()
    named = wanted(environ, features="Sign-In, ringing")
    assert [feature.name for feature in named.features] == ["ringing", "sign-in"]
    assert named.sign_in_pages == "apidod.botframework.azure.us"


def test_the_app_id_may_come_from_the_environment(tmp_path: Path) -> None:
    """`manifest build` takes --app-id, else MicrosoftAppId, else says which to set."""
    from_option = manifest.build(wanted({}, app_id=APP_ID), tmp_path / "a.zip")
    from_environment = built(tmp_path / "b.zip", {"MicrosoftAppId": APP_ID})
    assert from_option.read_bytes() == from_environment.read_bytes()
    assert content(from_option)["version"] == manifest.current_version()
    with pytest.raises(SettingsError, match="MicrosoftAppId is not set"):
        built(tmp_path / "c.zip", {})
    assert not (tmp_path / "c.zip").exists()
