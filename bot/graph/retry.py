"""What an answer of Graph's or Entra's means for trying again: a pure policy (ENGINE R27, facts/graph 3.4).

When to try again is `bot.backoff`'s; how often and until when is the engine's. The transport never tries again.
"""

from __future__ import annotations

TOO_MANY_REQUESTS = 429
TRANSIENT = frozenset({408, TOO_MANY_REQUESTS, 500, 502, 503, 504})
"""Statuses after which the same bytes may be sent again, besides whatever else a server says about itself (5xx)."""
SURELY_NOT_DONE = frozenset({TOO_MANY_REQUESTS, 503})
"""Those of them that say that the request had no effect."""
SERVER_ERRORS = range(500, 600)
DEADLINE_SECONDS = 12.0
"""Seconds for one exchange, connecting and reading included; no send starts with less lease left (ENGINE 3)."""


def is_transient(status: int) -> bool:
    """Say whether the same bytes may be sent again after this status."""
    return status in TRANSIENT or status >= min(SERVER_ERRORS)


def is_unclear(status: int) -> bool:
    """Say whether a request that got this transient status may have had its effect."""
    return status not in SURELY_NOT_DONE
