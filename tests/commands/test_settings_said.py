"""What is said after `settings`, and what a dialog sends, as changes (DESIGN 4)."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import preferences
from bot.commands import dialogs, meet, setting_words, settings
from bot.commands.command import Asked
from bot.decisions import MakeRoom, Record, SaveChat, SavePerson
from bot.errors import UsageError
from bot.model import ChannelKind, Chat, ChatKind, LobbyScope, Meeting, Person, RoomState, TurnKind

SAID: tuple[tuple[str, bool, dict[str, Any]], ...] = (
    ("duration: 45m", False, {"duration": 45}),
    ("Duration:1h30", False, {"duration": 90}),
    ("duration: default", False, {"duration": None}),
    ("lobby: everyone", False, {"lobby": "everyone"}),
    ("lobby: federated", False, {"lobby": "organizationAndFederated"}),
    ("passcode: on", False, {"passcode": True}),
    ("recording: off", False, {"record": None}),
    ("start: Owners", False, {"start": "owners"}),
    ("language: en-GB", False, {"language": "en-GB"}),
    ("backup bridge: +44 20 7946 0123, code 4711#", False, {"backup_bridge": "+44 20 7946 0123, code 4711#"}),
    ("numbers: whisper", False, {"dial_in": "whisper"}),
    ("roster: names", False, {"roster": "names"}),
    ("me: plain text", True, {"plain": True}),
    ("me:  Cards", True, {"plain": None}),
    ("me language: de-AT", True, {"language": "de-AT"}),
)
WRONG = (
    "duration",
    "duration: soon",
    "lobby: closed",
    "coffee: on",
    "me: louder",
    "me duration: 5m",
    "language: <b>",
    "language: tlh",
    "language: fr",
    ":",
)
ON = ("en", "de")
"""The languages that are switched on."""
OID = "11111111-0000-4000-8000-00000000000a"


def test_settings_are_said_in_words() -> None:
    """Every setting has its words, in any case; `default` takes it back."""
    assert [setting_words.said(words, ON) for words, _, _ in SAID] == [(mine, changes) for _, mine, changes in SAID]


def test_what_is_no_setting_leads_to_the_list() -> None:
    """Whatever is not understood answers with the way to all settings."""
    for words in WRONG:
        with pytest.raises(UsageError) as error:
            setting_words.said(words, ON)
        assert error.value.meant == "settings"


@given(st.text(max_size=80))
def test_nothing_said_breaks_anything(words: str) -> None:
    """Whatever follows `settings` is a change or a mistake of whoever typed it."""
    with contextlib.suppress(UsageError):
        _, changes = setting_words.said(words, ON)
        assert set(changes) <= {*setting_words.CHAT, *setting_words.PERSON}


@given(st.dictionaries(st.sampled_from([f"chat.{key}" for key in setting_words.CHAT] + ["me.plain", "x"]), st.text()))
def test_a_dialogs_data_is_only_ever_settings(data: dict[str, str]) -> None:
    """Whatever a client sends, only known settings change, and their meetings can be asked for."""
    chat, _ = setting_words.submitted(data, ON)
    assert set(chat) <= set(setting_words.CHAT)
    after, _ = setting_words.changed({}, chat)
    made = Chat("tenant", "t", ChatKind.GROUP, settings=after)
    assert preferences.options(made).lobby in {None, *LobbyScope}
    assert preferences.minutes(made) == 0 or 5 <= preferences.minutes(made) <= 1440
    assert preferences.starters(made) in preferences.STARTERS


def test_only_what_was_changed_in_a_dialog_is_changed() -> None:
    """A field left as it was shown changes nothing, whatever somebody else has set meanwhile; `was` may be nonsense."""
    sent = {"chat.duration": "45", "chat.lobby": "everyone", "me.plain": "default"}
    was = json.dumps({"chat.duration": "45", "chat.lobby": "default", "me.plain": "on"})
    assert setting_words.submitted({**sent, "was": was}, ON) == ({"lobby": "everyone"}, {"plain": None})
    for nonsense in ("", "[", "[]", "1"):
        chat, _ = setting_words.submitted({**sent, "was": nonsense}, ON)
        assert chat == {"duration": 45, "lobby": "everyone"}


def test_a_language_that_is_off_cannot_be_chosen() -> None:
    """Whoever chooses a language is answered in it: one that is off would be English after all."""
    assert setting_words.submitted({"chat.language": "de", "me.language": "de"}, ON) == (
        {"language": "de"},
        {"language": "de"},
    )
    assert setting_words.submitted({"chat.language": "fr", "me.language": "fr"}, ON) == ({}, {})


def test_a_change_is_written_with_its_audit_line(ask: Callable[..., Asked]) -> None:
    """A change names who made it and what was changed to what, but no free text; once more it writes nothing."""
    asked = ask("backup bridge: secret line 9", chat=Chat("tenant", "19:x@thread.v2", ChatKind.GROUP))
    effects = settings.run(asked).effects
    (saved,) = [effect for effect in effects if isinstance(effect, SaveChat)]
    (line,) = [effect for effect in effects if isinstance(effect, Record)]
    assert saved.chat.settings == {"backup_bridge": "secret line 9"}
    assert (line.action, line.detail, line.actor_oid) == ("settings", "backup_bridge", asked.turn.person.oid)
    lengths = settings.run(ask("duration: 45m", chat=asked.turn.chat)).effects
    assert [effect.detail for effect in lengths if isinstance(effect, Record)] == ["duration=45"]
    again = replace(asked, view=replace(asked.view, chat=saved.chat))
    assert settings.run(again).outcome == "settings-same"


def test_a_persons_own_settings_are_theirs_everywhere(ask: Callable[..., Asked]) -> None:
    """`settings me` needs no right in the chat, and is written for the person, as of what was read."""
    asked = ask("me: plain text", chat=Chat("tenant", "t", ChatKind.CHANNEL, team_id="team"))
    saved = settings.run(replace(asked, view=replace(asked.view, me={"language": "de"}, me_version=3))).effects[0]
    assert saved == SavePerson("tenant", asked.turn.person.oid, {"language": "de", "plain": True}, 3)
    nobody = ask("me: plain text", person=Person("29:x"))
    assert settings.run(nobody).outcome == "settings-nobody"


def test_only_who_added_muster_sets_a_teams_channel(ask: Callable[..., Asked]) -> None:
    """In a team whoever added Muster may; where that is not known nobody; in a group chat everybody in it."""
    team = Chat("tenant", "t", ChatKind.CHANNEL, team_id="team")
    ana, ben = Person("29:a", "oid-a", "Ana"), Person("29:b", "oid-b", "Ben")
    assert preferences.may_set(team, ana, [ana])
    assert not preferences.may_set(team, ben, [ana])
    assert not preferences.may_set(team, ana, [])
    assert not preferences.may_set(team, Person("29:c"), [Person("29:d")])
    assert preferences.may_set(replace(team, kind=ChatKind.GROUP, team_id=""), ben, [])
    refused = settings.run(replace(ask("duration: 45m", chat=team), owner=False))
    assert (refused.outcome, refused.effects[0].message.content.data) == ("settings-refused", {"who": ""})  # type: ignore[union-attr]  # a whisper


def test_numbers_are_whispered_in_shared_channels_unless_set_otherwise() -> None:
    """Where other organisations are in the channel, numbers and ids are told only to who asks (ENGINE 4.3)."""
    shared = Chat("tenant", "t", ChatKind.CHANNEL, channel_kind=ChannelKind.SHARED)
    assert not preferences.options(shared).aloud
    assert preferences.options(replace(shared, settings={"dial_in": "public"})).aloud
    assert preferences.options(replace(shared, channel_kind=None)).aloud


def test_a_submitted_dialog_says_a_line_that_could_be_typed(ask: Callable[..., Asked]) -> None:
    """A dialog's fields become one line, read like any other; nonsense in it is left out."""
    data = {"subject": "Retro for 5m", "duration": "45", "lobby": "organization", "people": f"{OID}, x, {OID.upper()}"}
    turn = ask(kind=TurnKind.DIALOG, verb="submit meet", data=data).turn
    said = dialogs.line(turn)
    assert said.text == 'meet now subject:"Retro for 5m" for 45m lobby organization'
    assert said.mentions == (Person(OID, OID),)
    plain = dialogs.line(replace(turn, data={"duration": "9" * 5000, "lobby": "wide", "subject": ""}, text="DB down"))
    assert plain.text == "meet now DB down"


def test_a_link_that_may_not_be_shown_is_not_copied(ask: Callable[..., Asked]) -> None:
    """Only the person's own meeting that may be joined goes into their message, whatever the dialog says."""
    asked = ask(kind=TurnKind.DIALOG, verb="submit meet", data={"copy": "yes"})
    made = meet.run(replace(asked, rest="Retro")).effects[0]
    assert isinstance(made, MakeRoom)
    known = replace(made.room, meeting=Meeting("m", "https://teams.example/j"))
    for state, starter, outcome in (
        (RoomState.OPEN, known.starter, "copied"),
        (RoomState.FAILED, known.starter, "dialog"),
        (RoomState.OPENING, known.starter, "dialog"),
        (RoomState.OPEN, Person("29:b", "oid-b"), "no-meeting"),
    ):
        room = replace(known, state=state, starter=starter)
        reply = dialogs.answered(replace(asked, view=replace(asked.view, rooms=(room,))))
        assert reply
        assert reply.outcome == outcome
