"""The tables of what people say hold, and are large and different enough to be worth reading (WO4.1)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.commands import COMMANDS, options, plan, times
from bot.commands.command import Asked
from bot.commands.grammar import find, key, keyed, said
from bot.commands.words import WORDS
from bot.errors import UsageError
from bot.teams.said import without_bot, words
from tests.commands import said_commands
from tests.commands.said_commands import NOT_OURS
from tests.commands.said_languages import ASKED_FIRST, LANGUAGES, NOT_ASKED
from tests.commands.said_of_meetings import SAID_OF_MEETINGS, WRONG_OF_MEETINGS
from tests.commands.said_options import OPTIONS, PEOPLE

SAID = said_commands.SAID | SAID_OF_MEETINGS
WRONG = said_commands.WRONG | WRONG_OF_MEETINGS
BOT, MENTION = "28:bot", "<at>Muster</at>"

MANY, IN_A_LANGUAGE, MISTYPED = 15, 10, 40
EXAMPLES = int(os.environ.get("MUSTER_EXAMPLES", "100"))
"""How many lines hypothesis makes up for each property."""


def understood(line: str) -> tuple[str, str]:
    """Return the command's name and what is left, as they arrive at it."""
    command, rest = find(words(line), COMMANDS)
    return command.name, rest


def meant(line: str) -> str:
    """Return the line that is offered to who says this."""
    with pytest.raises(UsageError) as caught:
        find(words(line), COMMANDS)
    return caught.value.meant


def test_every_command_is_understood_however_it_is_said() -> None:
    """Each sentence of the table is its command, with the words that are left for it."""
    expected = {line: (name, words(rest)) for name, table in SAID.items() for line, rest in table.items()}
    assert {line: understood(line) for line in expected} == expected


def test_the_mention_may_stand_at_either_end() -> None:
    """Each sentence of the table means the same with the bot's name before it and after it."""
    entities = [{"type": "mention", "mentioned": {"id": BOT, "name": "Muster"}, "text": MENTION}]
    lines = [line for table in SAID.values() for line in table]
    plain = {line: understood(line) for line in lines}
    assert {line: understood(without_bot(f"{MENTION} {line}", entities, BOT)) for line in lines} == plain
    assert {line: understood(without_bot(f"{line} {MENTION}", entities, BOT)) for line in lines} == plain


def test_every_option_is_understood_however_it_is_said() -> None:
    """Each sentence of the table asks for its option and leaves the subject, alone and after a time."""
    for table in OPTIONS.values():
        assert {line: options.parse(words(line), PEOPLE) for line in table} == table
        assert {line: plan.parse(f"in 20m {words(line)}", PEOPLE).request for line in table} == table


def test_every_language_is_understood() -> None:
    """Who asks in German, French, Spanish, Japanese or Arabic gets what they would get in English."""
    for table in LANGUAGES.values():
        found = {}
        for line in table:
            name, rest = understood(line)
            when, subject = plan.split(rest) if name == "plan" else (None, rest)
            found[line] = (name, f"{times.write(when)} {subject}".strip() if when else subject)
        assert found == table


def test_who_mistypes_is_offered_what_was_meant() -> None:
    """Each slip of the table is answered with the nearest line, in the language it was made in."""
    assert {line: meant(line) for line in WRONG} == WRONG
    assert {line: meant(line) for line in NOT_OURS} == dict.fromkeys(NOT_OURS, "")


def test_bare_meet_asks_before_it_opens_what_may_be_no_subject(ask: Callable[..., Asked]) -> None:
    """A bare `meet` with another time, a no or a question opens nothing; a plain subject, `now` and a topic do."""

    def outcome(line: str) -> str:
        command, rest = find(words(line), COMMANDS)
        return command.run(ask(rest, text=words(line))).outcome

    assert {line: outcome(line) for line in ASKED_FIRST} == dict.fromkeys(ASKED_FIRST, "now-or-then")
    assert {outcome(line) for line in NOT_ASKED} == {"opening", "looking"}


def test_the_tables_are_long_and_say_nothing_twice() -> None:
    """Nothing in the tables is the same sentence in other capitals, accents or blanks."""
    tables = [
        *((MANY, list(SAID.get(command.name, ()))) for command in COMMANDS),
        *((MANY, [f"meet now {line}" for line in table]) for table in OPTIONS.values()),
        *((IN_A_LANGUAGE, list(table)) for table in LANGUAGES.values()),
        (MISTYPED, list(WRONG)),
    ]
    assert set(SAID) == {command.name for command in COMMANDS}
    assert [table for least, table in tables if len(table) < least] == []
    lines = [line for _, table in tables for line in table]
    normal = [tuple(key(word) or word for word in said(words(line))) for line in lines]
    again = {line for line, keys in zip(lines, normal, strict=True) if normal.count(keys) > 1}
    assert again == set()


def ways() -> Iterator[tuple[tuple[str, ...], str]]:
    """Every way to say a command, with its name: the languages' and each command's own."""
    yield from ((keyed(phrase), command.name) for command in COMMANDS for phrase in command.phrases)
    for language in WORDS.values():
        yield from ((keyed(phrase), name) for name, phrases in language.items() for phrase in phrases)


def test_no_word_of_one_language_is_another_command_in_another() -> None:
    """Nobody who speaks their own language asks for something else by it."""
    named: dict[tuple[str, ...], set[str]] = {}
    for phrase, name in ways():
        named.setdefault(phrase, set()).add(name)
    several = {phrase: names for phrase, names in named.items() if len(names) > 1}
    assert several == {("meet",): {"meet", "plan"}}, "alone it is one, with a time after it the other"
    assert max(map(len, named)) <= 8


def test_a_word_of_a_command_that_is_not_there_is_not_offered() -> None:
    """What a deployment has not is not suggested, in no language."""
    some = tuple(command for command in COMMANDS if command.name == "help")
    with pytest.raises(UsageError) as caught:
        find("treffen jetz", some)
    assert caught.value.meant == ""


ATOMS = (
    *("meet", "now", "Meet", "in", "20m", "20", "min", "at", "15:30", "9", "tomorrow", "monday", "next", "noon", "pm"),
    *(
        "um",
        "morgen",
        "demain",
        "9h",
        "\u00e0",
        "15h30",
        "ma\u00f1ana",
        "a",
        "las",
        "会議",
        "明日9時",
        "15時30分",
        "20分後",
    ),
    *("اجتماع", "الآن", "غدا", "بعد", "٢٠", "دقيقة", "Retro", "#INC-42", "for", "45m", "1h30", "lobby", "everyone"),
    *("passcode", "record", "no", "numbers", "on", "calendar", "with", "and", "Ben", "Okafor", "please", "bitte", "?"),
    *('subject:"', '"', '""', "2026-12-03", "12月3日", "\uff4d\uff45\uff45\uff54", "in 3 days", "thanks", "-", "me"),
)
LINES = st.one_of(st.text(max_size=80), st.lists(st.sampled_from(ATOMS), max_size=12).map(" ".join))
REQUESTS = LINES.map(lambda line: f"meet {line}")


def read(line: str) -> plan.Planned | None:
    """Read a line that asks for a meeting; None for any other and for what is nearly understood."""
    try:
        command, rest = find(words(line), COMMANDS)
        if command.name == "plan":
            return plan.parse(rest, PEOPLE)
        return plan.Planned(None, options.parse(rest, PEOPLE)) if command.name == "meet" else None
    except UsageError:
        return None


@settings(max_examples=EXAMPLES)
@given(st.one_of(LINES, REQUESTS))
def test_whatever_is_said_is_read_or_answered(line: str) -> None:
    """Nothing that can be typed makes the reading of commands, times and options stumble."""
    asked = read(line)
    again = " ".join(word.swapcase() if word.isascii() and '"' not in word else word for word in line.split())
    if asked is not None and asked.when is not None and '"' not in line:
        other = read(again)
        assert other is not None
        assert other.when == asked.when
        assert other.request.minutes == asked.request.minutes


@settings(max_examples=EXAMPLES)
@given(REQUESTS)
@example("meet NOON PM")
def test_what_was_read_can_be_written_and_is_read_the_same(line: str) -> None:
    """A button that repeats what somebody asked for asks for the very same."""
    asked = read(line)
    if asked is not None:
        assert read(plan.write(asked, PEOPLE)) == asked
