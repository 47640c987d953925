"""Dialogs' invokes from JSON, and their answers back to it (facts/teams 2.5)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages import Answer
from bot.model import ChatKind, Person, Turn, TurnKind
from bot.teams import dialogs, inbound

pytestmark = pytest.mark.usefixtures("untraced")

SAMPLE = json.loads((Path(__file__).parent / "samples" / "execute.json").read_text(encoding="utf-8"))["activity"]
MESSAGE = {
    "from": {"user": {"id": "oid-ben", "displayName": "Ben Okafor", "userIdentityType": "aadUser"}},
    "body": {"contentType": "html", "content": "<div><p>The&nbsp;database <b>is</b> down</p></div>"},
    "linkToMessage": "https://teams.microsoft.com/l/message/19:x/1",
}


def turn(name: str, value: Any, **changes: Any) -> Turn | None:  # noqa: ANN401 - any JSON
    """Return the turn of a dialog's invoke."""
    return inbound.read(SAMPLE | {"name": name, "value": value} | changes, app_id="app", now=0)


def asked(name: str, value: Any) -> tuple[TurnKind, str] | None:  # noqa: ANN401 - any JSON
    """Return what kind of turn an invoke is, and its verb."""
    read = turn(name, value)
    return (read.kind, read.verb) if read else None


def test_what_asks_for_a_dialog_and_what_sends_one_back() -> None:
    """Each of Teams' four invokes is a turn that waits for its answer; any other dialog is unknown."""
    command = {"commandId": "meet", "commandContext": "compose"}
    assert asked("task/fetch", {"data": {"dialog": "settings"}}) == (TurnKind.DIALOG, "fetch settings")
    assert asked("task/submit", {"data": {"dialog": "settings"}}) == (TurnKind.DIALOG, "submit settings")
    assert asked("composeExtension/fetchTask", command) == (TurnKind.DIALOG, "fetch meet")
    assert asked("composeExtension/submitAction", command) == (TurnKind.DIALOG, "submit meet")
    installed = {**command, "data": {"msteams": {"justInTimeInstall": True}}}
    assert asked("composeExtension/submitAction", installed) == (TurnKind.DIALOG, "fetch meet")
    for name, value in (
        ("task/fetch", {"data": {"dialog": "meet"}}),
        ("composeExtension/fetchTask", {}),
        ("task/fetch", []),
    ):
        assert asked(name, value) == (TurnKind.UNKNOWN, "")


def test_a_message_is_a_subject_an_author_and_a_link() -> None:
    """Of the message a meeting is about come its words without markup, who wrote it, and the way back to it."""
    value = {"commandId": "about", "messagePayload": MESSAGE, "data": {"link": "https://evil.example", "subject": "DB"}}
    read = turn("composeExtension/submitAction", value)
    assert read is not None
    assert (read.text, read.mentions) == ("The database is down", (Person("oid-ben", "oid-ben", "Ben Okafor"),))
    assert read.data == {"subject": "DB", "link": "https://teams.microsoft.com/l/message/19:x/1"}
    forged = turn("composeExtension/submitAction", {"commandId": "meet", "data": {"link": "https://evil.example"}})
    assert forged is not None
    assert forged.data == {}


def test_two_peoples_own_chat_is_not_musters() -> None:
    """A chat between two people is a group where Muster may not be, not a 1:1 with it."""
    conversation = {
        "id": "19:a_b@unq.gbl.spaces",
        "conversationType": "personal",
        "tenantId": SAMPLE["conversation"]["tenantId"],
    }
    read = turn("composeExtension/fetchTask", {"commandId": "meet"}, conversation=conversation, channelData={})
    assert read is not None
    assert read.chat.kind is ChatKind.GROUP


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "data",
                        "commandId",
                        "messagePayload",
                        "from",
                        "user",
                        "id",
                        "body",
                        "content",
                        "msteams",
                        "dialog",
                    ]
                ),
                inner,
            )
        ),
    )
)
def test_whatever_comes_nothing_breaks(value: Any) -> None:  # noqa: ANN401 - any JSON
    """Any JSON in a dialog's invoke is read or not, and never raises."""
    for name in dialogs.STEPS:
        read = dialogs.read({"name": name, "value": value})
        assert read is None or read.verb.split()[0] in {"fetch", "submit"}


def test_every_answer_is_something_teams_can_show() -> None:
    """A sentence, an error and a card become a dialog to go on with; a card for a message becomes a result."""
    for answer in (Answer(text="Saved."), Answer(error="No."), Answer(card={"type": "AdaptiveCard"})):
        body = dialogs.reply(answer)
        assert body["task"]["type"] == "continue"
        assert body["task"]["value"]["card"]["content"]["type"] == "AdaptiveCard"
    inserted = dialogs.reply(Answer(card={"type": "AdaptiveCard"}, insert=True))
    assert inserted["composeExtension"]["attachments"][0]["content"] == {"type": "AdaptiveCard"}


@pytest.mark.parametrize("name", ["subject", "say", "chat.backup_bridge"])
def test_what_is_written_in_a_dialog_is_read_as_if_it_were_typed(name: str) -> None:
    """No sign that nobody sees gets into a subject, and another keyboard's quote is one: it ends no subject later."""
    value = {"commandId": "meet", "data": {name: "DB\0\u202e \uff02 lobby everyone"}}
    read = turn("composeExtension/submitAction", value)
    assert read is not None
    assert read.data[name] == 'DB " lobby everyone'
