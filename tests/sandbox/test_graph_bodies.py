"""What people may send to the sandbox's Graph: whatever it is, it is taken or refused in Graph's own words."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bot.sandbox.events import parse_moment, write_attendees
from bot.sandbox.meeting_options import (
    AT_CREATION,
    OPTIONS,
    PATCHED_APART,
    Values,
    check_patch,
    check_people,
    check_post,
    invited,
)
from bot.sandbox.meetings import parse_time, write_time
from bot.sandbox.server import Refused
from bot.sandbox.tenant import Tenant

pytestmark = pytest.mark.usefixtures("untraced")

TENANT = Tenant()
JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False) | some.text(max_size=9),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)
PARTICIPANT = some.fixed_dictionaries(
    {},
    optional={
        "upn": JSON | some.just(TENANT.ben.upn),
        "role": JSON | some.sampled_from(["attendee", "presenter", "coorganizer"]),
        "identity": JSON | some.just({"user": {"id": TENANT.ana.oid}}),
    },
)
PARTICIPANTS = some.fixed_dictionaries(
    {}, optional={"attendees": some.lists(PARTICIPANT, max_size=3), "organizer": JSON}
)


def known(values: Values) -> some.SearchStrategy[Any]:
    """Return what an option takes: one of its values, or anything of its kind."""
    return some.builds(values) if isinstance(values, type) else some.sampled_from(values)


CHOICES = OPTIONS | AT_CREATION
OPTION = some.sampled_from(sorted(CHOICES)).flatmap(
    lambda name: some.fixed_dictionaries({name: JSON | known(CHOICES[name])})
)
BODIES = some.builds(
    dict.__or__,
    some.fixed_dictionaries(
        {"subject": some.just("x") | JSON, "endDateTime": some.just("2026-11-21T12:00:00Z") | JSON},
        optional={
            "participants": PARTICIPANTS | JSON,
            "lobbyBypassSettings": JSON | some.fixed_dictionaries({"scope": JSON | some.just("everyone")}),
        },
    ),
    some.just({}) | OPTION,
)


@given(BODIES)
def test_any_body_is_taken_or_refused(body: dict[str, Any]) -> None:
    """No JSON object makes Create, Update or createOrGet of the sandbox fail in another way than with a 4xx."""
    for check in (check_post, check_people, lambda given: check_patch(given, TENANT.ana)):
        with suppress(Refused):
            check(body)
            invited(TENANT, body)


@given(BODIES)
def test_what_may_be_patched_may_be_created(body: dict[str, Any]) -> None:
    """A body that Update takes and that has subject and end is one that Create takes."""
    patch = {name: value for name, value in body.items() if name in PATCHED_APART or name in OPTIONS}
    try:
        check_patch({**patch, "startDateTime": None}, TENANT.ana)
    except Refused:
        return
    if patch["subject"] and patch["endDateTime"]:
        check_post(patch)


@given(JSON)
def test_any_time_is_read_or_refused(value: object) -> None:
    """No JSON value makes reading a time, a zone or an attendee fail in another way than with a 4xx."""
    for read in (lambda given: parse_time(given, "start"), parse_moment, write_attendees):
        with suppress(Refused):
            read(value)
    with suppress(Refused):
        parse_moment({"dateTime": value, "timeZone": value})


@given(some.integers(0, 4_102_444_800_000))
def test_times_are_read_as_they_are_written(at: int) -> None:
    """A time that Graph wrote means the same moment when it is sent back, with an offset or in a zone."""
    text = write_time(at)
    assert parse_time(text, "start") == at
    assert parse_moment({"dateTime": text.removesuffix("Z"), "timeZone": "UTC"}) == at


@pytest.mark.parametrize("zone", ["Europe/Berlin", "W. Europe Standard Time"])
def test_windows_and_iana_name_the_same_zone(zone: str) -> None:
    """Outlook's zones go by either name."""
    assert parse_moment({"dateTime": "2026-07-01T12:00:00", "timeZone": zone}) == 1_782_900_000_000
