from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.graph import answers, wire
from bot.model import DialIn, MeetingRequest

pytestmark = pytest.mark.usefixtures("untraced")

NOW = 1_790_000_000_000
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=20,
)
NAMES = [
    "id", "joinWebUrl", "joinUrl", "subject", "audioConferencing", "conferenceId", "ConferenceId", "tollNumber",
    "tollNumbers", "tollFreeNumbers", "chatInfo", "threadId", "messageId", "startDateTime", "endDateTime",
    "participants",
    "organizer", "identity", "user", "lobbyBypassSettings", "scope", "isDialInBypassEnabled", "joinMeetingIdSettings",
]  # fmt: skip
GRAPHISH = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.just("2026-11-21T10:00:00.1234567Z"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6),
    max_leaves=30,
)


def request(**changes: Any) -> MeetingRequest:  # noqa: ANN401 - fields by name
    """Return a request for one hour."""
    fields = {"external_id": "e1", "subject": "Retro", "starts_at": NOW, "ends_at": NOW + 3_600_000, **changes}
    return MeetingRequest(**fields)


def test_a_channel_s_request_goes_to_beta_with_the_bare_thread() -> None:
    """In a channel Graph is asked with the thread, raw, in the version that documents it."""
    frozen = wire.freeze("oid", request(bind_thread="19:abc@thread.tacv2"), binding_version="beta")
    assert frozen.version == "beta"
    assert frozen.path == "/users/oid/onlineMeetings/createOrGet"
    assert json.loads(frozen.body) == {
        "externalId": "e1",
        "subject": "Retro",
        "startDateTime": "2026-09-21T14:13:20Z",
        "endDateTime": "2026-09-21T15:13:20Z",
        "chatInfo": {"threadId": "19:abc@thread.tacv2"},
    }


def test_elsewhere_the_request_is_v1_without_a_thread() -> None:
    """Outside channels the production version is asked, without a thread."""
    frozen = wire.freeze("oid", request(), binding_version="beta")
    assert frozen.version == "v1.0"
    assert "chatInfo" not in json.loads(frozen.body)


@given(st.text(max_size=400), st.text(min_size=1, max_size=40))
def test_freezing_is_exact_and_repeatable(subject: str, thread: str) -> None:
    """The same request is always the same bytes, whatever people wrote."""
    asked = request(subject=subject, bind_thread=thread)
    frozen = wire.freeze("oid", asked, binding_version="v1.0")
    assert frozen == wire.freeze("oid", asked, binding_version="v1.0")
    assert json.loads(frozen.body)["chatInfo"] == {"threadId": thread}
    assert json.loads(frozen.body)["subject"] == subject[:250]


@pytest.mark.parametrize(
    "block",
    [
        {
            "conferenceId": "1",
            "tollNumbers": ["+44 20"],
            "tollFreeNumbers": ["+44 808"],
            "dialinUrl": "https://d.example",
        },
        {"ConferenceId": "1", "tollNumber": "+44 20", "tollFreeNumber": "+44 808", "dialinUrl": "https://d.example"},
        {
            "conferenceId": "1",
            "tollNumber": "+44 20",
            "tollNumbers": ["+44 20"],
            "tollFreeNumber": "+44 808",
            "tollFreeNumbers": ["+44 808"],
            "dialinUrl": "https://d.example",
        },
    ],
)
def test_dial_in_is_read_in_every_spelling(block: dict[str, Any]) -> None:
    """Old and new spellings of the dial-in block are the same numbers, each once."""
    meeting = answers.read_meeting({"joinWebUrl": "https://j.example", "audioConferencing": block})
    assert meeting.dial_in == DialIn("1", ("+44 20",), ("+44 808",), "https://d.example")


@pytest.mark.parametrize(
    "block",
    [None, {}, [], "x", {"conferenceId": "1"}, {"tollNumber": "+44 20"}, {"conferenceId": "1", "tollNumbers": []}],
)
def test_a_missing_dial_in_is_normal(block: Any) -> None:  # noqa: ANN401 - any JSON
    """A host without Audio Conferencing gets a meeting without numbers, not an error."""
    assert answers.read_meeting({"joinWebUrl": "https://j.example", "audioConferencing": block}).dial_in is None


def test_the_old_join_url_is_read_too() -> None:
    """The link is found under its old name as well."""
    assert answers.read_meeting({"joinUrl": "https://j.example"}).join_url == "https://j.example"


def test_half_a_character_harms_nothing() -> None:
    """Half a surrogate pair, which JSON can hold, neither stops the card nor the store."""
    body = json.loads('{"id": "a\\ud83d", "subject": "b\\ud83d", "audioConferencing": {"tollNumbers": ["1\\ud83d"]}}')
    meeting = answers.read_meeting(body)
    assert (meeting.id, meeting.subject) == ("a?", "b?")
    assert wire.meeting_path("/me", meeting.id).isascii()


def test_seven_digits_of_a_second_are_read() -> None:
    """Graph's times with seven fractional digits are understood."""
    meeting = answers.read_meeting({"joinWebUrl": "https://j.example", "startDateTime": "2026-11-21T10:00:00.1234567Z"})
    assert meeting.starts_at == 1_795_255_200_123


@given(JSON | GRAPHISH)
def test_any_answer_is_read(body: Any) -> None:  # noqa: ANN401 - any JSON
    """Whatever Graph answers, Muster never stumbles over it."""
    for meeting in (answers.read_meeting(body), answers.read_event(body), *answers.found_meetings(body)):
        assert meeting.join_url == "" or meeting.join_url.startswith("https://")
