"""From a line somebody typed to a command and the words that follow it. Pure: raises nothing but UsageError."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable

from bot.commands.command import Command
from bot.errors import UsageError

POLITE = frozenset({"please", "pls", "thanks", "bitte", "danke"})
LONGEST_SHOWN = 60
NEAR_ENOUGH = 0.72
_LETTER = re.compile(r"[^\W_]")
LONGEST_COMPARED = 40


def find(line: str, commands: Iterable[Command]) -> tuple[Command, str]:
    """Return the command a line begins with and the rest of the line as typed.

    Case, blanks, punctuation at the ends and polite words do not matter; the longest phrase wins.
    Raises UsageError with the nearest command line when there is none.
    """
    words = _words(line)
    known = tuple(commands)
    folded = [fold(word) or word for word in words]
    candidates = sorted(
        ((phrase.split(), command) for command in known for phrase in command.phrases),
        key=lambda candidate: -len(candidate[0]),
    )
    for phrase, command in candidates:
        rest = words[len(phrase) :]
        follows = command.takes_words_after(phrase) or (command.takes_words and rest[:1] and rest[0].startswith("#"))
        if folded[: len(phrase)] == phrase and (follows or not rest):
            return command, " ".join(rest)
    raise UsageError(_shown(line), _nearest(words, folded, known))


def _words(line: str) -> list[str]:
    words = unicodedata.normalize("NFKC", line).split()
    while len(words) > 1 and fold(words[0]) in POLITE | {""}:
        words.pop(0)
    while len(words) > 1 and fold(words[-1]) in POLITE | {""}:
        words.pop()
    return words


def fold(word: str) -> str:
    """Return a word in small letters without what stands at its ends, in linear time (ENGINE 4.12)."""
    folded = word.casefold()
    first, last = _LETTER.search(folded), _LETTER.search(folded[::-1])
    return folded[first.start() : len(folded) - last.start()] if first and last else ""


def _shown(line: str) -> str:
    plain = " ".join(line.split())
    return plain if len(plain) <= LONGEST_SHOWN else plain[: LONGEST_SHOWN - 1] + "…"


def _nearest(words: list[str], folded: list[str], commands: tuple[Command, ...]) -> str:
    """Return the command line that was probably meant: longer phrases first, then the likest; or nothing."""
    best, best_rank = "", (0, NEAR_ENOUGH)
    for command in commands:
        for phrase in command.phrases:
            size = len(phrase.split())
            ratio = difflib.SequenceMatcher(None, " ".join(folded[:size])[:LONGEST_COMPARED], phrase).ratio()
            if ratio > NEAR_ENOUGH and (size, ratio) > best_rank:
                rest = words[size:] if command.takes_words else []
                best, best_rank = " ".join([command.title, *rest]), (size, ratio)
    return best
