"""What may be written to an online meeting: names, values, and when it takes effect (facts/graph 1.2 to 1.7)."""

from __future__ import annotations

from typing import Any

from bot.sandbox.graph_door import BARE, UNREADABLE
from bot.sandbox.server import Refused
from bot.sandbox.tenant import Person, Tenant

Json = dict[str, Any]

HIDDEN_SCOPES = frozenset({"invited", "organizationExcludingGuests"})
SCOPES = frozenset({"organizer", "organization", "organizationAndFederated", "everyone", *HIDDEN_SCOPES})
CREATE_OR_GET = frozenset({"chatInfo", "endDateTime", "externalId", "participants", "startDateTime", "subject"})
"""What createOrGet takes."""

ROLES = ("attendee", "presenter", "producer", "coorganizer")
Values = tuple[Any, ...] | type
_YES_NO = (True, False)
_ON_OFF = ("enabled", "disabled")
OPTIONS: dict[str, Values] = {
    "allowAttendeeToEnableCamera": _YES_NO,
    "allowAttendeeToEnableMic": _YES_NO,
    "allowBreakoutRooms": _YES_NO,
    "allowCopyingAndSharingMeetingContent": _YES_NO,
    "allowedLobbyAdmitters": ("organizerAndCoOrganizersAndPresenters", "organizerAndCoOrganizers"),
    "allowedPresenters": ("everyone", "organization", "roleIsPresenter", "organizer"),
    "allowLiveShare": _ON_OFF,
    "allowMeetingChat": (*_ON_OFF, "limited"),
    "allowPowerPointSharing": _YES_NO,
    "allowRecording": _YES_NO,
    "allowTeamworkReactions": _YES_NO,
    "allowTranscription": _YES_NO,
    "allowWhiteboard": _YES_NO,
    "anonymizeIdentityForRoles": list,
    "isEndToEndEncryptionEnabled": _YES_NO,
    "isEntryExitAnnounced": _YES_NO,
    "meetingSpokenLanguageTag": str,
    "recordAutomatically": _YES_NO,
    "sensitivityLabelAssignment": dict,
    "watermarkProtection": dict,
}
"""What a PATCH may change besides `PATCHED_APART`, and the values it takes, or their kind."""

PATCHED_APART = frozenset({"startDateTime", "endDateTime", "subject", "participants", "lobbyBypassSettings"})
AT_CREATION: dict[str, Values] = {
    "allowParticipantsToChangeName": _YES_NO,
    "chatRestrictions": dict,
    "meetingTemplateId": str,
    "shareMeetingChatHistoryDefault": ("all", "none"),
}
"""What only a POST sets, besides chatInfo and joinMeetingIdSettings."""

WHILE_RUNNING = frozenset(
    {
        "allowAttendeeToEnableCamera",
        "allowAttendeeToEnableMic",
        "allowCopyingAndSharingMeetingContent",
        "allowedLobbyAdmitters",
        "allowedPresenters",
        "allowMeetingChat",
        "allowRecording",
        "allowTeamworkReactions",
        "allowTranscription",
        "isEntryExitAnnounced",
        "lobbyBypassSettings",
    }
)
"""What takes effect in a running meeting; everything else is accepted and stays as it was."""

_WRONG_VALUE = "Requested value '{}' was not found."
_READ_ONLY = "Property '{}' is read-only or unknown."
_ONLY_ENTRA = frozenset({"presenter", "coorganizer"})


def part(body: Json, name: str) -> Json:
    """Return an object inside a body, {} where it is absent or null; raises Refused 400 for anything else."""
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise Refused(400, "BadRequest", UNREADABLE)
    return value or {}


def check_post(body: Json) -> None:
    """Raise Refused 400 for a body that Create does not take. Other names are ignored: the type is open."""
    if not body.get("subject") or not body.get("endDateTime"):
        raise Refused(400, "BadRequest", "subject and endDateTime are required.")
    _check_values(body, OPTIONS | AT_CREATION)


def check_patch(body: Json, organizer: Person) -> None:
    """Raise Refused 400 for a body that Update does not take; the organizer never changes."""
    if ("startDateTime" in body) != ("endDateTime" in body):
        raise Refused(400, "BadRequest", "startDateTime and endDateTime must be set together.")
    for name in body:
        if name not in PATCHED_APART and name not in OPTIONS and not name.startswith("@"):
            raise Refused(400, "BadRequest", _READ_ONLY.format(name))
    _check_values(body, OPTIONS)
    named = _user(part(part(body, "participants"), "organizer")).get("id", organizer.oid)
    if named != organizer.oid:
        raise Refused(400, "BadRequest", BARE)


def check_people(body: Json) -> None:
    """Raise Refused 400 unless `participants` is what the schema says."""
    attendees = part(body, "participants").get("attendees") or []
    if not isinstance(attendees, list) or not all(isinstance(attendee, dict) for attendee in attendees):
        raise Refused(400, "BadRequest", UNREADABLE)
    for attendee in attendees:
        if attendee.get("role") not in (None, *ROLES):
            raise Refused(400, "BadRequest", _WRONG_VALUE.format(attendee["role"]))
        part(part(attendee, "identity"), "user")


def invited(tenant: Tenant, body: Json) -> list[Json]:
    """Return the attendees of a body as Graph answers them.

    Only people of the directory can be presenter or coorganizer; the role of others comes back as null, as the
    createOrGet page prints it.
    """
    answered = []
    for attendee in part(body, "participants").get("attendees") or []:
        key, upn = str(_user(attendee).get("id") or ""), str(attendee.get("upn") or "")
        person = tenant.person(key) or tenant.person(upn)
        role = attendee.get("role") or "attendee"
        if person is None:
            identity = {"user": {"id": key, "displayName": None}} if key else None
            answered.append({"upn": upn or None, "role": None if role in _ONLY_ENTRA else role, "identity": identity})
        else:
            answered.append({"upn": person.upn, "role": role, "identity": identity_of(person, tenant)})
    return answered


def identity_of(person: Person, tenant: Tenant) -> Json:
    """Return an identity set with the two names that no schema declares (facts/graph 1.7)."""
    user = {"id": person.oid, "displayName": None, "tenantId": tenant.tenant_id, "identityProvider": "AAD"}
    return {"user": user}


def lobby(body: Json) -> Json:
    """Return what a body says of the lobby, each as it is answered; raises Refused 400."""
    asked = part(body, "lobbyBypassSettings")
    scope, bypass = asked.get("scope"), asked.get("isDialInBypassEnabled")
    if scope not in (None, *SCOPES):
        raise Refused(400, "BadRequest", _WRONG_VALUE.format(scope))
    if not isinstance(bypass, bool | None):
        raise Refused(400, "BadRequest", UNREADABLE)
    given = {"scope": scope, "isDialInBypassEnabled": bypass}
    return {name: value for name, value in given.items() if value is not None}


def _check_values(body: Json, allowed: dict[str, Values]) -> None:
    check_people(body)
    lobby(body)
    if not isinstance(body.get("subject", ""), str | None):
        raise Refused(400, "BadRequest", UNREADABLE)
    for name, values in allowed.items():
        value = body.get(name)
        if value is not None and not _is_one_of(value, values):
            raise Refused(400, "BadRequest", _WRONG_VALUE.format(value))
    attendees = part(body, "participants").get("attendees") or []
    by_role = body.get("allowedPresenters") == "roleIsPresenter"
    if by_role and not any(attendee.get("role") for attendee in attendees):
        raise Refused(400, "BadRequest", BARE)


def _is_one_of(value: object, values: Values) -> bool:
    if isinstance(values, type):
        return isinstance(value, values)
    return any(type(value) is type(one) and value == one for one in values)  # 1 is no true: kinds count too


def _user(participant: Json) -> Json:
    return part(part(participant, "identity"), "user")
