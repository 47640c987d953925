"""How fast Muster may speak and be spoken to (ENGINE R17, facts/teams 3.6): pure rules over what was sent lately.

Every time is ms UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Window = tuple[int, int]
"""At most so many in so many ms."""

THREAD: tuple[Window, ...] = ((7, 1_000), (8, 2_000), (60, 30_000), (1_800, 3_600_000))
"""Posts, edits, deletes and whispers of the bot in one thread."""
TENANT: tuple[Window, ...] = ((30, 1_000),)
"""The same in a whole tenant. All replicas write into one table, so the rate need not be divided among them."""
LONGEST = THREAD[-1][1]
MOST_IN_THREAD = THREAD[-1][0]
MOST_IN_TENANT = TENANT[-1][0]

PERSON: tuple[Window, ...] = ((5, 60_000),)
CHAT: tuple[Window, ...] = ((10, 60_000),)
"""Meetings that one person, and that one chat, may open."""
RATE_SPAN = 60_000
LANE = 20
"""Turns that may wait in one chat (ENGINE R12); one more may be running."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was sent lately, newest first: to the thread and in its tenant.

    `edited` is the thread's newest edit, `paused_until` the time until which Teams asked for silence (0: none).
    """

    thread: tuple[int, ...] = ()
    tenant: tuple[int, ...] = ()
    edited: int | None = None
    paused_until: int = 0


def free_at(times: Sequence[int], windows: Sequence[Window]) -> int:
    """Return from when one more fits into every window; 0 when it fits already. `times` are newest first."""
    return max((times[most - 1] + span for most, span in windows if len(times) >= most), default=0)


def send_at(seen: Seen, now: int, *, edit: bool, gap: int) -> int:
    """Return when the thread's next message may be sent, `now` at the earliest; edits are `gap` ms apart."""
    at = max(now, seen.paused_until, free_at(seen.thread, THREAD), free_at(seen.tenant, TENANT))
    return max(at, seen.edited + gap) if edit and seen.edited is not None else at


def too_fast(mine: Sequence[int], here: Sequence[int], now: int) -> int:
    """Return after how many whole seconds a person may open another meeting; 0: at once.

    `mine` and `here` are when meetings were opened by the person and in the chat, newest first.
    """
    wait = max(free_at(mine, PERSON), free_at(here, CHAT)) - now
    return max(0, -(-wait // 1000))
