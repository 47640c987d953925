"""Times and lengths as people write them, in six languages. Pure: what time it is comes in; raises nothing.

What is compared is grammar.key's business: case, accents and full-width letters do not matter; digits may be of any
script.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.commands import time_words as said
from bot.commands.grammar import key

HORIZON = 60
"""Days ahead for which meetings are planned: Graph forgets an unused one 60 days after its end (facts/graph 1.2)."""
MOST_WORDS = 9
"""Words that say a time, at most."""
WEEK, DAY_MINUTES = 7, 1440
_MINUTE = 60_000


@dataclass(frozen=True, slots=True)
class When:
    """A time as it was said: `minutes` from now, or `hour` and `minute` of a day in somebody's zone.

    The day is `days` after today, the next `weekday` (0 is Monday), a `date` (ISO, its year may be left out), or, if
    there is none of them, the next on which it is that late. `hour` is None where only the day was said.
    """

    minutes: int = 0
    hour: int | None = None
    minute: int = 0
    days: int | None = None
    weekday: int | None = None
    date: str = ""


@dataclass(frozen=True, slots=True)
class Start:
    """A time worked out: `at` in ms UTC, and what whoever said it should know.

    `tomorrow`: that time of today is over; `gap`: clocks skip it; `twice`: clocks show it twice. `wrong` says why it
    cannot be: `past` or `far`.
    """

    at: int
    tomorrow: bool = False
    gap: bool = False
    twice: bool = False
    wrong: str = ""


def _phrase(phrase: str) -> str:
    return " ".join(key(word) or word for word in phrase.split())


def _any(phrases: Iterable[str]) -> str:
    return "|".join(re.escape(phrase) for phrase in sorted({_phrase(phrase) for phrase in phrases}, key=len)[::-1])


def _table(values: Mapping[str, int]) -> dict[str, int]:
    return {_phrase(phrase): value for phrase, value in values.items()}


_H, _M, _D, _W = map(_any, (said.HOURS, said.MINUTES, said.DAYS, said.WEEKS))
_LENGTHS = _table(said.LENGTHS)
_TODAY = _table(said.TODAY)
_WEEKDAYS = _table({name: number for number, names in enumerate(said.WEEKDAYS) for name in names})
_TIMES = {_phrase(name): time for name, time in said.TIMES.items()}
_NUMBERED = (
    rf"(?P<hours>\d{{1,2}}(?:[.,]\d)?) ?(?:{_H})"
    rf"(?:(?P<half>半)|(?P<more>\d{{1,2}})(?:{_M})?| (?P<rest>\d{{1,2}}) ?(?:{_M}))?"
    rf"|(?P<minutes>\d{{1,4}}) ?(?:{_M})"
)
_END = r"(?= |$)"
_LENGTH = re.compile(_NUMBERED)
_AGO = rf"(?:(?P<length>{_any(said.LENGTHS)})|(?P<days>\d{{1,3}}) ?(?:{_D})|(?P<weeks>\d{{1,2}}) ?(?:{_W})|{_NUMBERED})"
_FROM_NOW = re.compile(rf"(?:(?P<before>{_any(said.IN)}) )?{_AGO}(?P<after> ?(?:{_any(said.FROM_NOW)}))?{_END}")
_DAY = re.compile(
    rf"(?:(?:{_any(said.ON)}) )*"
    rf"(?:(?P<today>{_any(said.TODAY)})|(?P<weekday>{_any(name for day in said.WEEKDAYS for name in day)})"
    r"|(?P<date>\d{4}-\d{1,2}-\d{1,2})|(?P<month>\d{1,2})月(?P<day>\d{1,2})日)(?:の|に|は)?(?:(?= |$)| ?(?=\d|午))"
)
_HALF = rf"(?:(?P<am>{_any(said.MORNING)}|午前)|(?P<pm>{_any(said.AFTERNOON)}|午後))"
_TIME = re.compile(
    rf"(?:(?P<at>{_any(said.AT)}) )?(?:(?P<name>{_any(said.TIMES)})"
    r"|(?:(?P<before_noon>午前)|(?P<after_noon>午後))?(?P<jh>\d{1,2})時(?:(?P<jm>\d{1,2})分?|(?P<jhalf>半))?(?:に|から)?"
    rf"|(?P<hour>\d{{1,2}})(?:[:.](?P<minute>\d{{2}})(?: ?(?:uhr|h))?|(?P<uhr> ?uhr)(?: (?P<um>\d{{1,2}}))?"
    rf"|(?P<bare> ?(?:{_any(said.O_CLOCK)})(?: ?(?P<hm>\d{{2}}))?)?)(?: ?{_HALF})?){_END}"
)


def length(words: str) -> int | None:
    """Return the minutes that keyed words such as `1h30`, `90 minuten` and `45分` say; None if they say no length."""
    found = _LENGTH.fullmatch(words)
    return _minutes(found) if found else None


def length_in_words(words: str) -> int | None:
    """The same, of what only a word such as `for` makes a length: `half an hour`."""
    return _LENGTHS.get(words)


def _minutes(found: re.Match[str]) -> int:
    if found["minutes"]:
        return int(found["minutes"])
    hours = float(found["hours"].replace(",", "."))
    return round(hours * 60) + (30 if found["half"] else int(found["more"] or found["rest"] or 0))


def read(words: Sequence[str]) -> tuple[When, int] | None:
    """Return the time that words begin with, and how many words say it; None when they begin with none.

    A day without a time has no `hour`.
    """
    text = " ".join(key(word) or "-" for word in words[:MOST_WORDS])
    found = _from_now(text) or _of_a_day(text)
    if found is None:
        return None
    when, end = found
    return when, text.count(" ", 0, end) + 1


def _from_now(text: str) -> tuple[When, int] | None:
    found = _FROM_NOW.match(text)
    if not found or not (found["before"] or found["after"]):
        return None
    if found["length"]:
        return When(minutes=_LENGTHS[found["length"]]), found.end()
    if found["days"] or found["weeks"]:
        days = int(found["days"] or 0) + WEEK * int(found["weeks"] or 0)
        after = _TIME.match(text, found.end() + 1)
        time = _clock(after, a_day_is_said=True) if after else None
        if after and time:
            return When(hour=time[0], minute=time[1], days=days), after.end()
        return _in(days * DAY_MINUTES, found.end())
    return _in(_minutes(found), found.end())


def _in(minutes: int, end: int) -> tuple[When, int] | None:
    return (When(minutes=minutes), end) if minutes else None


def _of_a_day(text: str) -> tuple[When, int] | None:
    day, end = _day(text, 0)
    start = end + (text[end : end + 1] == " ")
    found = _TIME.match(text, start)
    time = _clock(found, a_day_is_said=day is not None) if found else None
    if found is None or time is None:
        return (day, end) if day else None
    if day is None:
        day, end = _day(text, found.end() + 1)
    when = day or When()
    hour, minute = time
    return When(hour=hour, minute=minute, days=when.days, weekday=when.weekday, date=when.date), max(end, found.end())


def _day(text: str, at: int) -> tuple[When | None, int]:
    """Return the day that is said at a place of the text, and where it ends."""
    found = _DAY.match(text, at) if at <= len(text) else None
    if found is None:
        return None, 0
    if found["today"]:
        return When(days=_TODAY[found["today"]]), found.end()
    if found["weekday"]:
        return When(weekday=_WEEKDAYS[found["weekday"]]), found.end()
    numbers = [int(part) for part in found["date"].split("-")] if found["date"] else []
    year, month, day = numbers or (0, int(found["month"]), int(found["day"]))
    try:
        return When(date=date(year or 2000, month, day).isoformat()[0 if year else 5 :]), found.end()
    except ValueError:
        return None, 0


def _clock(found: re.Match[str], *, a_day_is_said: bool) -> tuple[int, int] | None:
    """Return hour and minute; an hour alone is a time only after a word such as `at`, or beside a day."""
    if found["name"]:
        return _TIMES[found["name"]]
    after_noon, before_noon = found["pm"] or found["after_noon"], found["am"] or found["before_noon"]
    hour = int(found["hour"] or found["jh"])
    minute = 30 if found["jhalf"] else int(found["minute"] or found["um"] or found["hm"] or found["jm"] or 0)
    clear = found["jh"] or found["minute"] or found["uhr"] or after_noon or before_noon
    if not clear and not found["at"] and not a_day_is_said:
        return None
    if (after_noon or before_noon) and hour <= 12:  # noqa: PLR2004 - "15:00 am Montag" is no clock with twelve hours
        hour = hour % 12 + (12 if after_noon else 0)
    return (hour, minute) if hour < 24 and minute < 60 else None  # noqa: PLR2004 - as many as a day and an hour have


def write(when: When) -> str:
    """Return words that `read` reads as this time."""
    if when.minutes:
        days, rest = divmod(when.minutes, DAY_MINUTES)
        return f"in {when.minutes}m" if rest else f"in {days} days"
    clock = f"{when.hour}:{when.minute:02}" if when.hour is not None else ""
    if when.days is not None:
        near = {0: "today", 1: "tomorrow", 2: "day after tomorrow"}
        return f"{near.get(when.days) or f'in {when.days} days'} {clock}".strip()
    if when.weekday is not None:
        return f"{said.WEEKDAYS[when.weekday][0]} {clock}".strip()
    if when.date:
        day = when.date if len(when.date) > len("12-31") else "{}月{}日".format(*map(int, when.date.split("-")))
        return f"{day} {clock}".strip()
    return f"at {clock}"


def start(when: When, now: int, zone: str) -> Start:
    """Work out when that is. `now` is ms UTC, `zone` an IANA name (unknown or "": UTC), `when` has a time.

    A time that clocks skip is as much later as they skip; of one that they show twice it is the first still to come.
    """
    where = _zone(zone)
    here = datetime.fromtimestamp(now / 1000, where)
    today = here.date()
    days, rest = divmod(when.minutes, DAY_MINUTES)
    if when.minutes and rest:
        whole_minute = (now + when.minutes * _MINUTE) // _MINUTE * _MINUTE
        return _within(Start(max(whole_minute, now)), now)
    if when.minutes:
        when = When(hour=here.hour, minute=here.minute, days=days)
    wanted = _wanted(when, today)
    if wanted is None or abs((wanted - today).days) > 2 * HORIZON:
        return Start(now, wrong="past" if wanted and wanted < today else "far")
    begins = _moment(wanted, when, where, now)
    if begins.at > now or when.date or when.days is not None:
        return _within(begins, now)
    further = WEEK if when.weekday is not None else 1
    later = _moment(wanted + timedelta(days=further), when, where, now)
    return _within(Start(later.at, when.weekday is None, later.gap, later.twice), now)


def _wanted(when: When, today: date) -> date | None:
    if when.weekday is not None:
        return today + timedelta(days=(when.weekday - today.weekday()) % WEEK)
    if not when.date:
        return today + timedelta(days=when.days or 0)
    if len(when.date) > len("12-31"):
        return date.fromisoformat(when.date)
    for year in (today.year, today.year + 1):
        try:
            day = date.fromisoformat(f"{year}-{when.date}")
        except ValueError:  # 29 February
            continue
        if day >= today:
            return day
    return None


def _moment(day: date, when: When, where: tzinfo, now: int) -> Start:
    clock = datetime(day.year, day.month, day.day, when.hour or 0, when.minute, tzinfo=where)
    first, second = (int(clock.replace(fold=fold).timestamp() * 1000) for fold in (0, 1))
    shown = datetime.fromtimestamp(first / 1000, where).replace(tzinfo=None)
    if shown != clock.replace(tzinfo=None):
        return Start(first, gap=True)
    return Start(second if first <= now else first, twice=first != second)


def _within(begins: Start, now: int) -> Start:
    ahead = begins.at - now
    wrong = "past" if ahead < 0 else "far" if ahead > HORIZON * DAY_MINUTES * _MINUTE else ""
    return Start(begins.at, begins.tomorrow, begins.gap, begins.twice, wrong)


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder of zones, such as "Europe"
        return UTC
