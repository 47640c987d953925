"""Rooms and whispers as the engine hands them over."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import pytest

from bot.messages import Whisper
from bot.model import Binding, DialIn, FrozenRequest, Meeting, Person, Room, RoomState

Rooms = Callable[..., Room]
NOON = 1_773_918_240_000
"""2026-03-19 12:04 in Warsaw's winter (UTC+1), in ms UTC."""
MINUTE = 60_000
DIAL_IN = DialIn(
    conference_id="123456789",
    toll_numbers=("+44 20 7946 0123", "+49 30 23125042"),
    toll_free_numbers=("+44 808 157 0192",),
    url="https://dialin.teams.microsoft.com/22f1?id=123456789",
)
MEETING = Meeting(
    id="MSo1N2Y5",
    join_url="https://teams.microsoft.com/l/meetup-join/19%3ameeting_abc%40thread.v2/0",
    dial_in=DIAL_IN,
    join_meeting_id="23456789012",
    passcode="aB3xYz",
    video_id="1122334455@t.example",
    dial_in_bypass=True,
)
ROOM = Room(
    room_id="a" * 32,
    tenant="t",
    scope_key="chat:c",
    topic="",
    state=RoomState.OPEN,
    version=3,
    subject="Retro",
    starter=Person("29:ana", "oid", "Ana Lima"),
    host=Person("29:ana", "oid", "Ana Lima"),
    home_thread="19:abc@thread.tacv2",
    home_conversation="19:abc@thread.tacv2;messageid=1",
    request=FrozenRequest("v1.0", "/users/oid/onlineMeetings/createOrGet", "{}"),
    external_id="a" * 32,
    created_at=NOON,
    give_up_at=NOON + 3 * MINUTE,
    starts_at=NOON,
    ends_at=NOON + 60 * MINUTE,
    reference="7F3K-92QD",
    zone="Europe/Warsaw",
    binding=Binding.BOUND,
    meeting=MEETING,
    opened_at=NOON,
)
LISTED = {
    "subject": "Retro",
    "state": "open",
    "host": "Ana Lima",
    "join_url": MEETING.join_url,
    "opened_at": str(NOON),
    "ended_at": "",
}
WHISPER_DATA: dict[str, dict[str, Any]] = {
    "typo": {"typed": "meat now", "meant": "meet now"},
    "unknown": {"typed": "brew tea"},
    "running": {
        "subject": "Retro",
        "starter": "Ana Lima",
        "opened_at": NOON,
        "join_url": MEETING.join_url,
        "another": "start another Lunch",
    },
    "other-thread": {"subject": "Retro", "join_url": MEETING.join_url, "here": "start one for this thread Lunch"},
    "near-topic": {
        "topic": "#INC-24",
        "near": "#INC-42",
        "join_url": MEETING.join_url,
        "line": "open topic #INC-24 DB down",
    },
    "topic-elsewhere": {
        "topic": "#layoffs",
        "where": "HR leads",
        "bring": "bring it here #layoffs",
        "apart": "open separately #layoffs",
    },
    "not-brought": {"topic": "#layoffs", "line": "open separately #layoffs"},
    "trying-now": {"subject": "Retro"},
    "stopped": {"subject": "Retro"},
    "no-request": {},
    "policy": {"subject": "Retro", "minutes": 45},
    "failed": {"subject": "Retro", "code": "host"},
    "dial-in": {
        "subject": "Retro",
        "toll_numbers": list(DIAL_IN.toll_numbers),
        "toll_free_numbers": list(DIAL_IN.toll_free_numbers),
        "conference_id": DIAL_IN.conference_id,
        "url": DIAL_IN.url,
    },
    "no-dial-in": {"subject": "Retro"},
    "not-found": {"typed": "234 567 890 12"},
    "not-looked-up": {"typed": "234 567 890 12"},
    "no-numbers": {},
    "no-meeting": {},
    "help": {"bot": "Muster", "commands": [["meet now", "a meeting here, right away"]], "also": ["status", "host"]},
    "help-command": {
        "bot": "Muster",
        "usage": "meet now [subject]",
        "description": "A meeting here, right away",
        "examples": ["meet now", "meet now Retro"],
    },
    "welcome": {"team": "Platform team", "bot": "Muster"},
    "sign-in": {"subject": "Retro", "minutes": "45", "policy": "yes"},
    "sign-in-else": {"subject": "Retro"},
    "no-admin": {"ref": "7F3K-92QD"},
    "admin-told": {"ref": "7F3K-92QD"},
    "policy-advice": {
        "people": 17,
        "url": "https://shell.azure.com",
        "lines": ["Connect-MicrosoftTeams", 'Grant-CsApplicationAccessPolicy -PolicyName Muster -Identity "oid"'],
        "ref": "7F3K-92QD",
    },
    "doctor": {
        "findings": [
            {"check": "store", "status": "ok", "says": "SQLite, for one process", "step": None},
            {
                "check": "access policy",
                "status": "to do",
                "says": "no application access policy lets the app open meetings",
                "step": {
                    "do": "https://shell.azure.com (PowerShell)",
                    "who": "Teams Administrator",
                    "lines": ["Connect-MicrosoftTeams"],
                    "after": "Works within 30 minutes.",
                },
            },
            {"check": "host", "status": "not known", "says": "", "step": None},
            {"check": "callback", "status": "off", "says": "MUSTER_PUBLIC_URL is not set", "step": None},
        ]
    },
    "doctor-admins": {},
    "doctor-nobody": {"setting": "MUSTER_ADMINS", "line": "python app.py doctor"},
    "host-wanted": {"who": "Kim Park", "line": "meet now Retro"},
    "host-asked": {"subject": "Retro"},
    "cannot-host": {"subject": "Retro"},
    "no-calendar": {"subject": "Retro", "line": "open anyway Retro"},
    "signed-in": {},
    "signed-out": {},
    "not-signed-out": {},
    "problem": {},
    "too-fast": {"seconds": 40},
    "late": {"typed": "meet now Retro"},
    "live-below": {},
    "busy": {},
    "stranger": {},
    "not-here": {},
    "working": {},
    "elsewhere": {"name": "Kim"},
    "settings": {
        "chat": {"duration": "45", "start": "owners", "ring": "a,b"},
        "me": {"plain": "True", "language": "de"},
    },
    "settings-set": {"chat": {"lobby": "everyone", "language": "fr"}, "me": {}},
    "settings-same": {},
    "settings-nobody": {},
    "settings-refused": {"who": "Ana Lima"},
    "may-not-start": {"may": "owners", "who": "Ana Lima"},
    "meeting-chat": {"line": "start another Retro"},
    "is-open": {"subject": "Retro", "join_url": MEETING.join_url},
    "ended": {"subject": "Retro", "numbers": "yes"},
    "end-live": {"subject": "Retro", "line": "end anyway Retro"},
    "reopened": {"subject": "Retro", "numbers": "yes"},
    "reopen-late": {"subject": "Retro"},
    "no-ended": {},
    "not-yours": {"does": "end", "who": "Ana Lima", "team": "yes"},
    "renamed": {"subject": "DB restore"},
    "rename-what": {},
    "host": {"subject": "#INC-42", "leads": ["Bea Novak"], "host": "Ana Lima", "missing": ["Kim Park"]},
    "host-already": {"subject": "Retro", "leads": ["Ana Lima"]},
    "host-who": {},
    "status": {"meetings": [LISTED]},
    "recent": {"meetings": [LISTED | {"state": "ended", "ended_at": str(NOON + 36 * MINUTE), "join_url": ""}]},
    "ring-off": {},
    "ring-who": {},
    "ring-many": {"most": 20},
    "ring-begun": {},
    "ring-stopped": {},
    "ring-nobody": {},
    "not-rung": {"busy": ["Ben Okafor"], "doing": "presenting", "soon": ["Chloé Martin"], "missing": ["Kim Park"]},
    "notice": {"title": "Coffee", "lines": ["Ana Lima fetches some."]},
    "story": {
        "ref": "7F3K-92QD",
        "moments": [
            {"at": NOON, "what": "asked", "chat": "channel", "thread": "19:a", "by": "oid", "state": "done"},
            {"at": NOON, "what": "begun", "call": "createOrGet", "way": "app", "host": "oid", "tries": 2},
            {
                "at": NOON + 900,
                "what": "graph",
                "step": "open",
                "attempt": 1,
                "outcome": "not yet",
                "method": "POST",
                "status": 0,
                "ms": 12,
                "client_request_id": "c1",
            },
            {
                "at": NOON + 2_000,
                "what": "graph",
                "step": "open",
                "attempt": 2,
                "outcome": "open",
                "code": "X",
                "method": "POST",
                "status": 201,
                "ms": 9,
                "request_id": "r2",
                "client_request_id": "c2",
            },
            {"at": NOON + 2_000, "what": "opened", "binding": "bound"},
            {"at": NOON + 3_000, "what": "told", "purpose": "card", "state": "posted", "version": 2, "attempts": 3},
            {
                "at": NOON + 3_000,
                "what": "told",
                "purpose": "whisper",
                "to": "oid",
                "name": "policy",
                "state": "planned",
            },
            {"at": NOON + 4_000, "what": "live"},
            {"at": NOON + 5_000, "what": "did", "action": "rename", "by": "oid"},
            {"at": NOON + 6_000, "what": "ended", "by": "clock"},
        ],
    },
    "no-story": {"ref": "7F3K-92QD"},
    "why-admins": {"ref": "7F3K-92QD"},
    "why-alone": {"line": "why 7F3K-92QD"},
    "bare": {},
    "now-or-then": {
        "now": "meet now Retro",
        "then": "meet tomorrow 9:00 Retro",
        "at": NOON + 21 * 60 * MINUTE,
        "asked_at": NOON,
        "tomorrow": True,
    },
    "planned": {"subject": "Retro", "at": NOON + 24 * 60 * MINUTE, "asked_at": NOON, "notes": ["tomorrow", "zone"]},
    "planned-already": {},
    "not-then": {"why": "far", "at": NOON, "asked_at": NOON, "days": 60},
    "reminder": {"subject": "Retro", "join_url": MEETING.join_url, "names": ["Ana Lima"], "ids": ["29:ana"]},
}


@pytest.fixture
def placed() -> Callable[[str], str]:
    """Return what leaves ` (London)` and its like out of a text where no numbering plans are installed."""
    known = find_spec("phonenumbers") is not None
    return lambda text: text if known else re.sub(r" \((?:London|Berlin)\)", "", text)


@pytest.fixture
def room() -> Rooms:
    """Return a maker of rooms: Ana's Retro, open and bound to its channel, with what the test changes."""
    return lambda **changes: replace(ROOM, **changes)


@pytest.fixture
def meeting() -> Meeting:
    """Return what Graph answered for the room."""
    return MEETING


@pytest.fixture
def whisper() -> Callable[..., Whisper]:
    """Return a maker of whispers with sample data, to which a test adds its own."""

    def make(name: str, reference: str = "7F3K-92QD", **data: Any) -> Whisper:  # noqa: ANN401 - any JSON value
        return Whisper(name, WHISPER_DATA[name] | data, "en", "Europe/Warsaw", reference)

    return make


@pytest.fixture
def buttons() -> Callable[[Any], dict[str, dict[str, Any]]]:
    """Return what finds a card's actions by title, wherever they stand."""

    def find(node: Any) -> dict[str, dict[str, Any]]:  # noqa: ANN401 - any JSON
        if isinstance(node, list):
            return {title: action for item in node for title, action in find(item).items()}
        if not isinstance(node, dict):
            return {}
        own = {node["title"]: node} if str(node.get("type", "")).startswith("Action.") else {}
        return own | {title: action for value in node.values() for title, action in find(value).items()}

    return find
