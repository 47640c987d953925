"""What a meeting can have, written as properties of Graph's onlineMeeting (facts/graph 1.5, 1.7)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bot.graph.values import fields, part, text
from bot.model import Invited, LobbyScope, Options, Role

LONGEST_SUBJECT = 250
PRESENTERS = frozenset({"everyone", "organization", "roleIsPresenter", "organizer"})
CHAT_MODES = frozenset({"enabled", "disabled", "limited"})
ROLES = frozenset({"attendee", "presenter", "producer", "coorganizer"})

Kind = type[bool] | type[str] | frozenset[str] | Mapping[str, Any]
"""What a property may be: true or false, any text, one of some words, or an object of such properties."""

PASSED_THROUGH: Mapping[str, Kind] = {
    "allowAttendeeToEnableCamera": bool,
    "allowAttendeeToEnableMic": bool,
    "allowBreakoutRooms": bool,
    "allowCopyingAndSharingMeetingContent": bool,
    "allowLiveShare": frozenset({"enabled", "disabled"}),
    "allowParticipantsToChangeName": bool,
    "allowPowerPointSharing": bool,
    "allowRecording": bool,
    "allowTeamworkReactions": bool,
    "allowTranscription": bool,
    "allowWhiteboard": bool,
    "allowedLobbyAdmitters": frozenset({"organizerAndCoOrganizersAndPresenters", "organizerAndCoOrganizers"}),
    "chatRestrictions": {"allowTextOnly": bool},
    "isEndToEndEncryptionEnabled": bool,
    "meetingSpokenLanguageTag": str,
    "sensitivityLabelAssignment": {"sensitivityLabelId": str},
    "shareMeetingChatHistoryDefault": frozenset({"all", "none"}),
    "watermarkProtection": {"isEnabledForContentSharing": bool, "isEnabledForVideo": bool},
}
"""What `Options.more` may name: every property that can be written and has no word of its own in `Options`.

https://learn.microsoft.com/graph/api/resources/onlinemeeting (v1.0)
"""
ONLY_AT_CREATION = frozenset({"allowParticipantsToChangeName", "chatRestrictions", "shareMeetingChatHistoryDefault"})
"""Those of them that the list of what a PATCH may change does not name (facts/graph 1.5)."""


_OWN: Mapping[str, Kind] = {
    "allowMeetingChat": CHAT_MODES,
    "allowedPresenters": PRESENTERS,
    "isEntryExitAnnounced": bool,
    "joinMeetingIdSettings": {"isPasscodeRequired": bool},
    "lobbyBypassSettings": {"scope": frozenset(LobbyScope), "isDialInBypassEnabled": bool},
    "meetingTemplateId": str,
    "recordAutomatically": bool,
}
"""The properties that have a word of their own in `Options`."""


def everywhere(properties: str) -> tuple[Options, list[str]]:
    """Return what every meeting is to have, from a JSON object of onlineMeeting's properties, and its mistakes."""
    try:
        asked = json.loads(properties or "{}")
    except (ValueError, RecursionError):
        return Options(), ["it is no JSON"]
    if not isinstance(asked, dict):
        return Options(), ["it is no JSON object"]
    own = {name: asked[name] for name in asked if name in _OWN}
    others = {name: asked[name] for name in asked if name not in _OWN}
    _, problems = passed(json.dumps(others)) if others else ({}, [])
    problems += [f"{name} must be {wrong}" for name, value in own.items() if (wrong := _problem(_OWN[name], value))]
    if problems:
        return Options(), problems
    lobby = own.get("lobbyBypassSettings", {})
    return Options(
        lobby=LobbyScope(lobby["scope"]) if "scope" in lobby else None,
        dial_in_bypass=lobby.get("isDialInBypassEnabled"),
        presenters=own.get("allowedPresenters", ""),
        passcode=own.get("joinMeetingIdSettings", {}).get("isPasscodeRequired", False),
        announce=own.get("isEntryExitAnnounced"),
        record=own.get("recordAutomatically"),
        chat=own.get("allowMeetingChat", ""),
        template=own.get("meetingTemplateId", ""),
        more=json.dumps(others, sort_keys=True) if others else "",
    ), []


def passed(more: str) -> tuple[dict[str, Any], list[str]]:
    """Return the properties of `Options.more` that may be sent, and what is wrong with the others, one line each."""
    if not more.strip():
        return {}, []
    try:
        asked = json.loads(more)
    except (ValueError, RecursionError):
        return {}, ["it is no JSON"]
    if not isinstance(asked, dict):
        return {}, ["it is no JSON object"]
    good: dict[str, Any] = {}
    problems = []
    for name, value in asked.items():
        if name not in PASSED_THROUGH:
            problems.append(f"{name!r} is no property that is passed on")
        elif problem := _problem(PASSED_THROUGH[name], value):
            problems.append(f"{name} must be {problem}")
        else:
            good[name] = value
    return good, problems


def at_creation(options: Options) -> dict[str, Any]:
    """Return what a plain create asks for: everything; the passcode and the template can be had there alone."""
    more, _ = passed(options.more)
    asked = more | changes(options)
    if options.passcode:
        asked["joinMeetingIdSettings"] = {"isPasscodeRequired": True}
    if options.template:
        asked["meetingTemplateId"] = options.template
    return asked


def changes(options: Options, known: Sequence[Any] = ()) -> dict[str, Any]:
    """Return what a PATCH asks for. `known` are the attendees of Graph's answer: its list replaces theirs.

    https://learn.microsoft.com/graph/api/onlinemeeting-update
    """
    more, _ = passed(options.more)
    asked = {name: value for name, value in more.items() if name not in ONLY_AT_CREATION}
    lobby: dict[str, Any] = {}
    if options.lobby is not None:
        lobby["scope"] = options.lobby.value
    if options.dial_in_bypass is not None:
        lobby["isDialInBypassEnabled"] = options.dial_in_bypass
    if lobby:
        asked["lobbyBypassSettings"] = lobby
    if options.presenters in PRESENTERS:
        asked["allowedPresenters"] = options.presenters
    if options.announce is not None:
        asked["isEntryExitAnnounced"] = options.announce
    if options.record is not None:
        asked["recordAutomatically"] = options.record
    if options.chat in CHAT_MODES:
        asked["allowMeetingChat"] = options.chat
    return asked | participants(options, known)


def participants(options: Options, known: Sequence[Any] = ()) -> dict[str, Any]:
    """Return `participants` with everybody who is invited, after those who are already; empty when nobody is asked.

    Who has neither an object id nor a sign-in name cannot be named to Graph. The role attendee is Graph's default; it
    is written where roles decide who presents (facts/graph 1.2).
    """
    names_roles = options.presenters == "roleIsPresenter"
    asked = [_attendee(one, names_roles=names_roles) for one in options.invited]
    attendees: list[dict[str, Any]] = []
    for one in (*(_kept(attendee) for attendee in known), *asked):
        before = next((other for other in attendees if _same(one, other)), None)
        if before is not None:
            before.update(one)
        elif one:
            attendees.append(one)
    return {"participants": {"attendees": attendees}} if any(asked) else {}


def echoed(asked: Mapping[str, Any], answered: Mapping[str, Any]) -> str:
    """Return what an answer says about the passed-on properties that were asked for, as `Meeting.more`."""
    told = {
        name: _alike(value, answered[name.lower()])
        for name, value in asked.items()
        if name in PASSED_THROUGH and name.lower() in answered
    }
    return json.dumps(told, sort_keys=True, separators=(",", ":")) if told else ""


def _alike(asked: object, answered: object) -> object:
    """Return of an answered object only the properties that were asked about."""
    if not (isinstance(asked, dict) and isinstance(answered, dict)):
        return answered
    found = fields(answered)
    return {name: found.get(name.lower()) for name in asked}


def _problem(kind: Kind, value: object) -> str:
    """Return what a property has to be, "" when it is that."""
    if isinstance(kind, Mapping):
        fits = isinstance(value, dict) and all(
            name in kind and not _problem(kind[name], inner) for name, inner in value.items()
        )
        return "" if fits else f"an object with {' and '.join(kind)}"
    if isinstance(kind, frozenset):
        return "" if isinstance(value, str) and value in kind else " or ".join(sorted(kind))
    return "" if isinstance(value, kind) else "true or false" if kind is bool else "text"


def _attendee(one: Invited, *, names_roles: bool) -> dict[str, Any]:
    role = one.role.value if names_roles or one.role is not Role.ATTENDEE else ""
    return _written(one.person.oid, one.person.upn, role)


def _kept(attendee: object) -> dict[str, Any]:
    """Return an attendee of an answer as it may be sent back: without what the schema does not declare."""
    found = fields(attendee)
    role = text(found, "role")
    return _written(text(part(found, "identity", "user"), "id"), text(found, "upn"), role if role in ROLES else "")


def _written(oid: str, upn: str, role: str) -> dict[str, Any]:
    written: dict[str, Any] = {"identity": {"user": {"id": oid}}} if oid else {}
    if upn:
        written["upn"] = upn
    return written | {"role": role} if role and written else written


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Say whether two attendees are one person."""
    oids = [part(fields(each), "identity", "user").get("id", "").casefold() for each in (one, other)]
    upns = [each.get("upn", "").casefold() for each in (one, other)]
    return (oids[0] == oids[1] != "") or (not all(oids) and upns[0] == upns[1] != "")
