"""Teams' own events of meetings: a call began or ended, somebody came or left (facts/teams 2.4). Pure.

https://learn.microsoft.com/microsoftteams/platform/apps-in-teams-meetings/meeting-apps-apis: start and end have their
values in PascalCase, with the join link; participants come as `members[{user, meeting{inMeeting}}]`, without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.model import Person
from bot.teams import said
from bot.teams.ids import identifier

PREFIX = "application/vnd.microsoft."
CALLS = {"meetingStart": "started", "meetingEnd": "ended"}
PEOPLE = {"meetingParticipantJoin": "true", "meetingParticipantLeave": "false"}
MOST_PEOPLE = 100


def read(activity: Mapping[str, Any]) -> tuple[dict[str, str], tuple[Person, ...]]:
    """Return what an event tells, in words of ours, and of whom; nothing for an event of another kind.

    `call` is `started` or `ended`, with the `link`; `inside` whether who is named came or left; `at` is ms UTC.
    """
    name = _text(activity, "name").removeprefix(PREFIX)
    value = _object(activity, "value")
    meeting = _text(_object(_object(activity, "channelData"), "meeting"), "id")
    data = {"meeting": meeting, "at": _moment(activity.get("timestamp"))}
    if name in CALLS:
        return {**data, "call": CALLS[name], "link": _text(value, "JoinUrl")}, ()
    if name in PEOPLE:
        members = value.get("members")
        people = [_person(item) for item in (members if isinstance(members, list) else [])[:MOST_PEOPLE]]
        return {**data, "inside": PEOPLE[name]}, tuple(person for person in people if person.id)
    return {}, ()


def _person(member: object) -> Person:
    user = _object(member, "user")
    return Person(identifier(user, "id"), identifier(user, "aadObjectId"), said.words(_text(user, "name")))


def _moment(value: object) -> str:
    """Return an ISO time as ms UTC in digits, "" for what is none."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return ""
    return str(int(at.timestamp() * 1000)) if at is not None and at.tzinfo and at.year > 1 else ""


def _object(holder: object, key: str) -> Mapping[str, Any]:
    found = holder.get(key) if isinstance(holder, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _text(holder: Mapping[str, Any], key: str) -> str:
    found = holder.get(key)
    return found if isinstance(found, str) else ""
