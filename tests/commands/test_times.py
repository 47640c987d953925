"""When a time is: the next one that fits, in the person's zone, with the clocks' own ways (ENGINE 2.12)."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from bot.commands import times
from bot.commands.times import Start, When

BERLIN, TOKYO, CAIRO = "Europe/Berlin", "Asia/Tokyo", "Africa/Cairo"


def ms(text: str, zone: str = BERLIN) -> int:
    """Return a local time as ms UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def begins(line: str, now: str, zone: str = BERLIN) -> Start:
    """Work out when a line's time is, said at a local time."""
    found = times.read(line.split())
    assert found is not None
    return times.start(found[0], ms(now, zone), zone)


SOON = {
    ("in 20m", "2026-11-21T10:00:34"): "2026-11-21T10:20",
    ("at 15:30", "2026-11-21T10:00"): "2026-11-21T15:30",
    ("tomorrow 9:00", "2026-11-21T23:59"): "2026-11-22T09:00",
    ("day after tomorrow 9:00", "2026-12-30T12:00"): "2027-01-01T09:00",
    ("monday 10:00", "2026-11-21T10:00"): "2026-11-23T10:00",
    ("monday 10:00", "2026-11-23T09:00"): "2026-11-23T10:00",
    ("monday 10:00", "2026-11-23T10:00"): "2026-11-30T10:00",
    ("in 3 days 9:00", "2026-11-21T10:00"): "2026-11-24T09:00",
    ("in 2 weeks", "2026-11-21T10:07"): "2026-12-05T10:07",
    ("2026-12-03 15:30", "2026-11-21T10:00"): "2026-12-03T15:30",
    ("12月3日 9時", "2026-11-21T10:00"): "2026-12-03T09:00",
    ("1月3日 9時", "2026-11-21T10:00"): "2027-01-03T09:00",
    ("today at noon", "2026-11-21T10:00"): "2026-11-21T12:00",
    ("in 1 day", "2026-03-28T12:00"): "2026-03-29T12:00",
    ("tomorrow 9:00", "2026-10-24T12:00"): "2026-10-25T09:00",
}


def test_a_time_is_the_next_one_that_fits() -> None:
    """Whoever names a time and a day gets it on their own clock, also over the end of a year and of summer time."""
    assert {asked: begins(*asked) for asked in SOON} == {asked: Start(ms(at)) for asked, at in SOON.items()}
    for zone in (TOKYO, CAIRO, "America/St_Johns"):
        assert begins("at 15:30", "2026-11-21T10:00", zone).at == ms("2026-11-21T15:30", zone)


def test_a_time_that_is_past_today_is_tomorrow_s_and_says_so() -> None:
    """`at 9` said at ten is nine o'clock tomorrow, and whoever asked is told."""
    assert begins("at 9", "2026-11-21T10:00") == Start(ms("2026-11-22T09:00"), tomorrow=True)
    assert begins("at 10:00", "2026-11-21T10:00").tomorrow
    assert begins("today at 9", "2026-11-21T10:00").wrong == "past"
    assert begins("2026-11-20 9:00", "2026-11-21T10:00").wrong == "past"
    assert begins("1999-11-20 9:00", "2026-11-21T10:00").wrong == "past"


def test_a_time_that_the_clocks_skip_is_as_much_later() -> None:
    """At the beginning of summer time half past two is half past three, and whoever asked is told."""
    assert begins("tomorrow 2:30", "2026-03-28T12:00") == Start(ms("2026-03-29T03:30"), gap=True)


def test_a_time_that_the_clocks_show_twice_is_the_first_to_come() -> None:
    """At the end of summer time half past two is the first of both while it is to come, and whoever asked is told."""
    first = int(datetime(2026, 10, 25, 0, 30, tzinfo=UTC).timestamp() * 1000)
    found = begins("at 2:30", "2026-10-25T01:00")
    assert found == Start(first, twice=True)
    again = times.start(When(hour=2, minute=30), first + 60_000, BERLIN)
    assert again == Start(first + 3_600_000, twice=True)


def test_nothing_is_planned_for_a_day_too_far_ahead() -> None:
    """Sixty days ahead is the end of what is planned: Graph would forget a later meeting."""
    now = "2026-11-21T10:00"
    assert begins("in 60 days", now).wrong == ""
    assert begins("in 61 days", now).wrong == "far"
    assert begins("2027-03-01 9:00", now).wrong == "far"
    assert begins("9999-12-31 23:59", now).wrong == "far"
    assert begins("in 99 weeks", now).wrong == "far"
    assert times.start(When(hour=9, date="02-29"), ms(now), BERLIN).wrong == "far"


def test_what_is_no_time_is_not_taken_for_one() -> None:
    """Words and numbers that name no time stay words."""
    for line in ("Retro", "9", "9h", "at nine", "at 25:00", "at 9:75", "in room 5", "in 0m", "1h30", "2026-13-40 9:00"):
        found = times.read(line.split())
        assert found is None or found[0].hour is None, line


@given(
    st.one_of(
        st.builds(When, minutes=st.integers(1, 9999)),
        st.builds(
            When,
            hour=st.integers(0, 23),
            minute=st.integers(0, 59),
            days=st.none() | st.integers(0, 99),
        ),
        st.builds(When, hour=st.integers(0, 23), minute=st.integers(0, 59), weekday=st.integers(0, 6)),
        st.builds(When, hour=st.integers(0, 23), date=st.dates().map(str)),
        st.builds(When, hour=st.integers(0, 23), date=st.dates().map(lambda day: str(day)[5:])),
    ),
    st.integers(1_700_000_000_000, 2_000_000_000_000),
    st.sampled_from((BERLIN, TOKYO, CAIRO, "", "America/St_Johns", "Australia/Lord_Howe", "no/where")),
)
def test_a_time_can_be_written_and_is_never_in_the_past(when: When, now: int, zone: str) -> None:
    """Any time that can be meant can be said, and a meeting is planned for the future or not at all."""
    assert times.read(times.write(when).split()) == (when, len(times.write(when).split()))
    start = times.start(when, now, zone)
    assert start.wrong or now <= start.at <= now + (times.HORIZON + 1) * 86_400_000
