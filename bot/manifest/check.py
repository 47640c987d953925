"""An app package against Teams' rules and against the settings it is meant for: every finding says what mends it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from bot.manifest import RELEASE, SCHEMA, filled, icons, offered
from bot.manifest.archive import BUILD, MANIFEST, inside, opened
from bot.manifest.finding import Finding
from bot.manifest.lengths import lengths
from bot.manifest.places import Place, at, called, parsed, same, shown, value
from bot.manifest.schemas import Schemas
from bot.manifest.tongues import language_files, languages
from bot.manifest.wanted import FEATURES, NOBODY, VERSIONS, Wanted
from bot.variables import GUID

BOT: Place = ("bots", 0)
EXTENSION: Place = ("composeExtensions", 0)
MENU: Place = (*BOT, "commandLists")
SETTLED: Mapping[Place, tuple[str, str]] = {
    (*BOT, "scopes"): ("scopes", "where people can add Muster"),
    (*BOT, "isNotificationOnly"): ("conversation", "people talk to Muster"),
    (*BOT, "supportsFiles"): ("files", "Muster takes no files"),
    (*BOT, "supportsCalling"): ("calling", "what lets it ring people (feature ringing, MUSTER_PUBLIC_URL)"),
    (*BOT, "supportsVideo"): ("calling", "Muster sends no video"),
    (*BOT, "supportsTargetedMessages"): ("slash", "what lets people ask in private and by slash command"),
    (*MENU, 0, "scopes"): ("scopes", "where the menu is shown"),
    (*MENU, 0, "triggers"): ("slash", "where the menu is shown"),
    ("defaultInstallScope",): ("scopes", "where Teams offers to add it first"),
    ("defaultGroupCapability",): ("scopes", "what a team or a group chat gets is the bot"),
    ("supportsChannelFeatures",): ("channels", "what lets it into private and shared channels"),
    ("webApplicationInfo", "resource"): ("sign-in", "what permissions and the sign-in are bound to"),
}
"""What follows from the settings and the schema's version alone, and what it is there for."""
MOST = 100
"""Findings that are told, of Teams' rules and of the schema: a manifest of a million mistakes is read for a while."""
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Package:
    """A package that is open: its files by name, its manifest, what it is held against."""

    files: Mapping[str, bytes]
    content: Mapping[str, Any]
    wanted: Wanted
    expected: dict[str, Any]


def findings(package: bytes, wanted: Wanted, schemas: Schemas | None = None) -> list[Finding]:
    """Return what is wrong with a package for a deployment; nothing is wrong with what `build` writes for the same.

    `package` is the zip. Where `wanted.app_id` is "" the bot's own id in the package counts. `schemas` are
    Microsoft's for the version that the manifest names; None: everything else is checked. A package that cannot be
    opened has no other findings, and of a very wrong one MOST of either kind are told.
    """
    files, found = opened(package)
    if found:
        return found
    content = parsed(files[MANIFEST])
    if content is None:
        return [Finding("manifest", MANIFEST, "it is no JSON object.", BUILD)]
    version = content.get("manifestVersion")
    if version not in VERSIONS:
        what = f"it is {value(version)}; Muster knows {VERSIONS[0]} to {VERSIONS[-1]}."
        return [_finding("schema-version", ("manifestVersion",), what)]
    asked = replace(wanted, schema=version, app_id=wanted.app_id or str(at(content, (*BOT, "botId"))).lower())
    entries = [{"title": command.title, "description": command.description} for command in offered(asked)]
    opened_package = Package(files, content, asked, filled(entries, asked, str(content.get("version"))))
    own = [*islice(_of(opened_package), MOST)]
    others = (found for found in _by_schema(opened_package, schemas) if not any(_told(found, one) for one in own))
    return [*own, *islice(others, MOST)]


def version_of(package: bytes) -> str:
    """Return the version of the schema that a package names, "" where it cannot be known or is none of ours."""
    version = (parsed(opened(package)[0].get(MANIFEST, b"")) or {}).get("manifestVersion")
    return version if version in VERSIONS else ""


def _of(package: Package) -> Iterator[Finding]:
    missing = [place for place in (BOT, EXTENSION) if not isinstance(at(package.content, place), dict)]
    for place in missing:
        yield _finding("bot", place, "it is not there.")
    every = (_release, _identities, _settled, _commands, _grants, _domains, _icons, _strays)
    for rule in every:
        for found in rule(package):
            if not any(found.where.startswith(f"{MANIFEST} {called(place)}") for place in missing):
                yield found
    yield from lengths(package.content)
    yield from languages(package.content, package.files, package.wanted, package.expected)


def _finding(rule: str, place: Place, what: str, repair: str = BUILD) -> Finding:
    return Finding(rule, f"{MANIFEST} {called(place)}".strip(), what, repair)


def _release(package: Package) -> Iterator[Finding]:
    version, schema = package.content.get("version"), package.content.get("$schema")
    if not isinstance(version, str) or not RELEASE.fullmatch(version):
        yield _finding("version", ("version",), f"it is {value(version)}; Teams takes three numbers such as 1.4.0.")
    # Microsoft's Developer Portal writes the address with its language.
    if schema is not None and str(schema).replace("/en-us/", "/") != SCHEMA.format(package.wanted.schema):
        what = f"it is {value(schema)}, which is not Microsoft's for {package.wanted.schema}."
        yield _finding("schema-address", ("$schema",), what)


def _identities(package: Package) -> Iterator[Finding]:
    """Yield ids that are nobody's or somebody else's. The app's own may be another than the bot's."""
    for place in (("id",), (*BOT, "botId"), (*EXTENSION, "botId"), ("webApplicationInfo", "id")):
        found = at(package.content, place)
        if place[0] == "webApplicationInfo" and not at(package.content, place[:1]):
            continue
        if not isinstance(found, str) or not GUID.fullmatch(found):
            yield _finding("id", place, f"it is {value(found)}, which is no GUID.", f"{BUILD} --app-id ID")
        elif found == NOBODY:
            yield _finding("zero-id", place, "it is the GUID of zeros, nobody's.", f"{BUILD} --app-id ID")
        elif place != ("id",) and found.lower() != package.wanted.app_id:
            what = f"it is {found}; the bot's app id is {shown(package.wanted.app_id)}."
            yield _finding("id", place, what, f"{BUILD}, or set MicrosoftAppId to the bot that is meant")


def _settled(package: Package) -> Iterator[Finding]:
    """Yield what follows from settings and version, and is otherwise."""
    for place, (rule, meaning) in SETTLED.items():
        yield from _differing(package, place, rule, meaning)
    dialogs = package.expected["composeExtensions"][0]["commands"]
    for number in range(len(dialogs)):
        for name in ("id", "type", "context", "fetchTask", "triggers"):
            rule = "slash" if name == "triggers" else "dialogs"
            yield from _differing(package, (*EXTENSION, "commands", number, name), rule, "what opens Muster's dialogs")
    if at(package.content, (*EXTENSION, "commands", len(dialogs))) is not None:
        place = (*EXTENSION, "commands", len(dialogs))
        yield _finding("dialogs", place, "Muster has no such dialog.")


def _differing(package: Package, place: Place, rule: str, meaning: str) -> Iterator[Finding]:
    found, expected = at(package.content, place), at(package.expected, place)
    if not same(found, expected):
        yield _finding(rule, place, f"it is {value(found)}, {_has_to_be(expected)}: {meaning}.")


def _has_to_be(expected: object) -> str:
    return "and has to be left out" if expected is None else f"and has to be {value(expected)}"


def _commands(package: Package) -> Iterator[Finding]:
    """Yield how the menu differs from the commands that there are."""
    if at(package.content, (*MENU, 1)) is not None:
        yield _finding("commands", (*MENU, 1), "Muster has one menu, for every kind of chat.")
    entries = at(package.content, (*MENU, 0, "commands"))
    listed = {
        str(at(entry, ("title",))): (number, at(entry, ("description",)))
        for number, entry in enumerate(entries if isinstance(entries, list) else ())
    }
    there = {entry["title"]: entry["description"] for entry in at(package.expected, (*MENU, 0, "commands"))}
    place: Place = (*MENU, 0, "commands")
    for title, (number, description) in listed.items():
        if title not in there:
            yield _finding("commands", (*place, number), f"it lists '{shown(title)}', which Muster does not do.")
        elif description != there[title]:
            what = f"'{shown(title)}' is said to do something else than it does."
            yield _finding("commands", (*place, number, "description"), what)
    if absent := [title for title in there if title not in listed]:
        yield _finding("commands", place, f"it does not list {', '.join(map(repr, absent))}.")


def _grants(package: Package) -> Iterator[Finding]:
    """Yield resource-specific permissions that no feature needs, or that one which is on lacks."""
    place: Place = ("authorization", "permissions", "resourceSpecific")
    entries = at(package.content, place)
    asked = {str(at(entry, ("name",))): entry for entry in (entries if isinstance(entries, list) else ())}
    features = {grant: feature for feature in FEATURES for grant in feature.grants}
    for name, entry in asked.items():
        if name not in package.wanted.grants:
            feature = features.get(name)
            needs = f"which only {feature.name} needs, and that is off" if feature else "which nothing in Muster needs"
            repair = f"{BUILD}, or set {feature.setting}" if feature else BUILD
            yield _finding("permissions", place, f"it asks for {shown(name)}, {needs}.", repair)
        elif at(entry, ("type",)) != "Application":
            yield _finding("permissions", place, f"it asks for {name} other than as an Application permission.")
    for name in package.wanted.grants:
        if name not in asked:
            feature = features[name]
            what = f"it does not ask for {name}, which {feature.name} needs ({feature.setting})."
            yield _finding("permissions", place, what)


def _domains(package: Package) -> Iterator[Finding]:
    place: Place = ("validDomains",)
    found, expected = at(package.content, place), package.expected["validDomains"]
    listed = found if isinstance(found, list) else []
    for number, domain in enumerate(listed):
        if not isinstance(domain, str) or not _DOMAIN.fullmatch(domain):
            what = f"it is {value(domain)}; Teams is to trust single hosts, by their bare names."
            yield _finding("domains", (*place, number), what)
        elif domain not in expected:
            yield _finding("domains", (*place, number), f"it is {value(domain)}, where Muster has no pages.")
    for domain in expected:
        if domain not in listed:
            yield _finding("domains", place, f"it lacks {domain}, where people sign in.")


def _icons(package: Package) -> Iterator[Finding]:
    for icon in icons.SIDES:
        name = at(package.content, ("icons", icon))
        if not isinstance(name, str) or not inside(name) or name not in package.files:
            yield _finding("icon-file", ("icons", icon), f"it names {value(name)}, which is no file of the package.")
        else:
            yield from icons.flaws(icon, shown(name), package.files[name])


def _strays(package: Package) -> Iterator[Finding]:
    """Yield files that nothing names: whatever is in the package goes to everybody who installs it."""
    named = {MANIFEST, *language_files(package.content).values()}
    named |= {str(at(package.content, ("icons", icon))) for icon in (*icons.SIDES, "color32x32")}
    for name in package.files:
        if name not in named:
            yield Finding("stray", shown(name), "nothing in the package names this file.", "leave it out")


def _by_schema(package: Package, schemas: Schemas | None) -> Iterable[Finding]:
    if schemas is None:
        return
    for place, what in schemas.departures(package.content):
        yield _finding("schema", place, f"Microsoft's schema: {what}.")
    for name in sorted({*language_files(package.content).values()} & {*package.files}):
        said = parsed(package.files[name])
        for place, what in schemas.departures(said, language=True) if said is not None else ():
            yield Finding("schema", f"{shown(name)} {called(place)}".strip(), f"Microsoft's schema: {what}.", BUILD)


def _told(found: Finding, before: Finding) -> bool:
    """Say whether a finding is about a place of which, or of whose parts, another speaks already."""
    one, other = found.where, before.where
    return one == other or one.startswith((f"{other}.", f"{other}[")) or other.startswith((f"{one}.", f"{one}["))
