"""When to try again: one pure rule for Graph and the connector (ENGINE R27, facts/graph 3.4, facts/teams 3.6)."""

from __future__ import annotations

import math
from datetime import UTC
from email.utils import parsedate_to_datetime

FIRST_SECONDS = 0.5
LONGEST_SECONDS = 20.0
LONGEST_WISH_SECONDS = 3_600.0
UNCLEAR_WAIT = 5_000
"""ms to wait before a message that may have been posted is posted once more (ENGINE R15)."""


def delay(attempt: int, retry_after: float | None, fraction: float) -> float:
    """Return the seconds to wait before attempt number `attempt + 1`.

    The server's `retry_after` is honoured to the fraction of a second, plus up to 10 % so that a fleet does not
    come back in one instant; without it the wait doubles from half a second to 20, jittered by half.
    `fraction` is a random number in [0, 1).
    """
    if retry_after is not None:
        return max(0.0, retry_after) * (1 + 0.1 * fraction)
    longest = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** (max(1, attempt) - 1))
    return longest * (0.5 + 0.5 * fraction)


def retry_after(value: str | None, now: int) -> float | None:
    """Return the seconds a `Retry-After` header asks to wait; None when it says nothing that can be understood.

    Microsoft's own sample is `2.128`, so seconds may have a fraction (facts/graph 3.4); an HTTP date counts from
    `now` (ms UTC). At most an hour.
    """
    text = (value or "").strip()
    try:
        seconds = float(text)
    except ValueError:
        seconds = _seconds_until(text, now)
    if not math.isfinite(seconds) or seconds < 0:
        return None
    return min(seconds, LONGEST_WISH_SECONDS)


def _seconds_until(text: str, now: int) -> float:
    try:
        moment = parsedate_to_datetime(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, moment.timestamp() - now / 1000)
    except (ValueError, OverflowError):
        return math.nan
