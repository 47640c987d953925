"""The Teams app package: manifest/manifest.json filled in for one deployment, its icons, one zip (facts/teams 6)."""

from __future__ import annotations

import json
import os
import re
import uuid
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

from bot.clouds import CLOUDS, WORLDWIDE
from bot.errors import SettingsError
from bot.localization import localized
from cards.words import REVIEWED, switched_on

FOLDER = Path(__file__).resolve().parent.parent / "manifest"
PROJECT = FOLDER.parent / "pyproject.toml"
ICONS = ("color.png", "outline.png")
SCOPES = ("team", "groupChat", "personal")
MOST_COMMANDS = 12  # per list, facts/teams 6.2
LONGEST_TITLE, LONGEST_DESCRIPTION = 128, 4000  # characters, the same place
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can say: the same package has the same bytes every day
PLAIN_FILE = 0o100644 << 16
READING = ("ChannelMessage.Read.Group", "ChatMessage.Read.Chat")
"""What a team's or a chat's owner consents to where posts may be looked for (facts/teams 6, ENGINE R15)."""
MEETING_EVENTS = (
    *("ChannelMeeting.ReadBasic.Group", "ChannelMeetingParticipant.Read.Group"),
    *("OnlineMeeting.ReadBasic.Chat", "OnlineMeetingParticipant.Read.Chat"),
)
"""The same where Teams itself tells of meetings and who is in them (facts/teams 2.4)."""


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


def build(
    commands: Iterable[Listed],
    app_id: str,
    out: Path,
    version: str,
    *,
    grants: tuple[str, ...] = (),
    sign_in_pages: str = "",
    languages: Sequence[str] = (),
    calling: bool = False,
) -> Path:
    """Write the package to `out` and return it; the same input gives the same bytes.

    `app_id` is the bot's application (client) id; `version` is x.y.z; `grants` are what owners of teams and chats
    consent to, `sign_in_pages` is the host by whose pages people sign in, where they do; `languages` (BCP 47) are those
    in which people read it; `calling` lets it ring people. Raises SettingsError naming what does not fit.
    """
    made = manifest(commands, app_id, version, grants=grants, sign_in_pages=sign_in_pages, calling=calling)
    content = json.loads(made)
    files = localized(content, languages)
    out.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(out, "w") as package:
        icons = {icon: (FOLDER / icon).read_bytes() for icon in ICONS}
        for name, data in {"manifest.json": _written(content), **icons, **files}.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr = PLAIN_FILE
            entry.create_system = 3  # what the attributes above mean, whatever machine writes them
            package.writestr(entry, data)
    return out


def build_from_settings(app_id: str, out: Path, environ: Mapping[str, str] | None = None) -> Path:
    """Write the package of this version of Muster, for `app_id` or else for `MicrosoftAppId`, with its menu."""
    from bot.commands import COMMANDS, available, menu  # noqa: PLC0415 - the engine's words

    known_to = os.environ if environ is None else environ
    known = app_id or known_to.get("MicrosoftAppId", "")
    if not known.strip():
        raise SettingsError(
            ["MicrosoftAppId is not set. Set it, or say --app-id ID: the bot's application (client) id."]
        )
    wanted = {"MUSTER_READ_MESSAGES": READING, "MUSTER_MEETING_EVENTS": MEETING_EVENTS}
    on = [names for name, names in wanted.items() if known_to.get(name, "").strip().casefold() == "on"]
    grants = tuple(grant for names in on for grant in names)
    connected = bool(known_to.get("MUSTER_OAUTH_CONNECTION", "").strip())
    signing_in = connected and known_to.get("MUSTER_AUTH", "").strip().casefold() != "app"
    commands = menu(available(COMMANDS, delegated=signing_in))
    cloud = CLOUDS.get(known_to.get("MUSTER_CLOUD", "").strip().casefold(), WORLDWIDE)
    pages = cloud.sign_in_pages if signing_in else ""
    said = known_to.get("MUSTER_LANGUAGES", "") or " ".join(REVIEWED)
    return build(
        commands,
        known.strip(),
        out,
        current_version(),
        grants=grants,
        sign_in_pages=pages,
        languages=switched_on(said, known_to.get("MUSTER_LANGUAGE", "")),
        calling=bool(known_to.get("MUSTER_PUBLIC_URL", "").strip()),
    )


def manifest(
    commands: Iterable[Listed],
    app_id: str,
    version: str,
    *,
    grants: tuple[str, ...] = (),
    sign_in_pages: str = "",
    calling: bool = False,
) -> bytes:
    """Return manifest.json as bytes: the template with ids, version, the command list and what is asked for."""
    problems = []
    try:
        identity = str(uuid.UUID(app_id))
    except ValueError:
        identity = ""
        problems.append(f"The app id is {app_id!r}; it must look like 00000000-0000-0000-0000-000000000000.")
    if not re.fullmatch(r"\d+\.\d+\.\d+", version, re.ASCII):
        problems.append(f"The version is {version!r}; Teams takes three numbers such as 1.4.0.")
    entries = [{"title": command.title, "description": command.description} for command in commands]
    problems += misfits(entries)
    if problems:
        raise SettingsError(problems)
    content: dict[str, Any] = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
    content["id"], content["version"] = identity, version
    content["bots"][0]["botId"] = content["composeExtensions"][0]["botId"] = identity
    content["bots"][0]["commandLists"] = [
        {"scopes": list(SCOPES), "triggers": ["mention", "slash"], "commands": entries}
    ]
    if grants:
        # Without single sign-on the resource may be any text (facts/teams 6.2).
        content["webApplicationInfo"] = {"id": identity, "resource": f"api://{identity}"}
        specific = [{"name": name, "type": "Application"} for name in grants]
        content["authorization"] = {"permissions": {"resourceSpecific": specific}}
    if sign_in_pages:
        # What Teams asks its own token for, and where the browser's way ends (facts/graph 7.1).
        content["webApplicationInfo"] = {"id": identity, "resource": f"api://botid-{identity}"}
        content["validDomains"] = [*content["validDomains"], sign_in_pages]
    content["bots"][0]["supportsCalling"] = calling  # what lets the bot join meetings and ring people (facts/graph 5)
    return _written(content)


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
