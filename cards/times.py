"""Times a reader can trust: always with their zone, in the chat's zone (EXPERIENCE 1.9)."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def clock(ms: int, zone: str) -> str:
    """Return a time (ms UTC) as `12:04 (UTC+1)` in an IANA zone; an unknown or empty zone is UTC."""
    return f"{hours(ms, zone)} ({offset(ms, zone)})"


def start(ms: int, zone: str, seen_from: int) -> str:
    """Return a time as `clock` does, with its day where that is not the day of `seen_from` (ms UTC)."""
    day = _moment(ms, zone).date()
    return clock(ms, zone) if day == _moment(seen_from, zone).date() else f"{day.isoformat()} {clock(ms, zone)}"


def hours(ms: int, zone: str) -> str:
    """Return a time as `12:04`, for use beside another that names the zone."""
    moment = _moment(ms, zone)
    return f"{moment.hour:02}:{moment.minute:02}"


def day(ms: int, zone: str) -> str:
    """Return a day as `2026-03-19`, which reads the same everywhere."""
    return _moment(ms, zone).strftime("%Y-%m-%d")


def minutes(since: int, until: int) -> int:
    """Return the minutes between two times (ms UTC), one at least."""
    return max(1, round((until - since) / 60_000))


def offset(ms: int, zone: str) -> str:
    """Return how far the zone is from UTC at that time: `UTC`, `UTC+1`, `UTC-3:30`."""
    away = _moment(ms, zone).utcoffset()
    east = round(away.total_seconds() / 60) if away else 0
    if not east:
        return "UTC"
    whole, rest = divmod(abs(east), 60)
    return f"UTC{'+' if east > 0 else '-'}{whole}" + (f":{rest:02}" if rest else "")


def _moment(ms: int, zone: str) -> datetime:
    return datetime.fromtimestamp(ms / 1000, tz=_zone(zone))


@lru_cache(maxsize=1024)
def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder of zones, such as "Europe"
        return UTC
