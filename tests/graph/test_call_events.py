"""What Graph tells of calls: read however it is spelt, decrypted only when nobody has changed it."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.calls import CallEvent, CallEventKind, Change, Watched, WatchKey
from bot.errors import NotNow
from bot.graph import call_events, encryption, subscriptions
from bot.sandbox.calls import encrypted
from bot.sandbox.subscriptions import public_key

NOW = 1_790_000_000_000
SECRET = b"sealed with this"
LINK = "https://teams.microsoft.com/l/meetup-join/19%3ameeting_abc%40thread.v2/0?context=%7b%22Tid%22%7d"
WATCHED = Watched("room", "tenant", "mark", "key", "beta", expires_at=NOW)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
)
USER = {"id": "oid-ana", "displayName": "Ana Lima"}


def participant(**more: object) -> dict[str, Any]:
    """Return a participant as Microsoft's sample has one."""
    return {"info": {"identity": {"user": USER}}, "isInLobby": False, "id": "p1", **more}


def event(kind: str = "rosterUpdated", participants: object = None) -> dict[str, Any]:
    """Return an event as Microsoft's sample has one."""
    delta = {} if participants is None else {"participants@delta": participants}
    return {"eventType": kind, "eventDateTime": "2026-09-21T14:13:20.0000000Z", **delta}


@pytest.fixture(scope="module")
def key() -> WatchKey:
    """A key pair, made once: it takes a while."""
    return encryption.make_key(SECRET, "key", NOW)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (participant(), Change("p1", inside=True, person="oid-ana")),
        (participant(rosterSequenceNumber=7), Change("p1", inside=True, person="oid-ana", sequence=7)),
        (participant(isInLobby=True), Change("p1", inside=False, person="oid-ana")),
        (participant(removedState={"reason": "left"}), Change("p1", inside=False, person="oid-ana")),
        (participant(info={"identity": {"phone": {"id": "+44"}}}), Change("p1", inside=True, phone=True)),
        (participant(info={}), Change("p1", inside=True)),
        (participant(info={"identity": {"application": {"id": "bot"}}}), None),
        (participant(id=""), None),
        ("nobody", None),
    ],
)
def test_a_participant_comes_goes_or_waits(told: object, expected: Change | None) -> None:
    """People and callers count, in the lobby they are not in yet, and a bot is nobody."""
    found = call_events.read(event(participants=[told]), names=False)
    assert found == CallEvent(CallEventKind.ROSTER, NOW, (expected,) if expected else ())


def test_both_spellings_are_read_and_names_only_where_wanted() -> None:
    """The page's `eventType` and the schema's `callEventType` mean the same; names are dropped unless asked for."""
    body = {
        "callEventType": "rosterUpdated",
        "eventDateTime": event()["eventDateTime"],
        "participants": [participant()],
    }
    named = call_events.read(body, names=True)
    assert named is not None
    assert [change.name for change in named.changes] == ["Ana Lima"]
    assert call_events.read(event("callStarted"), names=True) == CallEvent(CallEventKind.STARTED, NOW)
    assert call_events.read(event("somethingNew"), names=True) is None
    assert call_events.read(event() | {"eventDateTime": "soon"}, names=True) is None


@given(JSON)
def test_any_json_can_come(body: object) -> None:
    """Whatever is in a notification, nothing breaks."""
    call_events.read(body, names=True)
    call_events.read(event(participants=body), names=True)
    call_events.read(event(participants=[participant(info=body)]), names=True)


def test_what_was_encrypted_for_us_is_read_and_nothing_else(key: WatchKey) -> None:
    """The sandbox's own encryption is read; a changed byte, another key or nonsense are not."""
    made = SimpleNamespace(certificate=public_key(key.certificate), body={"encryptionCertificateId": "key"})
    content = encrypted(made, {"eventType": "callStarted"})  # type: ignore[arg-type]  # what it reads is there
    private = encryption.private_key(SECRET, key)
    assert json.loads(encryption.decrypt(content, private)) == {"eventType": "callStarted"}
    wrong = base64.b64encode(b"x" * 32).decode()
    for name in ("data", "dataSignature", "dataKey"):
        for value in (wrong, "no base64!", None, 7):
            with pytest.raises(encryption.NotForUs):
                encryption.decrypt({**content, name: value}, private)


def test_a_sealed_key_opens_with_its_secret_alone(key: WatchKey) -> None:
    """Another MUSTER_SECRET_KEY, or a key under another name, opens nothing."""
    for secret, sealed in (
        (b"another", key),
        (SECRET, replace(key, key_id="other")),
        (SECRET, replace(key, sealed="")),
    ):
        with pytest.raises(encryption.NotForUs):
            encryption.private_key(secret, sealed)
    assert "PRIVATE" not in key.sealed


def test_the_link_is_encoded_whole() -> None:
    """What is subscribed to has the join link encoded once more than it is, as Microsoft's page shows."""
    path = subscriptions.resource(LINK)
    assert path.startswith("communications/onlineMeetings(joinWebUrl='https%3A%2F%2Fteams.microsoft.com%2Fl%2Fmeetup")
    assert "19%253ameeting_abc%2540thread.v2" in path
    assert path.endswith("')/meetingCallEvents")


def test_a_subscription_is_asked_for_with_its_data() -> None:
    """The request names our door twice, the certificate, and a clientState that only the secret makes."""
    state = subscriptions.client_state(SECRET, "room")
    body = json.loads(subscriptions.creation(WATCHED, LINK, "certificate", state, "https://bot.example/api/graph").body)
    assert body["notificationUrl"] == body["lifecycleNotificationUrl"] == "https://bot.example/api/graph"
    assert body["includeResourceData"] is True
    assert body["encryptionCertificateId"] == "key"
    assert len(body["clientState"]) == 64
    assert state != subscriptions.client_state(SECRET, "another room")
    assert state != subscriptions.client_state(b"another", "room")


def test_only_ours_for_this_meeting_is_found_again() -> None:
    """Of all that the app has subscribed to, only what tells our own door of this very meeting is adopted."""
    ours = {"id": "s1", "resource": "/" + subscriptions.resource(LINK), "notificationUrl": "door"}
    others = [ours | {"notificationUrl": "elsewhere"}, ours | {"resource": "x"}, ours | {"id": None}, "nonsense"]
    found = subscriptions.listed([*others, ours], WATCHED, LINK, "door")
    assert [one.subscription_id for one in found] == ["s1"]
    assert subscriptions.listed("nonsense", WATCHED, LINK, "door") == []


def test_an_answer_without_an_id_is_unclear() -> None:
    """Graph may have subscribed all the same, so it is looked for before it is asked again."""
    with pytest.raises(NotNow) as unclear:
        subscriptions._made(WATCHED, {})
    assert unclear.value.unclear
