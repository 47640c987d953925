"""What Graph is asked for a call, and what its callbacks mean (facts/graph 5)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.graph import calls
from bot.model import Meeting, RoomState
from bot.ringing import News
from tests.engine.test_rooms import a_room

MEETING = Meeting("m", "https://teams.example/meet/1", organizer_oid="oid-ana", thread_id="19:meeting_x@thread.v2")
ROOM = a_room(state=RoomState.OPEN, meeting=MEETING)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "value",
                    "resource",
                    "resourceUrl",
                    "resourceData",
                    "changeType",
                    "state",
                    "info",
                    "identity",
                    "user",
                    "id",
                ]
            ),
            inner | st.sampled_from(["/communications/calls/c", "/app/calls/c/participants", "calls", "/calls"]),
            max_size=5,
        )
    ),
    max_leaves=25,
)


def one(resource: str, data: object, change: str = "updated") -> dict[str, Any]:
    """Return a callback of one notification."""
    return {"value": [{"changeType": change, "resourceUrl": resource, "resourceData": data}]}


def test_a_meeting_is_joined_by_its_chat() -> None:
    """Muster joins without media of its own and is called back where it said; a channel's root message is named."""
    asked = calls.joining(ROOM, "https://bot.example/api/calls/n")
    body = json.loads(asked.body)
    assert (asked.path, body["callbackUri"]) == ("/communications/calls", "https://bot.example/api/calls/n")
    assert body["mediaConfig"] == {"@odata.type": "#microsoft.graph.serviceHostedMediaConfig"}
    assert (body["chatInfo"]["threadId"], body["chatInfo"]["messageId"]) == (MEETING.thread_id, "0")
    assert body["meetingInfo"]["organizer"]["user"]["id"] == "oid-ana"
    bound = replace(ROOM, meeting=replace(MEETING, message_id="1599805818399"))
    assert json.loads(calls.joining(bound, "https://b").body)["chatInfo"]["messageId"] == "1599805818399"


def test_a_meeting_without_a_chat_is_joined_by_its_number() -> None:
    """Where the meeting's chat is not known its id and passcode lead in."""
    alone = replace(ROOM, meeting=replace(MEETING, thread_id="", join_meeting_id="123", passcode="pass"))
    body = json.loads(calls.joining(alone, "https://b").body)
    assert "chatInfo" not in body
    assert (body["meetingInfo"]["joinMeetingId"], body["meetingInfo"]["passcode"]) == ("123", "pass")


def test_an_invitation_takes_five_people() -> None:
    """Graph takes five at once; ids cannot leave their place in a path."""
    asked = calls.invitation("a/b", [f"oid-{n}" for n in range(5)], "oid|1")
    assert asked.path == "/communications/calls/a%2Fb/participants/invite"
    assert len(json.loads(asked.body)["participants"]) == 5
    with pytest.raises(ValueError, match="6 people"):
        calls.invitation("c", ["oid"] * 6, "x")


def test_presence_is_read_in_both_spellings() -> None:
    """Until 2025 the activity said that somebody presents, since then the availability does."""
    body = {
        "value": [
            {"id": "a", "availability": "Busy", "activity": "Presenting"},
            {"id": "b", "availability": "presenting", "activity": "Busy"},
            {"id": "c", "availability": "Available", "activity": "Available"},
        ]
    }
    assert calls.read_presences(body) == {"a": "Presenting", "b": "presenting", "c": "Available"}


def test_callbacks_are_read_as_they_come() -> None:
    """A call's state, its end, the roster without its lobby, and a failed invitation; whatever else is left out."""
    ben = {"isInLobby": False, "info": {"identity": {"user": {"id": "oid-ben"}}}}
    lobby = {"isInLobby": True, "info": {"identity": {"user": {"id": "oid-cho"}}}}
    failed = {"clientContext": "oid|1", "status": "Failed", "resultInfo": {"code": 603, "subcode": 1}}
    assert calls.read_news(one("/communications/calls/c", {"state": "Established"})) == [News("c", "established")]
    assert calls.read_news(one("/app/calls/c", {}, "Deleted")) == [News("c", "terminated")]
    inside = [News("c", inside=frozenset({"oid-ben"}))]
    assert calls.read_news(one("/communications/calls/c/participants", [ben, lobby])) == inside
    declined = [News("c", context="oid|1", failed=603)]
    assert calls.read_news(one("/communications/calls/c/operations/o", failed, "deleted")) == declined
    running = failed | {"status": "completed"}
    assert calls.read_news(one("/communications/calls/c/operations/o", running, "deleted")) == []
    assert calls.read_news(one("https://evil.example/", {"state": "established"})) == []


@given(JSON)
def test_nothing_in_a_callback_raises(body: object) -> None:
    """Whatever JSON a callback holds, it is read as news of calls or as nothing."""
    assert all(isinstance(news, News) for news in calls.read_news(body))
    assert isinstance(calls.read_presences(body), dict)
