"""From recorded activities to turns; and that no JSON whatever makes the reader raise."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.alerted import ALERT
from bot.commands.wishes import DIALOG
from bot.model import ChannelKind, ChatKind, Person, Turn, TurnKind
from bot.references import reference
from bot.teams.inbound import LATER, SOON, read
from tests.teams.stage import APP_ID, NOON, SAMPLES, TENANT, sample

BOT = f"28:{APP_ID}"
CHANNEL = "19:incidents@thread.tacv2"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def turn(activity: Any) -> Turn:  # noqa: ANN401 - any JSON
    """Read what must be a turn."""
    found = read(activity, app_id=APP_ID, now=NOON)
    assert found is not None
    return found


def unread(activity: Any) -> bool:  # noqa: ANN401 - any JSON
    """Say whether it is nothing for us."""
    return read(activity, app_id=APP_ID, now=NOON) is None


@pytest.mark.parametrize("verb", ["submit meet", "fetch settings", "an alert"])
def test_a_press_passes_for_nothing_else(verb: str) -> None:
    """A button's verb is a client's to say: no press is taken for a dialog of Teams' or for an alert."""
    pressed = sample("execute")
    pressed["value"]["action"] |= {"verb": verb, "data": {"text": "meet now", "link": "https://evil.example"}}
    assert " " not in turn(pressed).verb
    assert ALERT.count(" ") == DIALOG.count(" ") == 1


def test_a_renamed_bot_knows_what_it_is_called() -> None:
    """Where an administrator has renamed Muster, its help teaches the name that people pick from their list."""
    said = sample("channel_root")
    said["recipient"]["name"] = "Besprechung"
    assert turn(said).bot_name == said["entities"][0]["mentioned"]["name"]
    installed = sample("install")
    installed["recipient"]["name"] = "Besprechung"
    assert turn(installed).bot_name == "Besprechung"


@pytest.mark.parametrize(
    ("name", "kind", "chat", "thread", "text"),
    [
        ("channel_root", TurnKind.SAID, ChatKind.CHANNEL, CHANNEL, "meet now Retro"),
        ("channel_reply", TurnKind.SAID, ChatKind.CHANNEL, CHANNEL, "meet now"),
        ("group", TurnKind.SAID, ChatKind.GROUP, "19:leads@thread.v2", "please meet now with Ben Okafor"),
        ("personal", TurnKind.SAID, ChatKind.PERSONAL, "a:1opaque", "meet now"),
        ("meeting", TurnKind.SAID, ChatKind.MEETING, "19:meeting_abc@thread.v2", "dial-in"),
        ("install", TurnKind.INSTALLED, ChatKind.CHANNEL, CHANNEL, ""),
        ("remove", TurnKind.REMOVED, ChatKind.CHANNEL, CHANNEL, ""),
        ("members_added", TurnKind.INSTALLED, ChatKind.CHANNEL, CHANNEL, ""),
        ("message_update", TurnKind.EDITED, ChatKind.CHANNEL, CHANNEL, "meet now Retro!"),
        ("message_delete", TurnKind.DELETED, ChatKind.PERSONAL, "a:1opaque", ""),
        ("execute", TurnKind.PRESSED, ChatKind.CHANNEL, CHANNEL, "dial-in"),
        ("targeted", TurnKind.SAID, ChatKind.GROUP, "19:leads@thread.v2", "help"),
    ],
)
def test_each_shape_teams_sends_becomes_its_turn(
    name: str, kind: TurnKind, chat: ChatKind, thread: str, text: str
) -> None:
    """What happens in any place Teams has is understood as what it is, where it is."""
    found = turn(sample(name))
    assert (found.kind, found.chat.kind, found.chat.thread_id, found.text) == (kind, chat, thread, text)
    assert (found.chat.tenant, found.chat.bot_id) == (TENANT, BOT)


def test_every_sample_is_read() -> None:
    """Every recorded activity is a turn for Muster."""
    assert len(list(SAMPLES.iterdir())) == 12
    assert not any(unread(sample(path.stem)) for path in SAMPLES.iterdir())


def test_everything_a_turn_needs_is_kept() -> None:
    """A turn says who, where, when, in which language and zone, and where the answer goes."""
    found = turn(sample("channel_root"))
    assert found.person == Person("29:1ana", "6f1c2b1e-0d52-4a55-9a77-0d2a44a1b001", "Ana Lima")
    assert found.conversation_id == f"{CHANNEL};messageid=1795262400000"
    assert (found.chat.channel_kind, found.chat.team_id) == (ChannelKind.STANDARD, "19:general@thread.tacv2")
    assert (found.locale, found.zone, found.activity_id) == ("en-GB", "Europe/Berlin", "1795262400000")
    assert (found.received_at, found.expires_at) == (NOON, NOON + SOON)
    assert found.chat.service_url == "https://127.0.0.1/teams"
    assert found.reference == reference(found.turn_key)


def test_an_installation_waits_a_day_and_names_the_team() -> None:
    """A welcome is worth sending for a day, and knows the team's name and group."""
    found = turn(sample("install"))
    assert (found.expires_at - NOON, found.data, found.chat.name) == (LATER, {"team": "Platform"}, "")
    assert found.chat.group_id == "0d2a44a1-6f1c-4a55-9a77-2b1e0d52b001"


def test_a_press_carries_its_verb_and_data_as_text() -> None:
    """A button's data arrives as text, its command line apart, nested things left out."""
    found = turn(sample("execute"))
    assert (found.verb, found.text, found.reply_to_id) == ("dial-in", "dial-in", "1795262405000")
    assert found.data == {"version": "3", "loud": "true"}
    assert found.wants_answer


def test_others_who_are_mentioned_keep_their_names() -> None:
    """People mentioned besides the bot stay in the text and are listed once."""
    activity = sample("group")
    activity["entities"] *= 2
    found = turn(activity)
    assert found.mentions == (Person("29:1ben", name="Ben Okafor"),)


@pytest.mark.parametrize("name", ["channel_root", "channel_reply", "group", "meeting", "message_update"])
def test_without_a_mention_it_is_not_for_us(name: str) -> None:
    """What people say to each other is nothing for Muster, even if it names Muster."""
    assert unread({**sample(name), "entities": []})


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "Message"},
        {"type": "typing"},
        {"type": "event", "name": "application/vnd.microsoft.readReceipt"},
        {"type": "messageReaction"},
        {"type": "somethingNew"},
        {"type": None},
        {"from": None},
        {"from": {"id": BOT}},
        {"from": {"id": "29:1", "role": "bot"}},
        {"conversation": None},
        {"conversation": {"id": CHANNEL, "tenantId": "another"}},
        {"channelData": None, "conversation": {"id": "a:1"}},
        {"type": "installationUpdate", "action": "remove-upgrade"},
        {"type": "conversationUpdate", "membersAdded": [{"id": "29:1ben"}], "membersRemoved": None},
    ],
)
def test_what_muster_does_not_act_upon_is_nothing(changes: dict[str, Any]) -> None:
    """Unknown kinds, other bots and activities that name no place are passed over."""
    assert unread({**sample("channel_root"), **changes})


def test_the_bot_taken_out_of_a_team_is_a_removal() -> None:
    """Members removed with the bot among them means Muster is gone from there."""
    activity = {**sample("members_added"), "membersAdded": [], "membersRemoved": [None, {"id": BOT}]}
    assert turn(activity).kind is TurnKind.REMOVED


@pytest.mark.parametrize(
    ("conversation", "team", "kind"),
    [
        ({"id": "a:1"}, None, ChatKind.PERSONAL),
        ({"id": "19:x@thread.v2"}, None, ChatKind.GROUP),
        ({"id": "19:x@thread.tacv2"}, {"id": "19:g"}, ChatKind.CHANNEL),
        ({"id": "19:meeting_x@thread.v2", "conversationType": "groupChat"}, None, ChatKind.MEETING),
    ],
)
def test_a_place_is_known_without_its_type(
    conversation: dict[str, Any], team: dict[str, Any] | None, kind: ChatKind
) -> None:
    """Where the conversation's type is missing its id tells."""
    activity = {**sample("channel_root"), "conversation": conversation}
    activity["channelData"] = {"tenant": {"id": TENANT}, "team": team}
    found = turn(activity)
    assert (found.chat.kind, found.chat.thread_id) == (kind, conversation["id"])


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "task/fetch"},
        {"name": "signin/tokenExchange"},
        {"value": None},
        {"value": {"action": "x"}},
        {"value": {"action": {"type": "Action.Submit", "verb": "x"}}},
        {"value": {"action": {"type": "Action.Execute"}}},
        {"from": {"name": "nobody"}},
    ],
)
def test_an_invoke_that_is_no_press_is_unknown(changes: dict[str, Any]) -> None:
    """Other invokes, and malformed presses, are told apart from presses."""
    assert turn({**sample("execute"), **changes}).kind is TurnKind.UNKNOWN


def test_a_copy_has_the_same_key_and_an_edit_another() -> None:
    """A redelivered message is known again, and its later edit, with the same id, does not hide it."""
    first, copy = turn(sample("channel_root")), turn(sample("channel_root"))
    edit = turn(sample("message_update"))
    later = turn({**sample("message_update"), "timestamp": "2026-11-21T12:00:09.000Z"})
    assert first.turn_key == copy.turn_key
    assert len({first.turn_key, edit.turn_key, later.turn_key}) == 3


def test_an_edit_belongs_to_its_message() -> None:
    """An edit has its message's reference, and without a changed word its echo key too."""
    edit = turn(sample("message_update"))
    message = turn({**sample("message_update"), "type": "message"})
    other = turn({**sample("message_update"), "text": "<at>Muster</at> meet now Review"})
    assert (edit.reference, edit.echo_key) == (message.reference, message.echo_key)
    assert (other.reference, other.echo_key == edit.echo_key) == (edit.reference, False)


def test_activities_without_an_id_do_not_hide_each_other() -> None:
    """Two different happenings without ids are two turns."""
    one, other = ({**sample("install"), "id": None, "timestamp": stamp} for stamp in ("1", "2"))
    assert turn(one).turn_key != turn(other).turn_key


def test_an_echo_is_the_same_words_under_a_new_id() -> None:
    """The same person saying the same again has the same echo key, another person or command has not."""
    first = turn(sample("channel_root"))
    again = turn({**sample("channel_root"), "id": "9", "text": "<at>Muster</at>  MEET now\u00a0retro"})
    other = turn({**sample("channel_root"), "from": {"id": "29:2"}})
    assert (first.echo_key == again.echo_key, first.turn_key == again.turn_key) == (True, False)
    assert first.echo_key != other.echo_key


def test_a_press_of_a_newer_card_is_no_echo() -> None:
    """Pressing the same button of a card that has changed since is a second press."""
    first, newer = sample("execute"), sample("execute")
    newer["value"]["action"]["data"]["version"] = 4
    assert turn(first).echo_key != turn(newer).echo_key
    assert turn(first).echo_key == turn({**sample("execute"), "id": "f:9"}).echo_key


@pytest.mark.parametrize(
    ("changes", "locale", "zone"),
    [
        ({"locale": "../x", "entities": [{"type": "clientInfo", "locale": "de-DE"}]}, "de-DE", "Europe/Berlin"),
        ({"locale": None, "entities": [], "localTimezone": "../etc"}, "en", ""),
        ({"locale": 7, "entities": None, "localTimezone": "Mars/Olympus"}, "en", ""),
        ({"locale": "tr", "entities": [{"type": "clientInfo", "timezone": "Asia/Tokyo"}]}, "tr", "Asia/Tokyo"),
    ],
)
def test_language_and_zone_are_only_believed_when_they_exist(changes: dict[str, Any], locale: str, zone: str) -> None:
    """A made-up language or zone is not passed on."""
    found = turn({**sample("personal"), **changes})
    assert (found.locale, found.zone) == (locale, zone)


def test_ten_thousand_mentions_are_read_in_no_time() -> None:
    """A message stuffed with mentions is answered like any other and lists at most 100 people."""
    activity = sample("channel_root")
    crowd = [{"type": "mention", "text": "<at>x</at>", "mentioned": {"id": f"29:{n}"}} for n in range(10_000)]
    activity["entities"] = [*crowd, *activity["entities"]]
    began = time.process_time()
    found = turn(activity)
    assert time.process_time() - began < 1
    assert (found.text, len(found.mentions)) == ("meet now Retro", 100)


@given(JSON)
def test_no_json_makes_it_raise(anything: Any) -> None:  # noqa: ANN401 - any JSON
    """Whatever stands in whichever field, reading ends with a turn or nothing."""
    for name in ("channel_root", "execute", "members_added", "install"):
        activity = sample(name)
        for key in (*activity, "membersAdded", "membersRemoved", "value"):
            read({**activity, key: anything}, app_id=APP_ID, now=NOON)
            if isinstance(activity.get(key), dict):
                for inner in activity[key]:
                    read({**activity, key: {**activity[key], inner: anything}}, app_id=APP_ID, now=NOON)


@given(st.dictionaries(st.sampled_from([*sample("execute"), "membersAdded"]), JSON))
def test_no_object_makes_it_raise(anything: dict[str, Any]) -> None:
    """Any object at all is read without an error."""
    read(anything, app_id=APP_ID, now=NOON)


@pytest.mark.parametrize("length", [512, 513, 250_000])
def test_an_id_longer_than_any_of_teams_is_none(length: int) -> None:
    """What no database could keep is nobody's id, no chat's and no team's; what is as long as an id may be is kept."""
    long = "x" * length
    kept = long if length == 512 else ""
    activity = sample("channel_root")
    mention = {"type": "mention", "text": "<at>Ben</at>", "mentioned": {"id": long, "name": "Ben"}}
    activity = {**activity, "from": {"id": "29:a", "aadObjectId": long}, "replyToId": long}
    activity["entities"] = [*activity["entities"], mention]
    turn = read(activity, app_id="b", now=0)
    assert turn is not None
    assert (turn.person.oid, turn.reply_to_id) == (kept, kept)
    assert [person.id for person in turn.mentions] == [kept] * bool(kept)
    elsewhere = {**activity, "conversation": {**activity["conversation"], "id": long}}
    assert (read(elsewhere, app_id="b", now=0) is not None) == bool(kept)
