"""The calls of a room as values: what is told of them, who was in them, and the subscription by which we hear of it.

Standard library only. Every time is ms UTC. https://learn.microsoft.com/graph/changenotifications-for-onlinemeeting
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CallEventKind(StrEnum):
    """What can be told of a call; MISSED: something was, and never reached us."""

    STARTED = "started"
    ENDED = "ended"
    ROSTER = "roster"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one participant: `inside` the call, else gone or still in the lobby.

    `person` is what makes two participants the same person, "" when nobody knows; `phone` a caller by telephone;
    `sequence` the roster's number of the change, 0 when it has none.
    """

    participant_id: str
    inside: bool
    person: str = ""
    name: str = ""
    phone: bool = False
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class CallEvent:
    """One thing that happened in a call, when it happened there; a roster's `changes` are a delta (ENGINE R21)."""

    kind: CallEventKind
    at: int
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Stay:
    """One participant of one session as last told: `sequence` and `at` are those of what was told last.

    `joined_at` is None for who never came in, `left_at` for who has not left.
    """

    session: int
    participant_id: str
    sequence: int
    at: int
    person: str = ""
    name: str = ""
    phone: bool = False
    joined_at: int | None = None
    left_at: int | None = None

    @property
    def inside(self) -> bool:
        """Whether the participant is in the call, as far as is known."""
        return self.joined_at is not None and self.left_at is None


@dataclass(frozen=True, slots=True)
class Session:
    """One call of a room: how many `people` were in it, and at `most` how many at once.

    `told` says that its start was told, and not only concluded from who was in it.
    """

    number: int
    started_at: int
    ended_at: int | None = None
    told: bool = False
    people: int = 0
    most: int = 0


@dataclass(frozen=True, slots=True)
class Attendance:
    """The sessions of a room, oldest first, and who is inside now.

    `names` are filled where names may be shown, without the `callers`, who have none; `shown` is what a card may show:
    `count`, `names` or `off`. `unsure`: something was missed since the start of a call was told, so the count may be
    wrong; `heard`: whoever came in since the meeting was shown was told of, so that nobody told of means nobody there.
    """

    sessions: tuple[Session, ...] = ()
    inside: int = 0
    callers: int = 0
    names: tuple[str, ...] = ()
    shown: str = "count"
    unsure: bool = False
    heard: bool = False

    @property
    def visible(self) -> int:
        """How many people may be shown to be inside; 0 also where nobody may see it, or it may be wrong."""
        return 0 if self.shown == "off" or self.unsure else self.inside

    @property
    def live(self) -> bool:
        """Whether a call is going on with somebody in it; before anybody was told of, its start counts as somebody."""
        last = self.sessions[-1] if self.sessions else None
        return last is not None and last.ended_at is None and (self.inside > 0 or (last.told and last.people == 0))


NOBODY = Attendance()


@dataclass(frozen=True, slots=True)
class WatchKey:
    """A key pair for call events: the certificate as Graph takes it (base64), the private half sealed (ENGINE R20).

    New subscriptions use it until `serves_until`; it is kept until the last of them has expired.
    """

    key_id: str
    certificate: str
    sealed: str
    serves_until: int


class WatchState(StrEnum):
    """The life of a subscription: its row is there before it is asked for (ENGINE R20)."""

    CREATING = "creating"
    ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class Watched:
    """The subscription of a room: `mark` is the hash of its clientState, `version` the Graph version it lives in."""

    room_id: str
    tenant: str
    mark: str
    key_id: str
    version: str
    state: WatchState = WatchState.CREATING
    subscription_id: str = ""
    expires_at: int = 0


def called_key(meeting_id: str) -> str:
    """Return the note that says which room a meeting of Teams' own is, by the id that Teams tells bots."""
    return f"called|{meeting_id}"
