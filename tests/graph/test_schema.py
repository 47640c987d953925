"""Whatever Muster asks is valid by Microsoft's own description; whatever that description allows can be read."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import MeetingsError
from bot.graph import answers, events, options, refusals, wire
from bot.model import GraphCall, Invited, LobbyScope, Meeting, MeetingRequest, Options, Person, Role, Way
from tests.graph.slices import BETA, V1, Slice, Strategy, document

pytestmark = pytest.mark.usefixtures("untraced")

PATHS = {
    GraphCall.CREATE_OR_GET: "/onlineMeetings/createOrGet",
    GraphCall.CREATE: "/onlineMeetings",
    GraphCall.EVENT: "/events",
}
OWNERS = {Way.APP: "/users/{user-id}", Way.USER: "/me"}
CENTURIES = 253_402_300_799_000
"""The last second of the year 9999 in ms UTC."""


def kinds(kind: options.Kind) -> Strategy:
    """Return what a passed-on property may be."""
    if isinstance(kind, frozenset):
        return st.sampled_from(sorted(kind))
    if isinstance(kind, type):
        return st.booleans() if kind is bool else st.text(max_size=9)
    return st.fixed_dictionaries({}, optional={name: kinds(inner) for name, inner in kind.items()})


PASSED = st.fixed_dictionaries({}, optional={name: kinds(kind) for name, kind in options.PASSED_THROUGH.items()})
MORE = (
    PASSED.map(json.dumps) | st.text(max_size=20) | st.dictionaries(st.text(max_size=9), st.integers()).map(json.dumps)
)
PEOPLE = st.builds(Person, id=st.just(""), oid=st.text(max_size=9), name=st.text(max_size=9), upn=st.text(max_size=12))
OPTIONS = st.builds(
    Options,
    lobby=st.none() | st.sampled_from(LobbyScope),
    dial_in_bypass=st.none() | st.booleans(),
    presenters=st.sampled_from(sorted(options.PRESENTERS)) | st.text(max_size=9),
    passcode=st.booleans(),
    announce=st.none() | st.booleans(),
    record=st.none() | st.booleans(),
    chat=st.sampled_from(sorted(options.CHAT_MODES)) | st.text(max_size=9),
    template=st.text(max_size=9),
    invited=st.lists(st.builds(Invited, PEOPLE, st.sampled_from(Role)), max_size=4).map(tuple),
    more=MORE,
)
REQUESTS = st.builds(
    MeetingRequest,
    external_id=st.text(min_size=1, max_size=40),
    subject=st.text(max_size=300),
    starts_at=st.integers(0, CENTURIES),
    ends_at=st.integers(0, CENTURIES),
    bind_thread=st.sampled_from(["", "19:x@thread.tacv2"]) | st.text(max_size=9),
    call=st.sampled_from(GraphCall),
    way=st.sampled_from(Way),
    options=OPTIONS,
)


@pytest.fixture(scope="module")
def v1() -> Slice:
    """The v1.0 document."""
    return document(V1)


@given(asked=REQUESTS, version=st.sampled_from(["v1.0", "beta"]))
def test_any_request_is_written_as_microsoft_describes_it(v1: Slice, asked: MeetingRequest, version: str) -> None:
    """Whatever is asked of Muster, the request is valid by Microsoft's schema and has no name the schema lacks."""
    frozen = wire.freeze("oid", asked, binding_version=version)
    assert frozen.version in {"v1.0", version}
    described = document(BETA) if frozen.version == "beta" else v1
    template = OWNERS[asked.way] + PATHS[asked.call]
    assert frozen.path == template.replace("{user-id}", "oid")
    assert described.errors(described.request("POST", template), json.loads(frozen.body)) == []
    assert frozen.body.encode()


@given(asked=OPTIONS, known=st.data())
def test_any_change_is_written_as_microsoft_describes_it(v1: Slice, asked: Options, known: st.DataObject) -> None:
    """Whatever options are set later, the PATCH is valid, and names only what a PATCH may change."""
    meeting = known.draw(v1.anything(v1.named("onlineMeeting")))
    patch = wire.update("/me", "id", asked, answers.attendees(meeting))
    body = json.loads(patch.body) if patch else {}
    assert v1.errors(v1.request("PATCH", "/me/onlineMeetings/{onlineMeeting-id}"), body) == []
    assert not {"joinMeetingIdSettings", "meetingTemplateId", "chatInfo", "externalId"} & set(body)


def test_the_document_catches_what_is_wrong(v1: Slice) -> None:
    """A wrong type, a misspelt name and a missing time are found, so that a valid request means something."""
    schema = v1.request("POST", "/me/onlineMeetings")
    good = {"subject": "s", "startDateTime": "2026-11-21T10:00:00Z", "endDateTime": "2026-11-21T11:00:00Z"}
    assert v1.errors(schema, good) == []
    assert v1.errors(schema, {**good, "allowRecording": "yes"})
    assert v1.errors(schema, {**good, "lobbyBypassSettings": {"scope": "nobody"}})
    assert v1.errors(schema, {**good, "lobbyBypassSettings": {"Scope": "everyone"}})
    assert v1.errors(schema, {**good, "lobyBypassSettings": {}})
    assert v1.errors(schema, {"subject": "s"})


def test_an_event_put_online_is_what_microsoft_describes(v1: Slice) -> None:
    """The change that makes an event an online meeting is valid by Microsoft's schema."""
    assert v1.errors(v1.named("event"), json.loads(events.put_online("/me", "id").body)) == []
    assert v1.errors(v1.named("event"), {"isOnlineMeetin": True})


def test_everything_writable_can_be_passed_on(v1: Slice) -> None:
    """Each property of Microsoft's that can be written has a word of its own in Muster or is passed on."""
    own = {
        *("subject", "startDateTime", "endDateTime", "chatInfo", "participants", "externalId", "meetingTemplateId"),
        *("lobbyBypassSettings", "allowedPresenters", "joinMeetingIdSettings", "isEntryExitAnnounced"),
        *("recordAutomatically", "allowMeetingChat"),
    }
    made_by_graph = {"expiryDateTime", "meetingOptionsWebUrl", "@odata.type"}
    live_events = {"isBroadcast", "broadcastSettings"}
    declared = dict(v1._properties(v1.named("onlineMeeting")))
    writable = {name for name, schema in declared.items() if not schema.get("readOnly")}
    assert writable - own - made_by_graph - live_events == set(options.PASSED_THROUGH)


@pytest.mark.parametrize("name", [V1, BETA])
@given(data=st.data())
def test_any_meeting_microsoft_describes_is_read(name: str, data: st.DataObject) -> None:
    """Whatever a valid answer about a meeting says, Muster reads it without stumbling, and its words are plain."""
    described = document(name)
    schema = described.named("onlineMeeting")
    body = data.draw(described.anything(schema))
    assert described.valid(schema, body)
    meeting = answers.read_meeting(body, {"allowRecording": True})
    assert meeting.join_url == "" or meeting.join_url.startswith("https://")
    assert not re.search(r"[<>]", meeting.join_text)
    assert answers.found_meetings({"value": [body]}) == ([meeting_without_more(meeting)] if meeting.join_url else [])


def meeting_without_more(meeting: Meeting) -> Meeting:
    """Return the meeting as one reads it who asked for nothing."""
    return type(meeting)(**{**{name: getattr(meeting, name) for name in meeting.__slots__}, "more": ""})


@given(data=st.data())
def test_any_event_microsoft_describes_is_read(v1: Slice, data: st.DataObject) -> None:
    """Whatever a valid answer about an event or a calendar says, Muster reads it without stumbling."""
    event, calendar = data.draw(v1.anything(v1.named("event"))), data.draw(v1.anything(v1.named("calendar")))
    assert v1.valid(v1.named("event"), event)
    assert answers.read_event(event).event_id == str(event.get("id", "")).strip()
    named = "teamsForBusiness" in calendar.get("allowedOnlineMeetingProviders", [])
    assert events.allows_teams(calendar) is named


@given(data=st.data(), status=st.integers(400, 599), own=st.booleans())
def test_any_refusal_microsoft_describes_is_read(v1: Slice, data: st.DataObject, status: int, own: bool) -> None:
    """Whatever a valid error says, it is one of ours."""
    body: Any = data.draw(v1.anything(v1.named("ODataErrors.ODataError")))
    assert isinstance(refusals.read_error(status, {}, body, now=0, own=own), MeetingsError)
