"""What an answer of Graph's or Entra's means for trying again: a pure policy (ENGINE R27, facts/graph 3.4).

When to try again is `bot.backoff`'s; how often and until when is the engine's. The transport never tries again.
"""

from __future__ import annotations

import math
from datetime import UTC
from email.utils import parsedate_to_datetime

TOO_MANY_REQUESTS = 429
TRANSIENT = frozenset({408, TOO_MANY_REQUESTS, 500, 502, 503, 504})
"""Statuses after which the same bytes may be sent again, besides whatever else a server says about itself (5xx)."""
SURELY_NOT_DONE = frozenset({TOO_MANY_REQUESTS, 503})
"""Those of them that say that the request had no effect."""
SERVER_ERRORS = range(500, 600)
LONGEST_SECONDS = 3_600.0
DEADLINE_SECONDS = 12.0
"""Seconds for one exchange, connecting and reading included; no send starts with less lease left (ENGINE 3)."""


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
    return min(seconds, LONGEST_SECONDS)


def is_transient(status: int) -> bool:
    """Say whether the same bytes may be sent again after this status."""
    return status in TRANSIENT or status >= min(SERVER_ERRORS)


def is_unclear(status: int) -> bool:
    """Say whether a request that got this transient status may have had its effect."""
    return status not in SURELY_NOT_DONE


def _seconds_until(text: str, now: int) -> float:
    try:
        moment = parsedate_to_datetime(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, moment.timestamp() - now / 1000)
    except (ValueError, OverflowError):
        return math.nan
