"""When to try again: one pure rule for Graph and the connector (ENGINE R27, facts/graph 3.4, facts/teams 3.6)."""

from __future__ import annotations

FIRST_SECONDS = 0.5
LONGEST_SECONDS = 20.0


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
