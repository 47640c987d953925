"""What Muster asks Microsoft 365 for: every permission, what it is for, and what it costs (EXPERIENCE 1.21).

The one place that names permissions: README's table, `python app.py permissions`, the app package and doctor read it.
Names and what each allows: facts/graph 3.1, 5 and 6, facts/teams 2.4 and 6.2; ids: https://learn.microsoft.com/graph/permissions-reference.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Protocol

GRAPH_APP = "00000003-0000-0000-c000-000000000000"
"""Microsoft Graph's own application id, the same in every tenant."""


class Kind(StrEnum):
    """Who consents to a permission, and for what."""

    APPLICATION = "application"
    """An administrator, for the whole tenant: Entra → App registrations → API permissions."""
    DELEGATED = "delegated"
    """A person who signs in, or an administrator for all: a scope of the OAuth connection."""
    RESOURCE = "resource-specific"
    """An owner of a team or a chat, for it alone, when the app package that asks for it is added there."""


class Feature(StrEnum):
    """What a deployment can have switched on."""

    MEETINGS = "meetings"
    SIGN_IN = "sign-in"
    CALENDAR = "calendar"
    LIVING_CARD = "living card"
    RINGING = "ringing"
    OWNERS = "owners"
    FINDING_POSTS = "finding posts"
    MEETING_EVENTS = "meeting events"


@dataclass(frozen=True, slots=True)
class Permission:
    """One permission by its name at Microsoft, in words of Markdown.

    `id` is that of Graph's app role or scope, "" for a resource-specific one, which has none. `purpose` is what Muster
    does by it, `without` what breaks when it is missing, `radius` what somebody could do who steals it. `optional`: the
    feature works without it, less well. `covered_by` are permissions that allow the same and more.
    """

    name: str
    kind: Kind
    feature: Feature
    id: str
    purpose: str
    without: str
    radius: str
    optional: bool = False
    covered_by: tuple[str, ...] = ()


class Deployment(Protocol):
    """What of the settings switches features on: a `bot.settings.Settings` is one."""

    @property
    def auth(self) -> str:
        """By whose permission meetings are made: `app`, `user` or `auto`."""
        ...

    @property
    def oauth_connection(self) -> str:
        """By what people sign in, "" for nothing."""
        ...

    @property
    def watches(self) -> bool:
        """Whether Graph is asked to tell of calls."""
        ...

    @property
    def rings(self) -> bool:
        """Whether people can be rung."""
        ...

    @property
    def read_messages(self) -> bool:
        """Whether posts are looked for."""
        ...

    @property
    def meeting_events(self) -> bool:
        """Whether Teams is asked to tell of meetings."""
        ...


READ_WRITE = "OnlineMeetings.ReadWrite.All"
PERMISSIONS: tuple[Permission, ...] = (
    Permission(
        READ_WRITE,
        Kind.APPLICATION,
        Feature.MEETINGS,
        "b8bb2037-6e08-44ac-a4ea-4674e010e2a4",
        "opens, changes and deletes meetings, finds one by its link or number, hears of calls",
        "people sign in, if there is an OAuth connection; else nobody can meet",
        "open, read and change meetings as every person whom the application access policy names; with `MUSTER_HOSTS` "
        "and the policy for these accounts alone: as these accounts. The policy does not limit finding a meeting by "
        "its video conference id",
    ),
    Permission(
        "OnlineMeetings.ReadWrite",
        Kind.DELEGATED,
        Feature.SIGN_IN,
        "a65f2972-a4f8-4f5e-afd7-69ccb046d5dc",
        "opens, changes and deletes meetings for a person who has signed in",
        "only the app's own permission counts",
        "the same as everybody who has signed in and not signed out: their tokens lie at Bot Framework's Token "
        "Service, which gives them to the app",
    ),
    Permission(
        "Calendars.ReadWrite",
        Kind.APPLICATION,
        Feature.CALENDAR,
        "ef54d2bf-783f-4e0f-bca1-3210c0444d99",
        "`on calendar` makes an Outlook event",
        "`on calendar` is refused, and the card says so",
        "read and change every calendar of the tenant, unless Exchange limits the app to some mailboxes",
        optional=True,
    ),
    Permission(
        "Calendars.ReadWrite",
        Kind.DELEGATED,
        Feature.CALENDAR,
        "1ec239c2-d7c9-4623-a91a-a9775856bb36",
        "`on calendar` makes an Outlook event of a person who has signed in",
        "`on calendar` is refused, and the card says so",
        "read and change the calendars of those who have signed in",
        optional=True,
    ),
    Permission(
        "OnlineMeetings.Read.All",
        Kind.APPLICATION,
        Feature.LIVING_CARD,
        "c1684f21-1984-47fa-9d61-2dc8c296bb70",
        "hears of calls: the card shows who is in, and when it is over",
        "the card says *open*, and after the booked time that it cannot see whether anyone is inside",
        "read meetings, and be told who is in them, of every person whom the application access policy names",
        covered_by=(READ_WRITE,),
    ),
    Permission(
        "Calls.JoinGroupCall.All",
        Kind.APPLICATION,
        Feature.RINGING,
        "f6b49018-60ab-4f81-83bd-22caeabfed2d",
        "`ring` joins the meeting to call people into it",
        "`ring` says which permission is missing",
        "join any meeting of the tenant as a participant that everybody sees, without hearing it: "
        "`Calls.AccessMedia.All` is not asked for",
    ),
    Permission(
        "Calls.InitiateGroupCall.All",
        Kind.APPLICATION,
        Feature.RINGING,
        "4c277553-8a09-487b-8023-29ee378d8324",
        "`ring` calls people into the meeting",
        "`ring` says which permission is missing",
        "call anybody in the tenant",
    ),
    Permission(
        "Presence.Read.All",
        Kind.APPLICATION,
        Feature.RINGING,
        "a70e0c2d-e793-494c-94c4-118fa0a67f42",
        "`ring` asks before it disturbs somebody who presents or does not want to be disturbed",
        "people are rung without that question",
        "read everybody's presence",
        optional=True,
    ),
    Permission(
        "TeamMember.Read.All",
        Kind.APPLICATION,
        Feature.OWNERS,
        "660b7406-55f1-41ca-a0ed-0b035e182f3e",
        "owners of a team may end its meetings and change its settings",
        "who asked, hosts or leads may end; who added Muster may change settings",
        "read who is in every team",
        optional=True,
    ),
    Permission(
        "ChannelMessage.Read.Group",
        Kind.RESOURCE,
        Feature.FINDING_POSTS,
        "",
        "finds a post in a channel whose answer Teams lost",
        "it is posted twice, and the copy goes when somebody touches it",
        "read the messages of the teams that Muster is added to",
    ),
    Permission(
        "ChatMessage.Read.Chat",
        Kind.RESOURCE,
        Feature.FINDING_POSTS,
        "",
        "finds a post in a chat whose answer Teams lost",
        "it is posted twice, and the copy goes when somebody touches it",
        "read the messages of the chats that Muster is added to",
    ),
    Permission(
        "ChannelMeeting.ReadBasic.Group",
        Kind.RESOURCE,
        Feature.MEETING_EVENTS,
        "",
        "Teams itself tells of scheduled meetings in channels",
        "nothing, where Graph tells of calls",
        "read subject, times and link of the meetings of the teams that Muster is added to",
        optional=True,
    ),
    Permission(
        "ChannelMeetingParticipant.Read.Group",
        Kind.RESOURCE,
        Feature.MEETING_EVENTS,
        "",
        "Teams itself tells who is in them",
        "nothing, where Graph tells of calls",
        "read who is in the meetings of the teams that Muster is added to",
        optional=True,
    ),
    Permission(
        "OnlineMeeting.ReadBasic.Chat",
        Kind.RESOURCE,
        Feature.MEETING_EVENTS,
        "",
        "Teams itself tells of scheduled meetings in chats",
        "nothing, where Graph tells of calls",
        "read subject, times and link of the meetings of the chats that Muster is added to",
        optional=True,
    ),
    Permission(
        "OnlineMeetingParticipant.Read.Chat",
        Kind.RESOURCE,
        Feature.MEETING_EVENTS,
        "",
        "Teams itself tells who is in them",
        "nothing, where Graph tells of calls",
        "read who is in the meetings of the chats that Muster is added to",
        optional=True,
    ),
)


def features_on(settings: Deployment) -> frozenset[Feature]:
    """Return what these settings switch on; calendars and owners need no setting, only the permission."""
    asked = {
        Feature.MEETINGS: settings.auth != "user",
        Feature.SIGN_IN: settings.auth != "app" and bool(settings.oauth_connection),
        Feature.CALENDAR: True,
        Feature.LIVING_CARD: settings.watches,
        Feature.RINGING: settings.rings,
        Feature.OWNERS: True,
        Feature.FINDING_POSTS: settings.read_messages,
        Feature.MEETING_EVENTS: settings.meeting_events,
    }
    return frozenset(feature for feature, on in asked.items() if on)


def of(features: Iterable[Feature], *kinds: Kind) -> tuple[Permission, ...]:
    """Return the permissions of these features, of these kinds (default: all), in the order of the table."""
    wanted = frozenset(features)
    return tuple(one for one in PERMISSIONS if one.feature in wanted and (not kinds or one.kind in kinds))


def table() -> str:
    """Return README's table of the permissions, in Markdown."""
    head = ("| Permission | Kind | With it Muster | Without it | Whoever steals it could |", "|---|---|---|---|---|")
    rows = (" | ".join((f"`{one.name}`", kind_of(one), with_it(one), one.without, one.radius)) for one in PERMISSIONS)
    return "\n".join([*head, *(f"| {row} |" for row in rows)])


def kind_of(one: Permission) -> str:
    """Return who consents, and whether Muster does without."""
    return f"{one.kind}, optional" if one.optional else str(one.kind)


def as_data(on: frozenset[Feature] | None = None) -> list[dict[str, object]]:
    """Return the permissions as JSON has them; `on` says which features are, None that it is not known."""
    return [{**asdict(one), "on": None if on is None else one.feature in on} for one in PERMISSIONS]


def with_it(one: Permission) -> str:
    """Return what Muster does by it, and beside what it is not needed."""
    covered = "".join(f"; not needed beside `{name}`" for name in one.covered_by)
    return one.purpose + covered
