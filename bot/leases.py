"""Leases (ENGINE 3.1): work one process has taken, until a time, with a fence; and what came of it.

Every time is ms UTC.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bot.decisions import Reply
from bot.messages import Answer, Message, MessageState
from bot.model import Chat, Room, Timer, Turn


@dataclass(frozen=True, slots=True)
class Lease:
    """Who may write the outcome: every write of a holder asks for this owner and this fence."""

    owner: str
    fence: int
    until: int


@dataclass(frozen=True, slots=True)
class TurnClaim:
    """A turn taken by this process. `attempts` counts this one."""

    turn: Turn
    lease: Lease
    attempts: int


@dataclass(frozen=True, slots=True)
class TimerClaim:
    """A timer taken by this process, with its room and the room's home chat as they were when it was taken."""

    timer: Timer
    lease: Lease
    room: Room | None
    chat: Chat | None
    paused_until: int = 0
    """Until when Graph wants to be left alone by this tenant (ENGINE R27); 0: it does not."""
    turn: Turn | None = None
    """The turn that waits for what the timer finds out."""


@dataclass(frozen=True, slots=True)
class Route:
    """How a person can be told something alone (ENGINE R18).

    `targeted` is False while the tenant is known to refuse targeted messages; `personal` is the conversation of the
    person and the bot, "" when it is known that there is none, None when that is not known. `plain`: they read text.
    """

    targeted: bool = True
    personal: str | None = None
    plain: bool = False


@dataclass(frozen=True, slots=True)
class MessageClaim:
    """A message taken by this process: what to render it from, and where it goes.

    A planned or unclear message is already `sending` when it is claimed: committed before a byte leaves.
    """

    message: Message
    lease: Lease
    room: Room | None
    chat: Chat | None
    route: Route = Route()


@dataclass(frozen=True, slots=True)
class Work:
    """What one look at the store gave this process to do; `next_due` is when to look again (ms UTC) or None."""

    turns: tuple[TurnClaim, ...] = ()
    timers: tuple[TimerClaim, ...] = ()
    messages: tuple[MessageClaim, ...] = ()
    next_due: int | None = None

    def overlaps(self, other: Work) -> bool:
        """Say whether a timer or a message of this is one of the other's."""
        return any(timer in other.timers for timer in self.timers) or any(
            message in other.messages for message in self.messages
        )


def together(parts: Iterable[Work]) -> Work:
    """Return all this work as one, without its times."""
    works = list(parts)
    return Work(
        turns=tuple(turn for work in works for turn in work.turns),
        timers=tuple(timer for work in works for timer in work.timers),
        messages=tuple(message for work in works for message in work.messages),
    )


class ReceiptKind(StrEnum):
    """What became of a turn at the door (ENGINE R11).

    UNHEARD: what was deleted had never been said to us; nothing was written (R10).
    """

    NEW = "new"
    COPY = "copy"
    ECHO = "echo"
    FULL = "full"
    UNHEARD = "unheard"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The turn is durable. `answer` is the stored answer when a copied invoke has one already.

    `original_key` is the key of the turn this one repeats (its own key when it is new).
    """

    kind: ReceiptKind
    original_key: str
    claim: TurnClaim | None = None
    answer: Answer | None = None


class Exchange(StrEnum):
    """What is known of one exchange of a person's sign-in, whichever process began it (ENGINE R13)."""

    OURS = "ours"
    THEIRS = "theirs"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Settled:
    """A decision was applied, or (`stale`) somebody else owns the work by now and nothing was written."""

    stale: bool
    reply: Reply | None = None
    work: Work = Work()


@dataclass(frozen=True, slots=True)
class Learned:
    """What a sending taught about its surroundings.

    `paused_until` is when the thread may be spoken to again (ms UTC, 0: now); `chat_gone` that the chat is not there
    for us any more (ENGINE R19); `untargeted` that the tenant refuses targeted messages; `personal` the person's own
    conversation, "" for none, None for nothing new; `moved_to` the conversation that a whisper went to instead.
    """

    paused_until: int = 0
    chat_gone: bool = False
    untargeted: bool = False
    personal: str | None = None
    moved_to: str = ""


@dataclass(frozen=True, slots=True)
class Stuck:
    """A turn that was set aside after its fifth failure (ENGINE C3). `received_at` is ms UTC."""

    turn_key: str
    kind: str
    reference: str
    thread_id: str
    received_at: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Sent:
    """How the sending of a message ended, written by `Store.settle_message` (ENGINE 3.3).

    `state` is the message's next state; `shown_version` the version that people now see; `retry_at` when to
    try again (ms UTC) or None; `learned` what else it taught; `set_aside` that it is not tried again and
    that somebody has to be told: something unforeseen broke, or a card cannot be posted.
    """

    state: MessageState
    activity_id: str = ""
    shown_version: int = 0
    retry_at: int | None = None
    outcome: str = ""
    sent_at: int | None = None
    learned: Learned = Learned()
    set_aside: bool = False
