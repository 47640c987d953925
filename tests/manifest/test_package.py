"""The Teams app package: what an administrator uploads."""

from __future__ import annotations

import json
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bot import manifest
from bot.commands import COMMANDS, menu
from bot.errors import SettingsError

MENU = menu(COMMANDS)
APP_ID = "1c0d0000-1111-4222-8333-444455556666"
SCHEMAS = Path(__file__).resolve().parents[3] / "shared" / "schemas"


@dataclass(frozen=True)
class Words:
    """A command as the menu shows it."""

    title: str
    description: str = "Does it"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The package of all commands."""
    return manifest.build(MENU, APP_ID, tmp_path / "deep" / "muster.zip", "1.2.3")


def content(package: Path) -> dict[str, Any]:
    """manifest.json out of a package."""
    with zipfile.ZipFile(package) as archive:
        parsed: dict[str, Any] = json.loads(archive.read("manifest.json"))
    return parsed


def pixels(png: bytes) -> tuple[int, int, set[bytes]]:
    """Width, height and the colours of an RGBA image, read by our own few lines."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    parts = dict(chunks(png[8:]))
    width, height, depth, kind, *_ = struct.unpack(">IIBBBBB", parts[b"IHDR"])
    assert (depth, kind) == (8, 6), "eight bits each of red, green, blue and alpha"
    raw = zlib.decompress(parts[b"IDAT"])
    rows = [raw[start : start + 1 + 4 * width] for start in range(0, len(raw), 1 + 4 * width)]
    assert len(rows) == height
    assert {row[:1] for row in rows} == {b"\0"}, "rows without a filter"
    return width, height, {row[at : at + 4] for row in rows for at in range(1, 1 + 4 * width, 4)}


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and content of each chunk, its checksum proven."""
    while data:
        (length,) = struct.unpack(">I", data[:4])
        name, body = data[4:8], data[8 : 8 + length]
        assert struct.unpack(">I", data[8 + length : 12 + length]) == (zlib.crc32(name + body),)
        yield name, body
        data = data[12 + length :]


def test_people_can_sign_in_only_where_a_connection_is_named(tmp_path: Path) -> None:
    """The package names the sign-in and its commands where there is a connection and people's permission counts."""
    connected = {"MicrosoftAppId": APP_ID, "MUSTER_OAUTH_CONNECTION": "graph"}
    made = content(manifest.build_from_settings("", tmp_path / "1.zip", {**connected, "MUSTER_READ_MESSAGES": "on"}))
    assert made["webApplicationInfo"] == {"id": APP_ID, "resource": f"api://botid-{APP_ID}"}
    assert made["validDomains"] == ["token.botframework.com"]
    assert "sign in" in titles(made)
    for environ in ({"MicrosoftAppId": APP_ID}, {**connected, "MUSTER_AUTH": "App"}):
        without = content(manifest.build_from_settings("", tmp_path / "2.zip", environ))
        assert ("webApplicationInfo" in without, without["validDomains"]) == (False, [])
        assert not {"sign in", "sign out"} & titles(without)


@pytest.mark.parametrize(
    ("cloud", "pages"), [("GCCH", "tokengcch.botframework.azure.us"), ("dod", "apidod.botframework.azure.us")]
)
def test_people_sign_in_on_their_own_cloud_s_pages(tmp_path: Path, cloud: str, pages: str) -> None:
    """A package for a government cloud lets Teams open that cloud's sign-in pages alone."""
    environ = {"MicrosoftAppId": APP_ID, "MUSTER_OAUTH_CONNECTION": "graph", "MUSTER_CLOUD": cloud}
    assert content(manifest.build_from_settings("", tmp_path / "1.zip", environ))["validDomains"] == [pages]


def titles(made: dict[str, Any]) -> set[str]:
    """Return the words of the command menu."""
    return {entry["title"] for entry in made["bots"][0]["commandLists"][0]["commands"]}


def test_reading_messages_is_asked_for_only_where_it_is_wanted(tmp_path: Path) -> None:
    """The package asks a team's owner for the right to read messages only when the setting is on."""
    made = {}
    for said in ("off", "On "):
        environ = {"MicrosoftAppId": APP_ID, "MUSTER_READ_MESSAGES": said}
        made[said] = content(manifest.build_from_settings("", tmp_path / f"{said}.zip", environ))
    assert not {"webApplicationInfo", "authorization"} & set(made["off"])
    assert made["On "]["webApplicationInfo"]["id"] == APP_ID
    assert made["On "]["authorization"]["permissions"]["resourceSpecific"] == [
        {"name": "ChannelMessage.Read.Group", "type": "Application"},
        {"name": "ChatMessage.Read.Chat", "type": "Application"},
    ]


def test_teams_own_events_are_asked_for_only_where_they_are_wanted(tmp_path: Path) -> None:
    """The package asks to be told of meetings only when the setting is on, beside what else is asked for."""
    environ = {"MicrosoftAppId": APP_ID, "MUSTER_READ_MESSAGES": "on", "MUSTER_MEETING_EVENTS": "on"}
    made = content(manifest.build_from_settings("", tmp_path / "both.zip", environ))
    grants = [grant["name"] for grant in made["authorization"]["permissions"]["resourceSpecific"]]
    assert grants == [*manifest.READING, *manifest.MEETING_EVENTS]


@pytest.mark.parametrize("grants", [(), (*manifest.READING, *manifest.MEETING_EVENTS)])
def test_microsofts_schema_accepts_the_manifest(tmp_path: Path, grants: tuple[str, ...]) -> None:
    """The manifest validates against Microsoft's schema of the version that it names."""
    made = content(manifest.build(MENU, APP_ID, tmp_path / "muster.zip", "1.2.3", grants=grants))
    path = SCHEMAS / f"MicrosoftTeams.schema.{made['manifestVersion']}.json"
    if not path.is_file():
        pytest.skip("Microsoft's manifest schemas are not beside this checkout")
    # No check_schema: one pattern of the schema uses \p{L}, which Python does not know (facts/teams 6.4).
    validator = jsonschema.Draft4Validator(json.loads(path.read_text(encoding="utf-8")))
    assert [error.message for error in validator.iter_errors(made)] == []
    made["bots"][0]["scopes"] = ["groupchat"]
    assert len(list(validator.iter_errors(made))) == 1, "the schema is really applied"


def test_files_stand_at_the_root(package: Path) -> None:
    """The zip holds exactly the manifest and its two icons, in no folder."""
    with zipfile.ZipFile(package) as archive:
        assert archive.namelist() == ["manifest.json", "color.png", "outline.png"]
        assert archive.testzip() is None
    icons = content(package)["icons"]
    assert icons == {"color": "color.png", "outline": "outline.png"}


def test_the_bot_is_the_one_that_was_named(package: Path) -> None:
    """App id, bot id and version are those given; nothing of the template's zeros is left."""
    made = content(package)
    assert (made["id"], made["bots"][0]["botId"], made["version"]) == (APP_ID, APP_ID, "1.2.3")
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
    made = content(manifest.build_from_settings("", tmp_path / "1.zip", environ))
    assert made["bots"][0]["supportsCalling"]


def test_the_same_input_makes_the_same_bytes(tmp_path: Path, package: Path) -> None:
    """Building twice gives byte for byte the same file, so that a reviewer can compare."""
    again = manifest.build(MENU, APP_ID.upper(), tmp_path / "again.zip", "1.2.3")
    assert again.read_bytes() == package.read_bytes()


def test_the_colour_icon_follows_microsofts_rules() -> None:
    """It is 192 by 192 pixels, without transparency."""
    width, height, colours = pixels((manifest.FOLDER / "color.png").read_bytes())
    assert (width, height) == (192, 192)
    assert {colour[3] for colour in colours} == {255}
    assert len(colours) > 1


def test_the_outline_icon_follows_microsofts_rules() -> None:
    """It is 32 by 32 pixels, pure white on fully transparent, nothing between."""
    width, height, colours = pixels((manifest.FOLDER / "outline.png").read_bytes())
    assert (width, height) == (32, 32)
    assert colours == {b"\xff\xff\xff\xff", b"\xff\xff\xff\x00"}


@pytest.mark.parametrize(
    ("app_id", "version", "commands", "says"),
    [
        ("muster", "1.0.0", [Words("help")], "app id"),
        (APP_ID, "1.0", [Words("help")], "three numbers"),
        (APP_ID, "1.0.0-beta", [Words("help")], "three numbers"),
        (APP_ID, "1.0.0", [Words(f"c{n}") for n in range(13)], "at most 12"),
        (APP_ID, "1.0.0", [Words("x" * 129)], "longer than Teams takes"),
        (APP_ID, "1.0.0", [Words("x", "y" * 4001)], "longer than Teams takes"),
    ],
)
def test_what_teams_would_refuse_is_refused_here(
    tmp_path: Path, app_id: str, version: str, commands: list[Words], says: str
) -> None:
    """A package that Teams would not take is never written; the message says why."""
    with pytest.raises(SettingsError, match=says):
        manifest.build(commands, app_id, tmp_path / "no.zip", version)
    assert not (tmp_path / "no.zip").exists()


def test_the_app_id_may_come_from_the_environment(tmp_path: Path) -> None:
    """`manifest build` takes --app-id, else MicrosoftAppId, else says which to set."""
    from_option = manifest.build_from_settings(APP_ID, tmp_path / "a.zip", {})
    from_environment = manifest.build_from_settings("", tmp_path / "b.zip", {"MicrosoftAppId": APP_ID})
    assert from_option.read_bytes() == from_environment.read_bytes()
    assert content(from_option)["version"] == manifest.current_version()
    with pytest.raises(SettingsError, match="MicrosoftAppId is not set"):
        manifest.build_from_settings("", tmp_path / "c.zip", {})
