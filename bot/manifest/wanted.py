"""What the Teams app package of one deployment has to say: each thing it asks for belongs to a feature."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from bot.clouds import CLOUDS
from bot.errors import SettingsError
from bot.variables import Variables
from cards.words import REVIEWED, switched_on

NOBODY = str(uuid.UUID(int=0))


@dataclass(frozen=True, slots=True)
class Feature:
    """What a package may ask for besides what it always has.

    `gives` says what people have of it, `setting` what switches it on, and `grants` are the resource-specific
    permissions that owners of teams and chats consent to for it
    (https://learn.microsoft.com/microsoftteams/platform/graph-api/rsc/resource-specific-consent).
    """

    name: str
    gives: str
    setting: str
    grants: tuple[str, ...] = ()


READING = Feature(
    "reading",
    "posts whose answer Teams lost are found (ENGINE R15)",
    "MUSTER_READ_MESSAGES=on",
    ("ChannelMessage.Read.Group", "ChatMessage.Read.Chat"),
)
MEETING_EVENTS = Feature(
    "meeting-events",
    "Teams itself tells of meetings and who is in them (facts/teams 2.4)",
    "MUSTER_MEETING_EVENTS=on",
    (
        *("ChannelMeeting.ReadBasic.Group", "ChannelMeetingParticipant.Read.Group"),
        *("OnlineMeeting.ReadBasic.Chat", "OnlineMeetingParticipant.Read.Chat"),
    ),
)
RINGING = Feature("ringing", "people are called into the meeting (facts/graph 5)", "MUSTER_PUBLIC_URL")
SIGN_IN = Feature(
    "sign-in", "people lend their own permission (facts/graph 7.1)", "MUSTER_OAUTH_CONNECTION, MUSTER_AUTH not app"
)
FEATURES = (READING, MEETING_EVENTS, RINGING, SIGN_IN)

NEWEST = "1.29"
VERSIONS = ("1.24", "1.25", "1.26", "1.27", "1.28", "1.29", "1.30")
"""Schemas a package can be written in: 1.24 is the first whose menus have room for twelve commands."""
CHANNELS_SINCE = "1.25"
"""Since then an app can say that it works in private and shared channels."""
SLASH_SINCE = "1.29"
"""Since then a bot can be asked in private and by slash command."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a package is made for, and held against.

    `app_id` is the bot's application (client) id, "" where nobody said; `schema` is one of VERSIONS; `languages`
    (BCP 47) are those in which people read it; `sign_in_pages` is the host by whose pages people sign in, where they
    do.
    """

    app_id: str
    schema: str = NEWEST
    features: tuple[Feature, ...] = ()
    languages: tuple[str, ...] = REVIEWED
    sign_in_pages: str = ""

    @property
    def grants(self) -> tuple[str, ...]:
        """Return what owners of teams and chats are asked for."""
        return tuple(grant for feature in self.features for grant in feature.grants)

    @property
    def channels(self) -> bool:
        """Say whether the schema knows private and shared channels."""
        return VERSIONS.index(self.schema) >= VERSIONS.index(CHANNELS_SINCE)

    @property
    def slash(self) -> bool:
        """Say whether the schema knows slash commands and messages that only the bot sees."""
        return VERSIONS.index(self.schema) >= VERSIONS.index(SLASH_SINCE)


def wanted(
    environ: Mapping[str, str] | None = None, *, app_id: str = "", schema: str = NEWEST, features: str | None = None
) -> Wanted:
    """Return what the settings (default: the environment) want of a package; what is said here goes before them.

    `features` are names separated by commas, "" for none. Secrets need not be there. Raises SettingsError with every
    problem.
    """
    reader = Variables(os.environ if environ is None else environ)
    cloud = CLOUDS[reader.choice("MUSTER_CLOUD", "public", tuple(CLOUDS))]
    identity = _identity(reader, app_id.strip())
    if schema not in VERSIONS:
        reader.problems.append(f"The schema is {schema!r}; it may be {', '.join(VERSIONS)}.")
    callable_back = cloud.calls_openid_url or reader.text("MUSTER_CALLS_OPENID_URL")
    switches = {
        READING: reader.choice("MUSTER_READ_MESSAGES", "off", ("off", "on")) == "on",
        MEETING_EVENTS: reader.choice("MUSTER_MEETING_EVENTS", "off", ("off", "on")) == "on",
        RINGING: bool(reader.text("MUSTER_PUBLIC_URL") and callable_back),
        SIGN_IN: bool(reader.text("MUSTER_OAUTH_CONNECTION"))
        and reader.choice("MUSTER_AUTH", "auto", ("auto", "app", "user")) != "app",
    }
    on = tuple(feature for feature in FEATURES if switches[feature])
    if features is not None:
        on = _named(features, reader.problems)
    if reader.problems:
        raise SettingsError(reader.problems)
    said = reader.text("MUSTER_LANGUAGES") or " ".join(REVIEWED)
    languages = switched_on(said, reader.text("MUSTER_LANGUAGE"))
    return Wanted(identity, schema, on, languages, cloud.sign_in_pages if SIGN_IN in on else "")


def _identity(reader: Variables, said: str) -> str:
    """Return the app id as Teams writes it; "" where there is none, and with a problem where it is not one."""
    value = said or reader.text("MicrosoftAppId")
    try:
        identity = str(uuid.UUID(value)) if value else ""
    except ValueError:
        identity = NOBODY
    if identity == NOBODY:
        reader.problems.append(
            f"The app id is {value!r}; it is the bot's application (client) id, such as "
            "1b2c3d4e-0000-4000-8000-000000000001. See Entra, App registrations, Overview."
        )
    return identity


def _named(features: str, problems: list[str]) -> tuple[Feature, ...]:
    names = {name.strip().casefold() for name in features.split(",") if name.strip()}
    if wrong := sorted(names - {feature.name for feature in FEATURES}):
        known = ", ".join(feature.name for feature in FEATURES)
        problems.append(f"The features name {', '.join(map(repr, wrong))}; there are {known}.")
    return tuple(feature for feature in FEATURES if feature.name in names)
