"""Times a reader can trust: in the chat's zone, always named, as its language writes them (EXPERIENCE 1.9)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cards.words import SOURCE, locale

if TYPE_CHECKING:
    from babel.dates import DateTimePattern


def clock(ms: int, zone: str, language: str = SOURCE) -> str:
    """Return a time (ms UTC) as `12:04 (UTC+1)` in an IANA zone; an unknown or empty zone is UTC."""
    return f"{hours(ms, zone, language)} ({offset(ms, zone)})"


def start(ms: int, zone: str, seen_from: int, language: str = SOURCE) -> str:
    """Return a time as `clock` does, with its day where that is not the day of `seen_from` (ms UTC)."""
    at = clock(ms, zone, language)
    return at if _moment(ms, zone).date() == _moment(seen_from, zone).date() else f"{day(ms, zone, language)}, {at}"


def day(ms: int, zone: str, language: str = SOURCE) -> str:
    """Return a day as the language writes it: `19 March 2026`."""
    from babel.dates import format_date  # noqa: PLC0415 - see cards.words.locale

    return format_date(_moment(ms, zone), "long", locale(language))


def hours(ms: int, zone: str, language: str = SOURCE) -> str:
    """Return a time as `12:04`, for use beside another that names the zone."""
    return _short(language).apply(_moment(ms, zone), locale(language))


def exact(ms: int, zone: str = "") -> str:
    """Return a time to the second, the same in every language: `2026-03-19 12:04:05 (UTC+1)`.

    Whatever an administrator reads has this form, at a command line in UTC: its lines are compared between machines.
    """
    return f"{_moment(ms, zone):%Y-%m-%d %H:%M:%S} ({offset(ms, zone)})"


def minutes(since: int, until: int) -> int:
    """Return the minutes between two times (ms UTC), one at least."""
    return max(1, round((until - since) / 60_000))


def length(count: int, language: str = SOURCE) -> str:
    """Return so many minutes in words: `36 minutes`, `1 hour and 5 minutes`."""
    from babel.dates import format_timedelta  # noqa: PLC0415 - see cards.words.locale
    from babel.lists import format_list  # noqa: PLC0415 - see cards.words.locale

    habits, one_unit = locale(language), 1_000_000
    whole, rest = timedelta(hours=count // 60), timedelta(minutes=count % 60)
    hours_said = format_timedelta(whole, "hour", threshold=one_unit, locale=habits)
    minutes_said = format_timedelta(rest, "minute", threshold=one_unit, locale=habits)
    said = [*([hours_said] if whole else []), *([minutes_said] if rest or not whole else [])]
    return format_list(said, locale=habits)


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


@lru_cache(maxsize=64)
def _short(language: str) -> DateTimePattern:
    from babel.dates import get_time_format  # noqa: PLC0415 - see cards.words.locale

    return get_time_format("short", locale=locale(language))


@lru_cache(maxsize=1024)
def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder of zones, such as "Europe"
        return UTC
