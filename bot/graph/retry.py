"""What an answer of Graph's, or no answer, means for trying again: a pure policy (ENGINE R27, facts/graph 3.4)."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
"""Statuses after which the same bytes may be sent again."""
SURELY_NOT_DONE = frozenset({429, 503})
"""Those of them that say that the request had no effect."""
LONGEST_SECONDS = 3_600.0


def retry_after(value: str | None, now: int) -> float | None:
    """Return the seconds a `Retry-After` header asks to wait; None when it says nothing that can be understood.

    Microsoft's own sample is `2.128`, so seconds may have a fraction (facts/graph 3.4); an HTTP date counts from
    `now` (ms UTC). At most an hour.
    """
    if not value:
        return None
    text = value.strip()
    try:
        seconds = float(text)
    except ValueError:
        seconds = _seconds_until(text, now)
    if not 0 <= seconds < float("inf"):
        return None
    return min(seconds, LONGEST_SECONDS)


def _seconds_until(text: str, now: int) -> float:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return -1.0
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.fromtimestamp(now / 1000, UTC)).total_seconds())


def is_transient(status: int) -> bool:
    """Say whether the same bytes may be sent again after this status."""
    return status in TRANSIENT or status > max(TRANSIENT)


def is_unclear(status: int) -> bool:
    """Say whether a request that got this transient status may have had its effect."""
    return status not in SURELY_NOT_DONE
