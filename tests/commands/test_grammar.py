from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands import COMMANDS
from bot.commands.grammar import find
from bot.errors import UsageError

pytestmark = pytest.mark.usefixtures("untraced")

UNDERSTOOD = [
    ("meet now", "meet", ""),
    ("MEET NOW", "meet", ""),
    ("Meet  now", "meet", ""),
    ("meet\u00a0now", "meet", ""),
    ("\uff4d\uff45\uff45\uff54 \uff4e\uff4f\uff57", "meet", ""),
    ("meet now!", "meet", ""),
    ("meet now, please", "meet", ""),
    ("please meet now", "meet", ""),
    ("bitte meet now", "meet", ""),
    ("meet", "meet", ""),
    ("meet Retro", "plan", "Retro"),
    ("huddle", "meet", ""),
    ("huddle Retro", "meet", "Retro"),
    ("meet now Retro", "meet", "Retro"),
    ("meet now DB is DOWN", "meet", "DB is DOWN"),
    ("dial-in", "dial-in", ""),
    ("dial in", "dial-in", ""),
    ("Dialin?", "dial-in", ""),
    ("numbers", "dial-in", ""),
    ("help", "help", ""),
    ("help meet now", "help", "meet now"),
    ("?", "help", ""),
]

MISTYPED = [
    ("meat now", "meet now"),
    ("met now Retro", "meet now Retro"),
    ("meetnow", "meet now"),
    ("halp", "help"),
    ("dail-in", "dial-in"),
    ("diel in", "dial-in"),
    ("hudle Retro", "meet now Retro"),
]

NOT_OURS = ["", "what's for lunch", "the database is slow again", "42", "🙂"]


@pytest.mark.parametrize(("line", "name", "rest"), UNDERSTOOD)
def test_a_command_is_understood_however_it_is_typed(line: str, name: str, rest: str) -> None:
    """Case, blanks, punctuation and polite words do not matter."""
    command, words = find(line, COMMANDS)
    assert (command.name, words) == (name, rest)


@pytest.mark.parametrize(("line", "meant"), MISTYPED)
def test_a_typo_gets_the_nearest_command(line: str, meant: str) -> None:
    """Whoever mistypes a command is offered the one that was meant, with the words that followed."""
    with pytest.raises(UsageError) as caught:
        find(line, COMMANDS)
    assert caught.value.meant == meant


@pytest.mark.parametrize("line", NOT_OURS)
def test_other_talk_is_not_twisted_into_a_command(line: str) -> None:
    """Words that are near no command are not answered with a wild guess."""
    with pytest.raises(UsageError) as caught:
        find(line, COMMANDS)
    assert caught.value.meant == ""


def test_what_was_typed_is_shown_bounded() -> None:
    """An answer to a very long line does not repeat all of it."""
    with pytest.raises(UsageError) as caught:
        find("x" * 28_000, COMMANDS)
    assert len(caught.value.typed) <= 60


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_example_is_understood(command: object) -> None:
    """What help shows as an example works when it is typed."""
    assert isinstance(command, type(COMMANDS[0]))
    for example in command.examples:
        assert find(example, COMMANDS)[0] is command


@given(st.text(max_size=300))
def test_nothing_typed_makes_the_grammar_stumble(line: str) -> None:
    """Whatever is typed is a command or a mistake that can be answered, never a failure."""
    with contextlib.suppress(UsageError):
        command, rest = find(line, COMMANDS)
        assert command in COMMANDS
        assert len(rest.split()) <= len(line.split()) + rest.count(" ") + 1


@given(st.text(alphabet=st.characters(categories=["L", "N"]), min_size=1, max_size=20), st.sampled_from("  \t\u00a0"))
def test_case_and_blanks_do_not_matter(word: str, blank: str) -> None:
    """The same words in other capitals with other blanks are the same command with the same subject."""
    first = find(f"meet now {word}", COMMANDS)
    second = find(f"{blank}MEET{blank}{blank}Now{blank}{word}{blank}", COMMANDS)
    assert first == second
