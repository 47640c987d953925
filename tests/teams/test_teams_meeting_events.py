"""Teams' own events of meetings, read into a turn."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Person, TurnKind
from bot.teams import inbound, meeting_events

NOW = 1_795_262_400_000
LINK = "https://teams.microsoft.com/l/meetup-join/1"
MEMBER = {"user": {"id": "29:ben", "aadObjectId": "oid-ben", "name": "Ben Okafor"}, "meeting": {"inMeeting": True}}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
)


def event(name: str, **value: object) -> dict[str, Any]:
    """Return an event as Teams sends it from a meeting's chat."""
    return {
        "type": "event",
        "name": f"application/vnd.microsoft.{name}",
        "id": "1",
        "timestamp": "2026-11-21T12:00:00.000Z",
        "serviceUrl": "https://smba.example/emea",
        "conversation": {"id": "19:meeting_abc@thread.v2", "tenantId": "tenant"},
        "channelData": {"tenant": {"id": "tenant"}, "meeting": {"id": "MCMx"}},
        "value": value,
    }


@pytest.mark.parametrize(
    ("activity", "data", "people"),
    [
        (event("meetingStart", JoinUrl=LINK), {"call": "started", "link": LINK}, ()),
        (event("meetingEnd", JoinUrl=LINK), {"call": "ended", "link": LINK}, ()),
        (event("meetingParticipantJoin", members=[MEMBER]), {"inside": "true"}, ("Ben Okafor",)),
        (event("meetingParticipantLeave", members=[MEMBER, 7]), {"inside": "false"}, ("Ben Okafor",)),
    ],
)
def test_a_meeting_s_event_is_a_turn(activity: dict[str, Any], data: dict[str, str], people: tuple[str, ...]) -> None:
    """It says what happened, in which meeting, when, and to whom."""
    turn = inbound.read(activity, app_id="app", now=NOW)
    assert turn is not None
    assert turn.kind is TurnKind.CALLED
    assert turn.data == {"meeting": "MCMx", "at": str(NOW), **data}
    assert tuple(person.name for person in turn.mentions) == people
    assert turn.person == Person("")


def test_other_events_are_nothing() -> None:
    """What Muster does not act upon leaves no trace."""
    assert inbound.read(event("readReceipt"), app_id="app", now=NOW) is None


@given(JSON, st.sampled_from([*meeting_events.CALLS, *meeting_events.PEOPLE]))
def test_any_value_can_come(value: object, name: str) -> None:
    """Whatever stands in an event, nothing breaks."""
    meeting_events.read(event(name) | {"value": value, "timestamp": value, "channelData": value})
    meeting_events.read(event(name, members=[{"user": value}, value]))
