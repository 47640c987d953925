"""What a decision asks of the store; applied together, in one transaction (ENGINE R12).

Every time is ms UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bot.calls import Attendance, Stay, Watched, WatchKey
from bot.messages import Answer, Message
from bot.model import Chat, Person, Room, Timer, Turn
from bot.stories import Step, Story

TOLD = "told: "
"""How the outcome of a turn begins that only told its person something (ENGINE R11)."""


@dataclass(frozen=True, slots=True)
class MakeRoom:
    """Insert this room if its place is free; if somebody else was faster, decide again with theirs in view."""

    room: Room


@dataclass(frozen=True, slots=True)
class SaveRoom:
    """Replace the room that has `room.version`; the stored one gets `version + 1`."""

    room: Room


@dataclass(frozen=True, slots=True)
class PlanMessage:
    """Insert this message unless one with the same `intent_key` is there already."""

    message: Message


@dataclass(frozen=True, slots=True)
class PointCard:
    """This card goes on as the card of another room (ENGINE 3.2, Retry): the same post, edited."""

    message_id: str
    room_id: str


@dataclass(frozen=True, slots=True)
class RefreshCards:
    """The room changed: every card of it wants the newest state, now or as soon as R17 allows.

    With `only_posted`, a card still planned keeps its due time (used while a room is merely slow). `thread_id`: only
    the card in this chat; `apart`: no sooner than so many ms after that card was sent, unless more has changed.
    """

    room_id: str
    only_posted: bool = False
    thread_id: str = ""
    apart: int = 0


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Arm or re-arm a timer."""

    timer: Timer


@dataclass(frozen=True, slots=True)
class DropTimer:
    """Disarm a timer, if it is there."""

    timer_key: str


@dataclass(frozen=True, slots=True)
class SaveChat:
    """Remember what a turn said about its chat (newest service URL wins) or that the chat is gone."""

    chat: Chat


@dataclass(frozen=True, slots=True)
class SaveNote:
    """Remember `value` under (tenant, key) until a time in ms UTC.

    What is `about` a person (`29:…`) or a thread is shown only to decisions that concern it; "" is shown to all.
    """

    tenant: str
    key: str
    value: str
    until: int
    about: str = ""


@dataclass(frozen=True, slots=True)
class TakeNote:
    """Forget what is remembered under (tenant, key) if it is still `value`; if somebody was faster, decide again."""

    tenant: str
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class SaveAttendance:
    """Remember who is and was in a room's calls; `changed` are the stays that are new or differ."""

    room_id: str
    attendance: Attendance
    changed: tuple[Stay, ...] = ()


@dataclass(frozen=True, slots=True)
class SaveWatch:
    """Remember a room's subscription, the only one it has."""

    watched: Watched


@dataclass(frozen=True, slots=True)
class DropWatch:
    """Forget the room's subscription: nothing that comes by it is heard any more."""

    room_id: str


@dataclass(frozen=True, slots=True)
class SaveKey:
    """Keep a key pair for call events."""

    key: WatchKey


@dataclass(frozen=True, slots=True)
class Park:
    """Keep this turn until its person has signed in, at most until its `expires_at` (ENGINE R13)."""

    turn: Turn


@dataclass(frozen=True, slots=True)
class SavePerson:
    """Replace what a person set for themselves, read as `version`; if somebody was faster, decide again."""

    tenant: str
    oid: str
    settings: dict[str, Any]
    version: int


@dataclass(frozen=True, slots=True)
class SaveInstaller:
    """Remember who added Muster to a chat, or to its team; whoever was first stays."""

    chat: Chat
    person: Person


@dataclass(frozen=True, slots=True)
class GiveAnswer:
    """Answer an invoke whose turn is done already and waited for a look-up; an answer that is there stays."""

    turn_key: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class Record:
    """One line of the audit: who did what to which room. `detail` holds ids and words of ours, no content."""

    tenant: str
    actor_oid: str
    action: str
    thread_id: str = ""
    room_id: str = ""
    detail: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class ExpectCall:
    """Remember for which room callbacks with this nonce come, before the call is asked for (ENGINE R22)."""

    nonce: str
    tenant: str
    room_id: str


@dataclass(frozen=True, slots=True)
class SaveStep:
    """Keep what Graph answered to a request, for its story."""

    step: Step


Effect = (
    MakeRoom
    | SaveRoom
    | PlanMessage
    | PointCard
    | RefreshCards
    | SetTimer
    | DropTimer
    | SaveChat
    | SaveNote
    | TakeNote
    | SaveAttendance
    | SaveWatch
    | DropWatch
    | SaveKey
    | Park
    | SavePerson
    | SaveInstaller
    | GiveAnswer
    | ExpectCall
    | Record
    | SaveStep
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a decision returns: it performs nothing itself.

    `outcome` is a word for the log and the inbox row; `answer` goes into an invoke's own response. `regardless` says
    that it holds also for a holder who has lost the lease: it uses or undoes what only that one knows of.
    """

    effects: tuple[Effect, ...] = ()
    outcome: str = "done"
    answer: Answer | None = None

    def due_times(self) -> list[int]:
        """Return when what it plans is due, in ms UTC."""
        messages = [effect.message.due_at for effect in self.effects if isinstance(effect, PlanMessage)]
        timers = [effect.timer.due_at for effect in self.effects if isinstance(effect, SetTimer)]
        return [at for at in (*messages, *timers) if at is not None]

    regardless: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """What a decision may look at: read inside the transaction that applies its reply.

    `rooms` are the unfinished rooms of this chat, newest first: those of its scope and those it has a card of, last
    those of other chats that were brought here;
    `topics` those of its team's and the tenant's scope, newest first, when the turn names a topic, or for what is not
    `meet` those whose topic the chat has met about before; `elsewhere` those of
    that very topic that other teams and chats have: nothing about them may be shown to strangers; `recent` the chat's
    last rooms in any state, newest first; `pressed` the message an invoke came from and `pressed_room` its room, and
    for what goes on after a sign-in the room that waited for it and its card here; `notes` the unexpired notes by key:
    the tenant's own, the chat's, those about who asks (by object id), and those about the people of a timer's room;
    `room` the room a timer is about. `mine` and `here` are when meetings were opened lately by the person and in the
    chat, newest first. `unheard` says that the response to a press has gone without its answer: what it would have
    said is whispered (ENGINE R14); `opened` is what the message has opened, or waits to open after a sign-in, that was
    edited or deleted; `affected` how many people met the fault within a day that a pressed whisper is about. `me` is
    what the turn's person set for themselves, as of `me_version`; `installers` who added Muster to the chat or team.
    `story` is that of the reference which a timer asks about.
    `stays` are who was in the calls of `room`; `watched` is its subscription and `key` the newest key pair that still
    serves, for what is about them.
    """

    now: int
    fresh_id: str
    chat: Chat | None = None
    rooms: tuple[Room, ...] = ()
    recent: tuple[Room, ...] = ()
    pressed: Message | None = None
    pressed_room: Room | None = None
    room: Room | None = None
    notes: dict[str, str] = field(default_factory=dict)
    topics: tuple[Room, ...] = ()
    elsewhere: tuple[Room, ...] = ()
    mine: tuple[int, ...] = ()
    here: tuple[int, ...] = ()
    unheard: bool = False
    opened: Room | None = None
    stays: tuple[Stay, ...] = ()
    watched: Watched | None = None
    key: WatchKey | None = None
    affected: int = 0
    me: dict[str, Any] = field(default_factory=dict)
    me_version: int = 0
    installers: tuple[Person, ...] = ()
    story: Story | None = None
