"""From a line somebody typed to a command and the words that follow it. Pure: raises nothing but UsageError."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.commands.command import Command
from bot.commands.words import POLITE, WORDS
from bot.errors import UsageError
from bot.topics import one_slip

LONGEST_SHOWN = 60
NEAR_ENOUGH = 0.72
LONGEST_COMPARED = 40
MOST_POLITE = 16
"""Polite words, and signs, that are left out at each end of a line."""
SHORT = 5
"""Letters of a word in which more than one slip makes another word."""
LONGEST_PHRASE = 8
"""Words of the longest phrase there may be."""
_LETTER = re.compile(r"[^\W_]")
_QUOTE = str.maketrans({"\u2019": "'", "\u2018": "'"})
_DOTLESS = "\u0131"

Phrase = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Spoken:
    """One way to say a command: its words as `key` makes them, and the line that is offered to who mistypes it."""

    phrase: Phrase
    command: Command
    offered: str


def find(line: str, commands: Iterable[Command]) -> tuple[Command, str]:
    """Return the command a line begins with and the rest of the line as typed.

    Case, accents, blanks, punctuation and polite words at the ends do not matter; every language is understood, and
    the longest phrase wins. Raises UsageError with the nearest command line when there is none.
    """
    words, known = said(line), tuple(commands)
    by_first = _by_first(known)
    keys = _keys(words)
    if words and keys[0] not in by_first and (cut := _GLUED.match(words[0])):
        words = [cut[0], words[0][cut.end() :], *words[1:]]
        keys = _keys(words)
    for way in by_first.get(keys[0], ()) if keys else ():
        rest = words[len(way.phrase) :]
        command = way.command
        follows = command.takes_words_after(way.phrase) or (command.takes_words and rest[:1] and rest[0][0] == "#")
        if tuple(keys[: len(way.phrase)]) == way.phrase and (follows or not rest):
            return command, " ".join(rest)
    raise UsageError(_shown(line), _nearest(words, keys, _spoken(known)))


def _keys(words: Sequence[str]) -> list[str]:
    """Return what is compared of a line's beginning; no command is longer."""
    return [key(word) or word for word in words[:LONGEST_PHRASE]]


def said(line: str) -> list[str]:
    """Return a line's words, NFKC, without polite ones at its ends; one word always stays."""
    words = unicodedata.normalize("NFKC", line).split()
    first, last = 0, len(words)
    for _ in range(MOST_POLITE):
        before = _polite(words, first, last, at_the_end=False)
        after = _polite(words, first + before, last, at_the_end=True)
        first, last = first + before, last - after
        if not before and not after:
            break
    return words[first:last]


def is_polite(line: str) -> bool:
    """Say whether a line is nothing but politeness, such as `thanks`: nobody waits for an answer to that."""
    words = unicodedata.normalize("NFKC", line).split()
    keys = [key(word) for word in words[: MOST_POLITE + 1] if key(word)]
    begun = bool(keys) and len(words) <= MOST_POLITE
    while begun and keys:
        size = next((size for size in range(_LONGEST_POLITE, 0, -1) if tuple(keys[:size]) in _POLITE), 0)
        if not size:
            return False
        del keys[:size]
    return begun


def _polite(words: Sequence[str], first: int, last: int, *, at_the_end: bool) -> int:
    """Return how many words at one end of words[first:last] mean nothing, leaving one; none of quoted text's."""
    for size in range(min(_LONGEST_POLITE, last - first - 1), 0, -1):
        there = words[last - size : last] if at_the_end else words[first : first + size]
        keys = tuple(key(word) for word in there)
        if (keys in _POLITE or keys == ("",)) and not any('"' in word for word in there):
            return size
    return 0


def fold(word: str) -> str:
    """Return a word in small letters without what stands at its ends, in linear time (ENGINE 4.12)."""
    if word.isascii() and word.isalnum():  # nearly every word: nothing stands at its ends
        return word.lower()
    folded = word.casefold()
    first, last = _LETTER.search(folded), _LETTER.search(folded[::-1])
    return folded[first.start() : len(folded) - last.start()] if first and last else ""


def key(word: str) -> str:
    """Return what is compared: small letters without accents, whatever keyboard they come from."""
    folded = fold(word)
    if folded.isascii() or (folded := folded.translate(_QUOTE)).isascii():
        return folded
    bare, base = [], ""
    for character in unicodedata.normalize("NFKD", folded):
        if not unicodedata.combining(character):
            base = character
        elif base.isascii() or _is_arabic(base):
            continue
        bare.append(character)
    return fold(unicodedata.normalize("NFKC", "".join(bare)).replace(_DOTLESS, "i"))


def _is_arabic(character: str) -> bool:
    return "\u0600" <= character <= "\u06ff"


def keyed(phrase: str) -> Phrase:
    """Return a phrase's words to compare."""
    return tuple(key(word) or word for word in phrase.split())


_POLITE = frozenset(map(keyed, POLITE))
_LONGEST_POLITE = max(map(len, _POLITE))
_UNSPACED = sorted(
    (phrase for phrases in WORDS["ja"].values() for phrase in phrases if " " not in phrase), key=len, reverse=True
)
_GLUED = re.compile(rf"(?:{'|'.join(map(re.escape, _UNSPACED))})(?=[\d#]|[今明]日|明後日|あした|あさって)")
"""A command of a language without blanks, followed by a time or a topic."""


@lru_cache(maxsize=16)
def _spoken(commands: tuple[Command, ...]) -> tuple[_Spoken, ...]:
    """Return every way to say these commands: each one's own, then those of the languages."""
    own = [
        _Spoken(keyed(phrase), command, _taught(command, phrase)) for command in commands for phrase in command.phrases
    ]
    others = [
        _Spoken(keyed(phrase), command, phrase)
        for command in commands
        for language in WORDS.values()
        for phrase in language.get(command.name, ())
    ]
    return (*own, *others)


def _taught(command: Command, phrase: str) -> str:
    """Return the command's title for a phrase that means the same; `stop ringing` is not `ring`, and is itself."""
    return phrase if phrase in command.alone and not command.title.startswith(phrase) else command.title


@lru_cache(maxsize=16)
def _by_first(commands: tuple[Command, ...]) -> Mapping[str, tuple[_Spoken, ...]]:
    """Return the ways to say these commands by their first word, longest first."""
    found: dict[str, list[_Spoken]] = {}
    for way in sorted(_spoken(commands), key=lambda way: -len(way.phrase)):
        found.setdefault(way.phrase[0], []).append(way)
    return {first: tuple(ways) for first, ways in found.items()}


def _shown(line: str) -> str:
    plain = " ".join(line.split())
    return plain if len(plain) <= LONGEST_SHOWN else plain[: LONGEST_SHOWN - 1] + "…"


def _nearest(words: list[str], keys: list[str], spoken: tuple[_Spoken, ...]) -> str:
    """Return the command line that was probably meant: the likest, and of those the longest phrase; or nothing."""
    best, best_rank = "", (NEAR_ENOUGH, 0)
    compared: dict[int, difflib.SequenceMatcher[str]] = {}
    for way in spoken:
        size = len(way.phrase)
        if size > len(words) + 1:
            continue
        if size not in compared:
            compared[size] = difflib.SequenceMatcher(None, "", " ".join(keys[:size])[:LONGEST_COMPARED])
        matcher = compared[size]
        matcher.set_seq1(" ".join(way.phrase))
        if min(matcher.real_quick_ratio(), matcher.quick_ratio()) < best_rank[0]:
            continue
        if len(way.phrase[0]) <= SHORT and size == 1 and not one_slip(keys[0], way.phrase[0]):
            continue
        if (rank := (matcher.ratio(), size)) > best_rank and rank[0] > NEAR_ENOUGH:
            rest = words[size:] if way.command.takes_words else []
            if rest and not way.command.takes_words_after(way.phrase):
                continue
            best, best_rank = " ".join([way.offered, *rest]), rank
    return best
