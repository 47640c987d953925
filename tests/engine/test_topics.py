"""Topics neither split nor leak (ENGINE R9)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bot import topics
from bot.model import ChannelKind, Chat, ChatKind
from tests.engine.test_rooms import a_room

SEPARATORS = ["", " ", "-", "\u2010", "\u2011", "\u2013", "\u2014", "\u2212", "_", "\u00a0", "\u3000", "\u200b", "  "]
CHANNEL = Chat("t", "19:c@thread.tacv2", ChatKind.CHANNEL, channel_kind=ChannelKind.STANDARD, team_id="19:team")
WORD = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyz"), min_size=1, max_size=12)


def full_width(text: str) -> str:
    """Return the text as an input method editor writes it."""
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)


@pytest.mark.parametrize(
    "typed",
    ["#INC-42", "#inc 42", "#INC\u201342", "\uff03\uff29\uff2e\uff23\uff0d\uff14\uff12", "# Inc_42", "#INC - 42"],
)
def test_one_topic_has_one_key(typed: str) -> None:
    """However an incident's number is typed, it is one topic, and the words behind it are its subject."""
    written, subject = topics.split(f"{typed} DB down")
    assert (topics.key(written), subject) == ("inc42", "DB down")


@given(WORD, st.integers(0, 99_999), st.sampled_from(SEPARATORS), st.sampled_from(SEPARATORS))
def test_separators_case_and_width_never_split_a_topic(word: str, number: int, one: str, other: str) -> None:
    """Any two ways to write the same word and number meet."""
    first = topics.split(f"#{word}{one}{number}")[0]
    second = topics.split(full_width(f"#{word.upper()}{other}{number}"))[0]
    assert topics.key(first) == topics.key(second) == f"{word}{number}"


@given(WORD, WORD, st.integers(0, 999), st.integers(0, 999))
def test_different_topics_never_share_a_key(word: str, other: str, number: int, another: int) -> None:
    """Two incidents that differ in a letter or a digit are two meetings."""
    assume((word, number) != (other, another))
    assert topics.key(f"{word}-{number}") != topics.key(f"{other}-{another}")


@given(st.text(max_size=80))
@example("\u0130\u0345 \u1e9e")
def test_a_key_is_its_own_key(written: str) -> None:
    """Making the key of a key changes nothing, whatever was typed."""
    assert topics.key(topics.key(written)) == topics.key(written)


@given(st.text(max_size=150))
@example("x" * 70 + " 42 down")
@example("retro, 2024 plan")
def test_a_topic_is_read_back_from_the_subject_it_was_put_into(words: str) -> None:
    """The subject of a topic's meeting names the same topic again, so that Try again finds its place."""
    written, subject = topics.split(f"#{words}")
    if not written:
        return
    again, _ = topics.split(f"#{written} {subject}".strip())
    assert topics.key(again) == topics.key(written)
    assert len(written) <= topics.LONGEST_TOPIC


@pytest.mark.parametrize("words", ["", "Retro", "Retro #1", "#", "# -", "#--- "])
def test_without_a_name_there_is_no_topic(words: str) -> None:
    """A subject that merely contains a number sign stays a subject."""
    assert topics.split(words) == ("", words)


@pytest.mark.parametrize(
    ("written", "pattern", "opens"),
    [
        ("INC-42", "INC-*", True),
        ("inc\u201342", "inc-*", True),
        ("inc42", "#INC-*", True),
        ("income", "INC-*", False),
        ("inc", "INC-*", False),
        ("zinc42", "INC-*", False),
        ("INC-4", "INC-?", True),
        ("INC-42", "INC-?", False),
        ("INC-42-EU", "inc-*-eu", True),
        ("all hands", "All-Hands", True),
        ("allhands", "all*", True),
        ("a.b", "a?b", True),
        ("axb", "a.b", False),
        ("42-inc", "*-inc", True),
        ("zinc", "*-inc", False),
        ("layoffs", "*", False),
        ("layoffs", "", False),
        ("layoffs", "-", False),
    ],
)
def test_only_what_a_pattern_names_is_open(written: str, pattern: str, opens: bool) -> None:
    """A pattern opens the topics that an administrator means and no neighbour; `*` alone opens nothing."""
    assert topics.is_open(written, pattern) is opens


@given(WORD, st.integers(0, 999), st.sampled_from(SEPARATORS), st.sampled_from(["inc-*", "*-4?", "a*-*", "sev*"]))
def test_a_pattern_never_splits_a_topic(word: str, number: int, separator: str, pattern: str) -> None:
    """Whether a topic is open does not depend on how it is typed."""
    assert topics.is_open(f"{word}{separator}{number}", pattern) == topics.is_open(f"{word}{number}", pattern)


def test_a_topic_belongs_to_its_team_its_chat_or_the_tenant() -> None:
    """Only standard channels share, only with their team, unless the administrator opened the topic."""
    assert topics.scope_of("x", CHANNEL, ()) == "team:19:team"
    for chat in (
        replace(CHANNEL, channel_kind=ChannelKind.PRIVATE),
        replace(CHANNEL, channel_kind=ChannelKind.SHARED),
        replace(CHANNEL, channel_kind=None),
        replace(CHANNEL, kind=ChatKind.GROUP),
        replace(CHANNEL, team_id=""),
    ):
        assert topics.scope_of("x", chat, ()) == "chat:19:c@thread.tacv2"
        assert topics.scope_of("inc-1", chat, ("inc-*",)) == "tenant"


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ("#inc42", "#inc24", True),
        ("#inc42", "#inc43", True),
        ("#inc42", "#inc421", True),
        ("#inc42", "#inc2", True),
        ("#inc42", "#inc42", False),
        ("#inc42", "#inc53", False),
        ("#inc42", "#inc4", True),
        ("#inc", "#incxy", False),
        ("#inc42", "#cin42", False),
        ("", "", False),
    ],
)
def test_one_slip_of_the_finger_is_noticed(one: str, other: str, near: bool) -> None:
    """One character more, less, another, or two exchanged: near; anything else is not."""
    assert topics.one_slip(one, other) is near
    assert topics.one_slip(other, one) is near


def test_only_topics_are_near_topics() -> None:
    """A chat's own room or a thread's is never taken for a topic, and a topic room knows its name."""
    room = a_room(topic="#inc42", subject="#INC-42 DB down")
    others = (a_room(topic=""), a_room(topic="thread:1"), room)
    assert topics.nearest("#inc24", others) is room
    assert topics.nearest("#sev1", others) is None
    assert topics.written_in(room) == "INC-42"
    assert topics.written_in(a_room(subject="#INC-42")) == ""


@pytest.mark.parametrize(
    ("line", "topic"),
    [
        ("meet #INC-42 DB down", "#inc42"),
        ("meet now \uff03inc 42", "#inc42"),
        ("open separately #lay-offs in spring please", "#layoffs"),
        ("meet now Retro", ""),
        ("meet #", ""),
        ("", ""),
    ],
)
def test_the_topic_that_a_line_names(line: str, topic: str) -> None:
    """A line names the topic that its command will find."""
    assert topics.named(line) == topic


@given(st.text())
def test_any_line_names_a_topic_or_none(line: str) -> None:
    """Whatever is typed names a topic in its one spelling, or nothing."""
    named = topics.named(line)
    assert named in {"", topics.topic_column(named)}
