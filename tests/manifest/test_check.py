"""`manifest check`: what is wrong with a package is found, each fault for its own reason and for no other."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema  # noqa: F401 - loaded here, where nothing is traced
import pytest
from hypothesis import given
from hypothesis import strategies as some

from bot import manifest
from bot.manifest import published
from bot.manifest.archive import LARGEST_CONTENT, LARGEST_PACKAGE, MOST_FILES
from bot.manifest.check import findings, version_of
from bot.manifest.schemas import Schemas
from bot.manifest.wanted import Wanted, wanted

APP_ID, OTHER = "1c0d0000-1111-4222-8333-444455556666", "2c0d0000-1111-4222-8333-444455556666"
SCHEMA = Path(__file__).resolve().parents[3] / "shared" / "schemas" / "MicrosoftTeams.schema.1.30.json"
SETTINGS = {"MicrosoftAppId": APP_ID, "MUSTER_READ_MESSAGES": "on", "MUSTER_OAUTH_CONNECTION": "graph"}
ASKED = wanted({**SETTINGS, "MUSTER_LANGUAGES": "fr de"}, schema="1.30")
Files = dict[str, bytes]
Change = Callable[[Any], object]


@cache
def schemas() -> Schemas | None:
    """Microsoft's, where they lie beside this checkout."""
    return published.given(SCHEMA) if SCHEMA.is_file() else None


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """What stands in a good package."""
    made = manifest.build(ASKED, tmp_path_factory.mktemp("made") / "muster.zip")
    with zipfile.ZipFile(made) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(entries: Files, *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Put files into a zip."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return out.getvalue()


def changed(entries: Files, change: Change, name: str = "manifest.json") -> Files:
    """Change one of the JSON files."""
    content = json.loads(entries[name])
    change(content)
    return {**entries, name: json.dumps(content).encode()}


def png(side: int, paint: Callable[[int, int], tuple[int, int, int, int]]) -> bytes:
    """Write a square picture, eight bits of red, green, blue and alpha."""
    rows = b"".join(b"\0" + b"".join(bytes(paint(x, y)) for x in range(side)) for y in range(side))
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)), (b"IDAT", zlib.compress(rows)))
    framed = (
        struct.pack(">I", len(b)) + n + b + struct.pack(">I", zlib.crc32(n + b)) for n, b in (*chunks, (b"IEND", b""))
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


def said(*path: str | int, to: object) -> Change:
    """Return a change of one place of a manifest; None takes it out."""

    def change(content: Any) -> None:  # noqa: ANN401 - whatever JSON says
        for step in path[:-1]:
            content = content[step]
        if to is None:
            del content[path[-1]]
        else:
            content[path[-1]] = to

    return change


def rounded(x: int, y: int) -> tuple[int, int, int, int]:
    """A square without its corners."""
    return (70, 71, 117, 0 if min(x, 191 - x) + min(y, 191 - y) < 20 else 255)


MANIFESTS: list[tuple[Change, str, str, str]] = [
    (said("manifestVersion", to="1.16"), "schema-version", "manifestVersion", "Muster knows 1.24 to 1.30"),
    (said("$schema", to="https://evil.example/schema.json"), "schema-address", "$schema", "not Microsoft's for 1.30"),
    (said("version", to="1.0"), "version", "version", "three numbers"),
    (said("id", to="muster"), "id", "manifest.json id", "no GUID"),
    (said("bots", 0, "botId", to="00000000-0000-0000-0000-000000000000"), "zero-id", "bots[0].botId", "nobody's"),
    (said("composeExtensions", 0, "botId", to=OTHER), "id", "composeExtensions[0].botId", f"is {APP_ID}"),
    (said("webApplicationInfo", "id", to=OTHER), "id", "webApplicationInfo.id", f"is {APP_ID}"),
    (said("name", "short", to="Muster, which opens meetings now"), "length", "name.short", "32 characters"),
    (said("name", "full", to=""), "length", "name.full", "people read it"),
    (said("developer", "privacyUrl", to="http://muster.example/"), "address", "privacyUrl", "https://"),
    (said("accentColor", to="blue"), "colour", "accentColor", "such as #464775"),
    (said("colour", to="blue"), "schema", "colour", "known"),
    (said("developer", "mpnId", to="12345678901"), "schema", "developer.mpnId", "too long"),
    (said("subscriptionOffer", to={}), "schema", "subscriptionOffer.offerId", "missing"),
    (said("defaultInstallScope", to="personal"), "scopes", "defaultInstallScope", 'has to be "team"'),
    (said("bots", to=[]), "bot", "bots[0]", "not there"),
    (said("bots", 0, "scopes", to=["team", "groupchat"]), "scopes", "bots[0].scopes", '"groupChat"'),
    (said("bots", 0, "supportsCalling", to=True), "calling", "bots[0].supportsCalling", "has to be false"),
    (said("bots", 0, "supportsVideo", to=True), "calling", "bots[0].supportsVideo", "no video"),
    (said("bots", 0, "supportsTargetedMessages", to=None), "slash", "supportsTargetedMessages", "has to be true"),
    (said("bots", 0, "commandLists", 0, "triggers", to=["mention"]), "slash", "triggers", '["mention", "slash"]'),
    (said("composeExtensions", 0, "commands", 0, "triggers", to=None), "slash", "commands[0].triggers", "not there"),
    (said("composeExtensions", 0, "commands", 1, "fetchTask", to=None), "dialogs", "commands[1].fetchTask", "true"),
    (
        lambda m: m["composeExtensions"][0]["commands"].append({"id": "x", "title": "X", "description": "Y"}),
        "dialogs",
        "composeExtensions[0].commands[2]",
        "no such dialog",
    ),
    (said("supportsChannelFeatures", to=None), "channels", "supportsChannelFeatures", '"tier1"'),
    (said("webApplicationInfo", "resource", to="api://muster"), "sign-in", "webApplicationInfo.resource", "botid"),
    (
        said("bots", 0, "commandLists", 0, "commands", 1, to={"title": "party", "description": "Fun"}),
        "commands",
        "bots[0].commandLists[0].commands",
        "'party', which Muster does not do",
    ),
    (said("bots", 0, "commandLists", 0, "commands", 0, "description", to="Ends it"), "commands", "commands[0]", "else"),
    (lambda m: m["bots"][0]["commandLists"].append({"commands": []}), "commands", "commandLists[1]", "one menu"),
    (
        lambda m: m["authorization"]["permissions"]["resourceSpecific"].append(
            {"name": "OnlineMeeting.ReadBasic.Chat", "type": "Application"}
        ),
        "permissions",
        "authorization",
        "which only meeting-events needs, and that is off",
    ),
    (
        lambda m: m["authorization"]["permissions"]["resourceSpecific"].append(
            {"name": "TeamSettings.ReadWrite.Group", "type": "Application"}
        ),
        "permissions",
        "authorization",
        "nothing in Muster",
    ),
    (
        lambda m: m["authorization"]["permissions"]["resourceSpecific"].pop(),
        "permissions",
        "authorization",
        "does not ask for ChatMessage.Read.Chat, which reading needs (MUSTER_READ_MESSAGES=on)",
    ),
    (
        said("authorization", "permissions", "resourceSpecific", 0, "type", to="Delegated"),
        "permissions",
        "authorization",
        "other than as an Application permission",
    ),
    (
        said("validDomains", to=["token.botframework.com", "*.contoso.com"]),
        "domains",
        "validDomains[1]",
        "single hosts",
    ),
    (said("validDomains", to=["token.botframework.com", "contoso.com"]), "domains", "validDomains[1]", "no pages"),
    (said("validDomains", to=[]), "domains", "validDomains", "lacks token.botframework.com"),
    (said("localizationInfo", "defaultLanguageTag", to="fr"), "languages", "defaultLanguageTag", "is English"),
    (
        said("localizationInfo", "additionalLanguages", 0, to={"languageTag": "ja", "file": "de.json"}),
        "languages",
        "localizationInfo",
        "is switched on",
    ),
]
"""Changes of the manifest; of each finding its rule, a part of where it is and of what it says."""


@pytest.mark.parametrize(("change", "rule", "where", "what"), MANIFESTS)
def test_a_wrong_manifest_is_refused_for_its_reason(
    files: Files, change: Change, rule: str, where: str, what: str
) -> None:
    """Whoever breaks one thing in the manifest is told that thing, with its repair, and nothing else."""
    if rule == "schema" and schemas() is None:
        pytest.skip("Microsoft's manifest schemas are not beside this checkout")
    told = findings(zipped(changed(files, change)), ASKED, schemas())
    assert {one.rule for one in told} == {rule}, [one.line for one in told]
    assert [one for one in told if where in one.where and what in one.what], [one.line for one in told]
    assert all(one.repair and one.line.count("\n") == 0 for one in told)


def twice(entries: Files) -> bytes:
    """Name a file twice."""
    out = io.BytesIO(zipped(entries))
    with zipfile.ZipFile(out, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("manifest.json", b"{}")
    return out.getvalue()


def linked(entries: Files) -> bytes:
    """Make an icon a symbolic link."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in entries.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o120777 if name == "color.png" else 0o100644) << 16
            archive.writestr(entry, data)
    return out.getvalue()


def header(entries: Files, place: int, to: int) -> bytes:
    """Change one byte of what the zip's directory says of its first file (APPNOTE.TXT 4.3.12)."""
    made = bytearray(zipped(entries))
    made[made.index(b"PK\x01\x02") + place] = to
    return bytes(made)


def without(entries: Files, name: str) -> Files:
    """Leave a file out."""
    return {other: data for other, data in entries.items() if other != name}


def french(entries: Files, change: Change) -> bytes:
    """Change the French file."""
    return zipped(changed(entries, change, "fr.json"))


TITLE = "bots[0].commandLists[0].commands[0].title"
WHITE, CLEAR, BLUE = (255, 255, 255, 255), (0, 0, 0, 0), (70, 71, 117, 255)
PACKAGES: list[tuple[Callable[[Files], bytes], str, str, str]] = [
    (lambda _: b"not a zip", "zip", "the package", "cannot be read as a zip"),
    (lambda f: zipped(f)[:-40], "zip", "the package", "cannot be read as a zip"),
    (
        lambda f: zipped(f, method=zipfile.ZIP_STORED).replace(f["color.png"][:8], b"x" * 8),
        "zip",
        "the package",
        "cannot be read",
    ),
    (lambda f: header(f, 8, 1), "zip", "manifest.json", "by a password"),
    (lambda f: header(f, 10, 14), "zip", "manifest.json", "other than deflate"),
    (twice, "zip", "manifest.json", "more than once"),
    (linked, "path", "color.png", "leads out"),
    (lambda f: zipped({**f, "../manifest.json": b""}), "path", "../manifest.json", "leads out"),
    (lambda f: zipped({**f, "/etc/x": b""}), "path", "/etc/x", "leads out"),
    (lambda f: zipped({**f, "a\\b.png": b""}), "path", "a", "leads out"),
    (lambda f: zipped({f"muster/{name}": data for name, data in f.items()}), "root", "muster/", "at the root"),
    (lambda f: zipped(without(f, "manifest.json")), "manifest", "the package", "no manifest.json"),
    (lambda f: zipped({**f, "manifest.json": b"[]"}), "manifest", "manifest.json", "no JSON object"),
    (lambda f: zipped({**f, "manifest.json": b"[" * 100_000}), "manifest", "manifest.json", "no JSON object"),
    (lambda f: zipped({**f, "bomb.png": bytes(LARGEST_CONTENT)}), "size", "the package", "unpacked"),
    (lambda f: zipped({**f, **{str(n): b"" for n in range(MOST_FILES)}}), "size", "the package", "files, more than"),
    (lambda _: bytes(LARGEST_PACKAGE + 1), "size", "the package", "bytes, more than"),
    (lambda f: zipped({**f, ".env": b"secret"}), "stray", ".env", "nothing in the package names"),
    (lambda f: zipped({**f, "color.png": f["outline.png"]}), "icon-size", "color.png", "32 x 32 pixels"),
    (lambda f: zipped({**f, "color.png": b"GIF89a"}), "icon-file", "color.png", "no PNG file"),
    (lambda f: zipped({**f, "color.png": f["color.png"][:-60]}), "icon-file", "color.png", "damaged"),
    (lambda f: zipped({**f, "color.png": png(192, rounded)}), "icon-color", "color.png", "one solid colour"),
    (
        lambda f: zipped({**f, "outline.png": png(32, lambda x, _: BLUE if x % 2 else CLEAR)}),
        "icon-outline",
        "outline.png",
        "neither pure white",
    ),
    (lambda f: zipped({**f, "outline.png": png(32, lambda *_: WHITE)}), "icon-outline", "outline.png", "one colour"),
    (
        lambda f: zipped({**f, "outline.png": png(32, lambda x, y: WHITE if 4 < x < 28 and 4 < y < 28 else CLEAR)}),
        "icon-outline",
        "outline.png",
        "empty space",
    ),
    (lambda f: zipped(without(f, "outline.png")), "icon-file", "icons.outline", "no file of the package"),
    (lambda f: zipped(without(f, "de.json")), "languages", "localizationInfo", "no file of the package"),
    (lambda f: zipped({**f, "de.json": b"{"}), "translation", "de.json", "no JSON object"),
    (lambda f: french(f, said("description.short", to=None)), "translation", "fr.json description.short", "not said"),
    (
        lambda f: french(f, said("bots[0].commandLists[0].commands[19].title", to="x")),
        "translation",
        "fr.json bots[0]",
        "nothing of this name",
    ),
    (lambda f: french(f, said(TITLE, to="bonjour")), "translation", f"fr.json {TITLE}", "not understood as 'meet now'"),
    (lambda f: french(f, said("description.short", to="x" * 81)), "length", "fr.json description.short", "takes 80"),
]
"""Packages that are wrong as a whole; of each finding its rule, a part of where it is and of what it says."""


@pytest.mark.parametrize(("make", "rule", "where", "what"), PACKAGES)
def test_a_wrong_package_is_refused_for_its_reason(
    files: Files, make: Callable[[Files], bytes], rule: str, where: str, what: str
) -> None:
    """A package that is no zip, hides something, or has wrong pictures or words is refused, each for its own reason."""
    told = findings(make(files), ASKED, schemas())
    assert {one.rule for one in told} == {rule}, [one.line for one in told]
    assert [one for one in told if where in one.where and what in one.what], [one.line for one in told]


def test_what_is_built_is_found_to_be_well(files: Files) -> None:
    """Nothing is said against what `manifest build` writes, whatever the schema and the features."""
    assert findings(zipped(files), ASKED, schemas()) == []
    assert version_of(zipped(files)) == "1.30"
    assert version_of(b"") == ""


@pytest.mark.parametrize("version", ["1.24", "1.25"])
def test_an_older_package_is_well_as_it_is(tmp_path: Path, version: str) -> None:
    """A package for an older Teams is held against what that Teams knows, and may say no more."""
    made = manifest.build(Wanted(APP_ID, version), tmp_path / "old.zip").read_bytes()
    assert findings(made, Wanted("")) == []
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    newer = zipped(changed(entries, said("bots", 0, "supportsTargetedMessages", to=True)))
    assert [one.rule for one in findings(newer, Wanted(APP_ID))] == ["slash"]


def test_a_package_of_another_bot_is_found_out(files: Files) -> None:
    """Settings that name another app than the package is made for are told so, at each place."""
    told = findings(zipped(files), wanted({**SETTINGS, "MUSTER_LANGUAGES": "fr de"}, app_id=OTHER))
    assert {one.rule for one in told} == {"id", "sign-in"}
    assert "set MicrosoftAppId" in told[0].line


JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(max_size=8),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(some.data())
def test_whatever_a_manifest_says_is_answered_with_findings(files: Files, data: some.DataObject) -> None:
    """A manifest with anything at any place never breaks the check; one that is as it was is well."""
    content = json.loads(files["manifest.json"])
    place: Any = content
    while True:
        step = data.draw(some.sampled_from(range(len(place)) if isinstance(place, list) else [*place]))
        if not isinstance(place[step], list | dict) or not place[step] or data.draw(some.booleans()):
            break
        place = place[step]
    before, place[step] = place[step], data.draw(JSON)
    told = findings(zipped({**files, "manifest.json": json.dumps(content).encode()}), ASKED)
    assert all(one.line.isprintable() for one in told)
    if place[step] == before:
        assert told == []


@given(some.data())
def test_whatever_bytes_come_are_answered_with_findings(files: Files, data: some.DataObject) -> None:
    """A package with damage at any place never breaks the check."""
    damaged = bytearray(zipped(files))
    for _ in range(data.draw(some.integers(1, 4))):
        damaged[data.draw(some.integers(0, len(damaged) - 1))] = data.draw(some.integers(0, 255))
    assert all(one.line.isprintable() for one in findings(bytes(damaged), ASKED))
