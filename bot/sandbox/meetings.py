"""Graph's online meetings: the objects behind the answers, and how they are written as JSON (facts/graph 1.3, 1.7)."""

from __future__ import annotations

import base64
import hashlib
import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

from bot.sandbox.clock import moment
from bot.sandbox.meeting_options import HIDDEN_SCOPES, identity_of
from bot.sandbox.server import Refused
from bot.sandbox.tenant import TOLL_FREE_NUMBERS, TOLL_NUMBERS, Person, Tenant

HOUR = 3_600_000
SIXTY_DAYS = 60 * 24 * HOUR
_OFFSET = re.compile(r".+T.+(Z|[+-]\d\d:\d\d)", re.IGNORECASE)

_WORDS = {
    "de": ("Jetzt teilnehmen", "Per Telefon", "Telefonkonferenz-ID"),
    "fr": ("Rejoindre la réunion", "Par téléphone", "ID de conférence"),
    "en": ("Join the meeting now", "Dial in by phone", "Phone conference ID"),
}


@dataclass(slots=True)
class Meeting:
    """One meeting: times in ms UTC, `chat` Graph's chatInfo, `options` every writable property as it was written.

    `attendees` as Graph answers them; `touched_at` the last creation, update or start of its call; `running` whether
    people are in it now: then only some options take effect (facts/graph 1.5). `of_event`: Outlook made it.
    """

    organizer: Person
    external_id: str
    subject: str | None
    starts_at: int
    ends_at: int
    created_at: int
    number: int
    chat: dict[str, Any]
    dial_in: bool
    passcode: str = ""
    attendees: list[dict[str, Any]] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    lobby: dict[str, Any] = field(default_factory=lambda: {"scope": "organization", "isDialInBypassEnabled": False})
    deleted: bool = False
    changes: int = 0
    thread_id: str = ""
    touched_at: int = 0
    running: bool = False
    of_event: bool = False

    @property
    def id(self) -> str:
        """Return Graph's opaque id."""
        return base64.b64encode(f"1*{self.organizer.oid}*0**{self.thread_id}".encode()).decode()

    @property
    def join_meeting_id(self) -> str:
        """Return the number people type into Teams, eleven digits."""
        return str(23_456_789_012 + self.number)

    @property
    def join_url(self) -> str:
        """Return the opaque join link; `.example` leads nowhere."""
        digest = hashlib.sha256(f"{self.thread_id}{self.passcode}".encode()).hexdigest()[:16]
        return f"https://teams.example/meet/{self.join_meeting_id}?p={digest}"

    @property
    def conference_id(self) -> str:
        """Return the dial-in conference id, nine digits."""
        return str(123_456_789 + 1_000_003 * self.number)[-9:]

    @property
    def expires_at(self) -> int:
        """Return when Graph forgets the meeting, ms UTC: 60 days after its end, the last update or the last call."""
        return max(self.ends_at, self.touched_at) + SIXTY_DAYS

    def start(self, now: int) -> None:
        """Let a call of it begin."""
        self.running, self.touched_at = True, now

    def end(self) -> None:
        """Let its call end."""
        self.running = False


def own_thread() -> str:
    """Return a new meeting's own thread id."""
    return f"19:meeting_{base64.b64encode(uuid.uuid4().hex[:36].encode()).decode().rstrip('=')}@thread.v2"


def parse_time(value: Any, name: str) -> int | None:  # noqa: ANN401 - any JSON
    """Return Edm.DateTimeOffset as ms UTC, None for null; raises Refused 400 for anything without an offset."""
    if value is None:
        return None
    try:
        if not isinstance(value, str) or not _OFFSET.fullmatch(value):
            raise ValueError(value)  # noqa: TRY301 - one way out for all malformed values
        # Graph writes seven decimals, Python reads six.
        return round(datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value)).astimezone(UTC).timestamp() * 1000)
    except ValueError:
        text = f"Cannot convert the literal '{value}' to the expected type 'Edm.DateTimeOffset' ({name})."
        raise Refused(400, "BadRequest", text) from None


def write_time(at: int) -> str:
    """Return ms UTC as Graph writes it, with seven decimals."""
    return moment(at).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


@dataclass(frozen=True, slots=True)
class Spelling:
    """How an answer is written. `unknown_enums`: with members that old clients do not know; `old`: as in 2019."""

    version: str = "v1.0"
    language: str = "en"
    unknown_enums: bool = False
    old: bool = False


def write_meeting(meeting: Meeting, tenant: Tenant, spelling: Spelling) -> dict[str, Any]:
    """Return a meeting as Graph answers it."""
    lobby = dict(meeting.lobby)
    if lobby["scope"] in HIDDEN_SCOPES and not spelling.unknown_enums:
        lobby["scope"] = "unknownFutureValue"
    body: dict[str, Any] = {
        "id": meeting.id,
        "creationDateTime": write_time(meeting.created_at),
        "startDateTime": write_time(meeting.starts_at),
        "endDateTime": write_time(meeting.ends_at),
        "expiryDateTime": write_time(meeting.expires_at),
        "subject": meeting.subject,
        "joinWebUrl": meeting.join_url,
        "meetingOptionsWebUrl": f"https://teams.example/meetingOptions/?meeting={meeting.join_meeting_id}",
        "externalId": meeting.external_id or None,
        "meetingType": "adhoc",
        "isBroadcast": False,
        "broadcastSettings": None,
        "videoTeleconferenceId": None,
        "audioConferencing": _audio(meeting),
        "chatInfo": dict(meeting.chat),
        "lobbyBypassSettings": lobby,
        "joinMeetingIdSettings": {
            "isPasscodeRequired": bool(meeting.passcode),
            "joinMeetingId": meeting.join_meeting_id,
            "passcode": meeting.passcode or None,
        },
        "joinInformation": _join_information(meeting, spelling.language),
        "participants": _participants(meeting, tenant),
        **_DEFAULTS,
        **meeting.options,
        # Undeclared, as an open type may: a leftover that the service still sends.
        "autoAdmittedUsers": _AUTO_ADMITTED.get(meeting.lobby["scope"], "everyoneInCompany"),
    }
    if spelling.version == "beta":
        body["joinUrl"] = meeting.join_url
    else:
        body.pop("anonymizeIdentityForRoles", None)
    return _as_of_2019(body) if spelling.old else body


_AUTO_ADMITTED = {"everyone": "everyone", "organizer": "organizer"}
_DEFAULTS: dict[str, Any] = {
    "allowedPresenters": "everyone",
    "allowMeetingChat": "enabled",
    "allowTeamworkReactions": True,
    "allowAttendeeToEnableCamera": True,
    "allowAttendeeToEnableMic": True,
    "allowRecording": True,
    "allowTranscription": True,
    "isEntryExitAnnounced": False,
    "recordAutomatically": False,
    "shareMeetingChatHistoryDefault": "none",
    "watermarkProtection": None,
}


def _audio(meeting: Meeting) -> dict[str, Any] | None:
    if not meeting.dial_in:
        return None
    return {
        "conferenceId": meeting.conference_id,
        "dialinUrl": f"https://dialin.teams.example/{meeting.conference_id}",
        "tollNumber": TOLL_NUMBERS[0].replace(" ", ""),
        "tollFreeNumber": TOLL_FREE_NUMBERS[0].replace(" ", ""),
        "tollNumbers": [number.replace(" ", "") for number in TOLL_NUMBERS],
        "tollFreeNumbers": [number.replace(" ", "") for number in TOLL_FREE_NUMBERS],
    }


def _join_information(meeting: Meeting, language: str) -> dict[str, Any]:
    join, phone, conference = _WORDS.get(language[:2].lower(), _WORDS["en"])
    html = f'<div><a href="{meeting.join_url}">{join}</a>'
    if meeting.dial_in:
        html += f"<p>{phone}: {TOLL_NUMBERS[0]}</p><p>{conference}: {meeting.conference_id}#</p>"
    return {"content": "data:text/html," + quote_plus(html + "</div>"), "contentType": "html"}


def _participants(meeting: Meeting, tenant: Tenant) -> dict[str, Any]:
    person = meeting.organizer
    organizer = {"upn": person.upn, "role": "presenter", "identity": identity_of(person, tenant)}
    return {"organizer": organizer, "attendees": meeting.attendees}


def _as_of_2019(body: dict[str, Any]) -> dict[str, Any]:
    """Return an answer in the names that documents still print (facts/graph 1.8); what had no other name keeps its."""
    audio = body["audioConferencing"]
    body["audioConferencing"] = audio and {
        "tollNumber": audio["tollNumber"],
        "tollFreeNumber": audio["tollFreeNumber"],
        "ConferenceId": audio["conferenceId"],
        "dialinUrl": audio["dialinUrl"],
    }
    body["chatInfo"] = {**body["chatInfo"], "replyChainMessageId": "0"}
    gone = {"canceledDateTime": None, "isCanceled": False, "accessLevel": body["autoAdmittedUsers"]}
    return {_OF_2019.get(name, name): value for name, value in (body | gone).items()}


_OF_2019 = {
    "expiryDateTime": "expirationDateTime",
    "isEntryExitAnnounced": "entryExitAnnouncement",
    "joinWebUrl": "joinUrl",
}
