"""The words of DESIGN section 1 as values: what happened, where, what is to be done about it.

Standard library only. Every time is an integer of milliseconds since 1970-01-01T00:00:00Z (UTC).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bot.alerted import NO_ALERT, Alerted
from bot.calls import NOBODY, Attendance


class ChatKind(StrEnum):
    """Where something happened (facts/teams 2.2)."""

    CHANNEL = "channel"
    GROUP = "group"
    PERSONAL = "personal"
    MEETING = "meeting"


class ChannelKind(StrEnum):
    """Graph's `membershipType` of a channel; only a standard one can hold a meeting (facts/graph 2.4)."""

    STANDARD = "standard"
    PRIVATE = "private"
    SHARED = "shared"


class TurnKind(StrEnum):
    """What happened: the kinds of activity Muster acts upon; everything else is UNKNOWN, never an error.

    DIALOG: one is to be shown or was submitted; the turn's verb says which: `fetch meet`, `submit settings`.
    SIGNED_IN: what waited for its person's sign-in goes on (ENGINE R13); no activity is one. CALLED: a call began or
    ended, or somebody came or left, as Teams tells bots in meetings.
    """

    SAID = "said"
    EDITED = "edited"
    DELETED = "deleted"
    PRESSED = "pressed"
    DIALOG = "dialog"
    INSTALLED = "installed"
    REMOVED = "removed"
    SIGNED_IN = "signed_in"
    CALLED = "called"
    UNKNOWN = "unknown"


class RoomState(StrEnum):
    """The life of a room, ENGINE 3.2."""

    OPENING = "opening"
    SCHEDULED = "scheduled"
    OPEN = "open"
    LIVE = "live"
    EMPTY = "empty"
    ENDED = "ended"
    FAILED = "failed"


UNFINISHED = frozenset({RoomState.OPENING, RoomState.OPEN, RoomState.LIVE, RoomState.EMPTY})
"""States in which a room holds the one place of its (tenant, scope, topic), ENGINE 3.1."""


class Binding(StrEnum):
    """Whether Graph tied the meeting to the chat's thread, and if not, why (ENGINE R2)."""

    BOUND = "bound"
    NOT_ASKED = "unbound: not asked"
    REFUSED = "unbound: refused"
    IGNORED = "unbound: ignored"
    NO_POST = "unbound: no post"
    RESERVE = "unbound: from the reserve"


class GraphCall(StrEnum):
    """The Graph request that makes the meeting (ENGINE R3)."""

    CREATE_OR_GET = "createOrGet"
    CREATE = "create"
    EVENT = "event"


class MeetingKey(StrEnum):
    """By what a meeting that exists can be found at Graph (facts/graph 1.4)."""

    ID = "id"
    JOIN_URL = "joinWebUrl"
    JOIN_MEETING_ID = "joinMeetingId"
    VIDEO_ID = "videoTeleconferenceId"


class Way(StrEnum):
    """By which permission Graph is asked: the app's own, or that of a person who signed in (ENGINE R1, R13)."""

    APP = "app"
    USER = "user"


class LobbyScope(StrEnum):
    """Who comes straight in, narrowest first, by Graph's names (facts/graph 1.7); ORGANIZATION includes guests."""

    ORGANIZER = "organizer"
    INVITED = "invited"
    ORGANIZATION_EXCLUDING_GUESTS = "organizationExcludingGuests"
    ORGANIZATION = "organization"
    ORGANIZATION_AND_FEDERATED = "organizationAndFederated"
    EVERYONE = "everyone"


class Role(StrEnum):
    """What an invited person is in a meeting, by Graph's names (facts/graph 1.7)."""

    ATTENDEE = "attendee"
    PRESENTER = "presenter"
    CO_ORGANIZER = "coorganizer"


class TimerKind(StrEnum):
    """What a timer does when it is due, ENGINE 3.1."""

    OPEN = "open"
    START = "start"
    END = "end"
    DELETE = "delete"
    GIVE_UP = "give_up"
    EMPTY = "empty"
    MEMBERS = "members"
    TOPIC = "topic"
    SIGN_OUT = "sign_out"
    PATCH = "patch"
    EVENT = "event"
    SPARE = "spare"
    STALL = "stall"
    FIND = "find"
    ROSTER = "roster"
    SUBSCRIBE = "subscribe"
    RENEW = "renew"
    AMEND = "amend"
    OWNER = "owner"
    LEAD = "lead"
    RING = "ring"
    STORY = "story"
    DOCTOR = "doctor"
    NAMES = "names"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in a chat: `id` is the connector's `29:…`, `oid` the Entra object id (empty when unknown).

    `upn` is the name they sign in with, which Teams' links call them by (facts/teams 5); empty when unknown. `guest`
    is only known from a member look-up.
    """

    id: str
    oid: str = ""
    name: str = ""
    upn: str = ""
    guest: bool = False

    @property
    def names(self) -> frozenset[str]:
        """Return by what Graph may call them, in one case: object id and sign-in name, as far as they are known."""
        return frozenset(name.casefold() for name in (self.oid, self.upn) if name)


class RingState(StrEnum):
    """What became of ringing somebody (ENGINE R22); UNCLEAR: nobody knows whether it rings there."""

    WAITING = "waiting"
    BUSY = "busy"
    RINGING = "ringing"
    UNCLEAR = "unclear"
    JOINED = "joined"
    DECLINED = "declined"
    NO_ANSWER = "no_answer"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Ring:
    """Somebody who is rung, since when (ms UTC). `busy` is Graph's word for what they do while they are BUSY.

    `listed` says that they are rung because the chat's ring list names them.
    """

    person: Person
    state: RingState
    at: int
    busy: str = ""
    listed: bool = False


class CallState(StrEnum):
    """Muster's own leg in a meeting, by which it rings people (facts/graph 5). ASKED: it may be there or not."""

    NONE = "none"
    ASKED = "asked"
    MADE = "made"
    ESTABLISHED = "established"


@dataclass(frozen=True, slots=True)
class Ringing:
    """Who is rung into a meeting, and by which call of ours.

    `nonce` is that of the call's callbacks, `call_id` Graph's; `asked_by` is who asked last; `denied`
    is the permission that is missing. `possible` says that people could be rung when the room was made.
    """

    rings: tuple[Ring, ...] = ()
    call: CallState = CallState.NONE
    nonce: str = ""
    call_id: str = ""
    asked_by: Person | None = None
    denied: str = ""
    possible: bool = False


NOBODY_RUNG = Ringing()


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat Muster has met.

    `thread_id` is Graph's, without `;messageid=`; `service_url` is the connector's base URL, https, as last
    seen; `settings` is what people set for this chat.
    """

    tenant: str
    thread_id: str
    kind: ChatKind
    channel_kind: ChannelKind | None = None
    team_id: str = ""
    group_id: str = ""
    name: str = ""
    service_url: str = ""
    bot_id: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    gone_at: int | None = None

    @property
    def zone(self) -> str:
        """Return the zone of what everybody here reads: the one that was set, else the one first seen here; "" is UTC.

        The zone first seen is remembered among the settings as `zone_seen` (EXPERIENCE 1.9).
        """
        return str(self.settings.get("zone") or self.settings.get("zone_seen") or "")

    def language(self, otherwise: str) -> str:
        """Return the language of what everybody here reads: the one set, else `otherwise` (EXPERIENCE 1.10)."""
        return str(self.settings.get("language") or otherwise)


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing that happened in a chat.

    `conversation_id` is the reply address, with `;messageid=` where there is one (ENGINE 2.3);
    `text` has lost the mention of the bot and is otherwise as typed (at most 28 KiB); `around` is what stood before and
    after a mention in the middle of a sentence, () where it stood at an end;
    for a press `text` is the command line the button carries, `verb` its verb, `data` the rest of its data,
    and `reply_to_id` the activity that was pressed. `zone` is an IANA name or empty; `locale` a BCP 47 tag.
    `turn_key` and `echo_key` are the hashes of ENGINE R11. `reference` is what people can read out; an edit or a
    deletion has its message's. `bot_name` is what people call Muster here, "" where nobody said.
    """

    turn_key: str
    echo_key: str
    kind: TurnKind
    chat: Chat
    person: Person
    conversation_id: str
    activity_id: str
    received_at: int
    expires_at: int
    reference: str
    text: str = ""
    mentions: tuple[Person, ...] = ()
    verb: str = ""
    data: dict[str, str] = field(default_factory=dict)
    reply_to_id: str = ""
    locale: str = "en"
    zone: str = ""
    targeted: bool = False
    around: tuple[str, ...] = ()
    bot_name: str = ""

    @property
    def wants_answer(self) -> bool:
        """Whether the POST itself carries the answer (an invoke), ENGINE R14."""
        return self.kind in {TurnKind.PRESSED, TurnKind.DIALOG}


@dataclass(frozen=True, slots=True)
class DialIn:
    """How to join by telephone: numbers as Graph gave them, the conference id in digits, a web page or empty."""

    conference_id: str
    toll_numbers: tuple[str, ...] = ()
    toll_free_numbers: tuple[str, ...] = ()
    url: str = ""


@dataclass(frozen=True, slots=True)
class Invited:
    """Somebody who is part of a meeting by name, and what they are in it."""

    person: Person
    role: Role = Role.ATTENDEE


@dataclass(frozen=True, slots=True)
class Options:
    """What a meeting is asked to have besides its subject and times; None or empty: as the tenant has it.

    `numbers` says whether the card shows phone numbers, `aloud` whether it shows them, ids and passcode to everybody,
    `about` is the link to the message that a meeting is about; these are ours, Graph hears nothing of them. `announce`
    is the sound when people come and go; `chat` is `enabled`, `disabled` or `limited`; `presenters` as
    Graph's `allowedPresenters`; `template` a meeting template's id. `more` passes through: a JSON object of
    onlineMeeting's properties by Graph's names, as text, checked when the settings were read. `usual` names
    those of these that nobody asked for: they are what every meeting here has. https://learn.microsoft.com/graph/api/resources/onlinemeeting
    """

    lobby: LobbyScope | None = None
    dial_in_bypass: bool | None = None
    presenters: str = ""
    passcode: bool = False
    announce: bool | None = None
    record: bool | None = None
    chat: str = ""
    template: str = ""
    invited: tuple[Invited, ...] = ()
    more: str = ""
    numbers: bool = True
    usual: tuple[str, ...] = ()
    aloud: bool = True
    about: str = ""


NO_OPTIONS = Options()
SETTING = "options"
"""`Room.trying` of an open room whose options are still being set."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """What Graph answered: one online meeting (facts/graph 1.7). Times in ms UTC; empty text means absent.

    `lobby_scope` is Graph's word, also one that is not in `LobbyScope`; `join_text` the join information in the
    asked language as plain text; `event_id` the Outlook event it belongs to; `invited` those it names; `more` what
    else was asked about, as in `Options`.
    """

    id: str
    join_url: str
    subject: str = ""
    organizer_oid: str = ""
    starts_at: int | None = None
    ends_at: int | None = None
    dial_in: DialIn | None = None
    join_meeting_id: str = ""
    passcode: str = ""
    video_id: str = ""
    thread_id: str = ""
    message_id: str = ""
    lobby_scope: str = ""
    dial_in_bypass: bool | None = None
    options_url: str = ""
    presenters: str = ""
    passcode_needed: bool | None = None
    announce: bool | None = None
    record: bool | None = None
    chat: str = ""
    join_text: str = ""
    external_id: str = ""
    event_id: str = ""
    expires_at: int | None = None
    invited: tuple[Invited, ...] = ()
    more: str = ""


@dataclass(frozen=True, slots=True)
class MeetingRequest:
    """What a room asks Graph for, before it is frozen into bytes by `Meetings.freeze` (ENGINE R1)."""

    external_id: str
    subject: str
    starts_at: int
    ends_at: int
    bind_thread: str = ""
    language: str = "en"
    call: GraphCall = GraphCall.CREATE_OR_GET
    way: Way = Way.APP
    options: Options = NO_OPTIONS


@dataclass(frozen=True, slots=True)
class FrozenRequest:
    """The exact request of a room: every retry sends the same bytes (ENGINE R1).

    `path` is below the version, such as `/users/{oid}/onlineMeetings/createOrGet`, or `/me/…` for a person's own
    permission; `body` is JSON text.
    """

    version: str
    path: str
    body: str
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Room:
    """The meeting a chat has. `version` rises with every change; `request` is what Graph is asked, frozen.

    `zone` is the chat's zone as an IANA name (empty: UTC); `language` the public card's language.
    `trying` says why a room still opening waits: empty, `slow` (not answered yet), `unavailable`, or
    `unclear`: the same, and an attempt may have made the meeting all the same; of an open one, that its `options` are
    still being set, or `time is up`; `unchanged`: Graph did not close or open the lobby as `end` or `reopen` asked.
    While it is opening, `meeting` is one that nobody may be shown yet. `lobby_before` is who came in before `end`.
    `topic` is "" for a chat's own room, `#` and a key for a topic, `thread:` and a root's id, or an id of its own.
    `people` are those whom the request mentioned; `backup_bridge` is what to use while Microsoft does not answer;
    `attendance` is who is and was in it, as far as we are told; `alerted` what monitoring systems told of it.
    """

    room_id: str
    tenant: str
    scope_key: str
    topic: str
    state: RoomState
    version: int
    subject: str
    starter: Person
    host: Person
    home_thread: str
    home_conversation: str
    request: FrozenRequest
    external_id: str
    created_at: int
    give_up_at: int
    starts_at: int
    ends_at: int
    reference: str
    zone: str = ""
    language: str = "en"
    graph_call: GraphCall = GraphCall.CREATE_OR_GET
    way: Way = Way.APP
    options: Options = NO_OPTIONS
    attempt: int = 1
    bind_thread: str = ""
    binding: Binding = Binding.NOT_ASKED
    meeting: Meeting | None = None
    trying: str = ""
    opened_at: int | None = None
    live_at: int | None = None
    empty_at: int | None = None
    ended_at: int | None = None
    ended_by: str = ""
    fail_code: str = ""
    lobby_before: Options = NO_OPTIONS
    people: tuple[Person, ...] = ()
    backup_bridge: str = ""
    ringing: Ringing = NOBODY_RUNG
    attendance: Attendance = NOBODY
    alerted: Alerted = NO_ALERT


@dataclass(frozen=True, slots=True)
class Timer:
    """Work that is due at a time: network calls (ENGINE R12) and the clock's own transitions.

    `subject` is the room id, or the chat's thread where there is no room; `payload` what the kind needs besides.
    """

    timer_key: str
    kind: TimerKind
    tenant: str
    subject: str
    due_at: int
    payload: dict[str, Any] = field(default_factory=dict)
    attempts: int = 0
