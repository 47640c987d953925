"""The Teams app package: manifest/manifest.json filled in for one deployment, its icons, one zip (facts/teams 6)."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

from bot.errors import SettingsError
from bot.localization import localized
from bot.manifest.wanted import RINGING, SIGN_IN, Wanted

FOLDER = Path(__file__).resolve().parents[2] / "manifest"
PROJECT = FOLDER.parent / "pyproject.toml"
ICONS = ("color.png", "outline.png")
SCHEMA = "https://developer.microsoft.com/json-schemas/teams/v{}/MicrosoftTeams.schema.json"
SCOPES = ("team", "groupChat", "personal")
MOST_COMMANDS = 12  # per list, facts/teams 6.2
LONGEST_TITLE, LONGEST_DESCRIPTION = 128, 4000  # characters, the same place
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can say: the same package has the same bytes every day
PLAIN_FILE = 0o100644 << 16
RELEASE = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)", re.ASCII)
"""What Teams takes as an app's version."""


class Listed(Protocol):
    """What a command menu shows: the words that are typed, and what they do."""

    @property
    def title(self) -> str:
        """The words."""
        ...

    @property
    def description(self) -> str:
        """What they do."""
        ...


def build(wanted: Wanted, out: Path) -> Path:
    """Write the package of this version of Muster to `out` and return it; the same input gives the same bytes.

    Raises SettingsError naming what does not fit.
    """
    content = manifest(offered(wanted), wanted, current_version())
    files = localized(content, wanted.languages)
    icons = {icon: (FOLDER / icon).read_bytes() for icon in ICONS}
    return pack({"manifest.json": _written(content), **icons, **files}, out)


def pack(files: dict[str, bytes], out: Path) -> Path:
    """Write these files, by name, as one zip; return it."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(out, "w") as package:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr = PLAIN_FILE
            entry.create_system = 3  # what the attributes above mean, whatever machine writes them
            package.writestr(entry, data)
    return out


def offered(wanted: Wanted) -> tuple[Listed, ...]:
    """Return the commands that Teams' menu shows where a package is as wanted."""
    from bot.commands import COMMANDS, available, menu  # noqa: PLC0415 - the engine's words

    return menu(available(COMMANDS, delegated=SIGN_IN in wanted.features))


def manifest(commands: Iterable[Listed], wanted: Wanted, version: str) -> dict[str, Any]:
    """Return manifest.json: the template with ids, `version` (x.y.z), the command menu and what is asked for.

    Raises SettingsError naming what Teams would refuse.
    """
    problems = []
    if not wanted.app_id:
        problems.append("MicrosoftAppId is not set. Set it, or say --app-id ID: the bot's application (client) id.")
    if not RELEASE.fullmatch(version):
        problems.append(f"The version is {version!r}; Teams takes three numbers such as 1.4.0.")
    entries = [{"title": command.title, "description": command.description} for command in commands]
    problems += misfits(entries)
    if problems:
        raise SettingsError(problems)
    return filled(entries, wanted, version)


def filled(entries: list[dict[str, str]], wanted: Wanted, version: str) -> dict[str, Any]:
    """Return the template filled in, as it is: `manifest` says whether Teams would take it."""
    content: dict[str, Any] = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
    bot, extension = content["bots"][0], content["composeExtensions"][0]
    content |= {"$schema": SCHEMA.format(wanted.schema), "manifestVersion": wanted.schema, "version": version}
    content["id"] = bot["botId"] = extension["botId"] = wanted.app_id
    bot["commandLists"] = [{"scopes": list(SCOPES), "triggers": ["mention", "slash"], "commands": entries}]
    bot["supportsCalling"] = RINGING in wanted.features
    if wanted.grants:
        # Without single sign-on the resource may be any text (facts/teams 6.2).
        content["webApplicationInfo"] = {"id": wanted.app_id, "resource": f"api://{wanted.app_id}"}
        specific = [{"name": name, "type": "Application"} for name in wanted.grants]
        content["authorization"] = {"permissions": {"resourceSpecific": specific}}
    if wanted.sign_in_pages:
        # What Teams asks its own token for, and where the browser's way ends (facts/graph 7.1).
        content["webApplicationInfo"] = {"id": wanted.app_id, "resource": f"api://botid-{wanted.app_id}"}
        content["validDomains"] = [*content["validDomains"], wanted.sign_in_pages]
    if not wanted.channels:
        del content["supportsChannelFeatures"]
    if not wanted.slash:
        del bot["supportsTargetedMessages"]
        for asked in (*bot["commandLists"], *extension["commands"]):
            asked.pop("triggers", None)
    return content


def _written(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def misfits(entries: list[dict[str, str]]) -> list[str]:
    """Return what of a command list Teams would refuse at the upload."""
    problems = []
    if len(entries) > MOST_COMMANDS:
        problems.append(f"Teams lists at most {MOST_COMMANDS} commands; these are {len(entries)}.")
    problems += [
        f"The words of the command {entry['title'][:40]!r} are longer than Teams takes."
        for entry in entries
        if len(entry["title"]) > LONGEST_TITLE or len(entry["description"]) > LONGEST_DESCRIPTION
    ]
    return problems


def current_version() -> str:
    """Return Muster's version: pyproject.toml's in a checkout, else the installed package's."""
    try:
        found = re.search(r'^version = "([^"]+)"', PROJECT.read_text(encoding="utf-8"), re.MULTILINE)
    except FileNotFoundError:
        return metadata.version("muster")
    return found[1] if found else metadata.version("muster")
