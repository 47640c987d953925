"""What monitoring systems have told of a meeting (EXPERIENCE 1.25): values, standard library only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Alerted:
    """How often alerts came for a meeting, when the last one did (ms UTC), and whether one of them `opened` it.

    `source` is whose they are, as in `bot.alerts.SOURCES`; "" where they are of several.
    """

    times: int = 0
    last_at: int = 0
    source: str = ""
    opened: bool = False


NO_ALERT = Alerted()
