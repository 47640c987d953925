"""Topics: which words name the same meeting, who shares it, and which were probably meant (ENGINE R9). Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from bot.model import ChannelKind, Chat, ChatKind, Person, Room

LONGEST_TOPIC = 60
"""Characters of a topic as written; what is longer is its subject."""
TENANT_SCOPE = "tenant"
_MINUS = "\u2212"
_WILDCARDS = "*?"
_STEP = r"(?:(?<=[^\W\d])(?=\d)|(?<=\d)(?=[^\W\d]))"
_EDGES = ".,:;!\"'()-\u2010\u2011\u2012\u2013\u2014\u2015\u2212_"


def key(written: str) -> str:
    """Return what is equal for all ways to write a topic: `INC-42`, `inc 42` and `inc42` alike, full-width too.

    NFKC and case folded, without dashes, blanks, underscores and what cannot be seen; "" names nothing.
    """
    text, before = written, ""
    while text != before:  # folding and leaving out can make characters that fold again
        before = text
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
        text = "".join(char for char in folded if not _separates(char))
    return text


def _separates(char: str) -> bool:
    return char in f"{_MINUS}#" or char.isspace() or unicodedata.category(char) in _SEPARATORS


_SEPARATORS = frozenset({"Pd", "Pc", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs"})


def split(words: str) -> tuple[str, str]:
    """Return the topic that `#TOPIC subject` begins with, as written, and the subject; ("", words) without one.

    A topic is one word, and a number that follows a word without one belongs to it: `#inc 42 DB down`.
    """
    text = unicodedata.normalize("NFKC", words).strip()
    if not text.startswith("#"):
        return "", words
    tokens = text[1:].split()
    topic: list[str] = []
    while tokens and _belongs(topic, tokens[0]):
        topic.append(tokens.pop(0).strip(_EDGES))
    written = " ".join(filter(None, topic))[:LONGEST_TOPIC].strip(_EDGES + " ")
    return (written, " ".join(tokens)) if key(written) else ("", words)


def named(line: str) -> str:
    """Return the topic that a line names somewhere, as a room's `topic`; "" when it names none.

    It is what a command will find that takes the words from the first `#` on.
    """
    text = unicodedata.normalize("NFKC", line)
    written, _ = split(text[text.find("#") :]) if "#" in text else ("", "")
    return topic_column(written) if written else ""


def _belongs(topic: list[str], token: str) -> bool:
    so_far, more = key("".join(topic)), key(token.strip(_EDGES))
    if not so_far:
        return True
    return not any(char.isdecimal() for char in so_far) and (not more or more.isdecimal())


def topic_column(written: str) -> str:
    """Return a room's `topic` for a topic; thread roots and room ids look different."""
    return f"#{key(written)}"


def written_in(room: Room) -> str:
    """Return a topic room's topic as it was written: its subject begins with it; "" for any other room."""
    return split(room.subject)[0] if room.topic.startswith("#") else ""


def chat_scope(thread_id: str) -> str:
    """Return the scope of a chat's own rooms."""
    return f"chat:{thread_id}"


def team_scope(chat: Chat) -> str:
    """Return the scope that a standard channel shares with the others of its team; "" for every other chat.

    A channel of unknown kind may be a private one, whose topics nobody else is to find.
    """
    standard = chat.kind is ChatKind.CHANNEL and chat.channel_kind is ChannelKind.STANDARD
    return f"team:{chat.team_id}" if standard and chat.team_id else ""


def scope_of(written: str, chat: Chat, patterns: Iterable[str]) -> str:
    """Return the scope in which a topic names one meeting, seen from a chat (ENGINE R9)."""
    if any(is_open(written, pattern) for pattern in patterns):
        return TENANT_SCOPE
    return team_scope(chat) or chat_scope(chat.thread_id)


def is_open(written: str, pattern: str) -> bool:
    """Say whether a pattern such as `INC-*` opens a topic to the whole tenant; `*` and `?` are wildcards.

    It is asked of the key, so that it never splits what is written in two ways. A separator beside a wildcard
    stands for the step between letters and digits: `INC-*` opens `#inc42` and not `#income`.
    """
    pieces = re.split(r"[\s_\u2010-\u2015\u2212-]+", unicodedata.normalize("NFKC", pattern).strip("# "))
    regex = ""
    for piece in pieces:
        beside = bool(regex) and (piece[:1] in {*_WILDCARDS} or regex.endswith((".", ".*")))
        regex += (_STEP if beside else "") + "".join(_as_regex(part) for part in re.split(r"(\*+|\?)", piece))
    return bool(key(pattern.strip(_WILDCARDS))) and re.fullmatch(regex, key(written)) is not None


def _as_regex(part: str) -> str:
    if part.startswith("*"):
        return ".*"
    return "." if part == "?" else re.escape(key(part))


def elsewhere(rooms: Iterable[Room], person: Person) -> Room | None:
    """Return the one of these rooms that a person is most likely to mean: their own, one they were asked to, the first.

    One is enough to ask about: how many there are is not to be told from how long an answer takes.
    """
    known = tuple(rooms)
    own = [room for room in known if person.id in {other.id for other in (room.starter, *room.people)}]
    return next(iter((*own, *known)), None)


def nearest(topic: str, rooms: Iterable[Room]) -> Room | None:
    """Return the first of these rooms whose topic is one slip of the finger away from `topic` (a column's value)."""
    return next((room for room in rooms if room.topic.startswith("#") and one_slip(topic, room.topic)), None)


def one_slip(one: str, other: str) -> bool:
    """Say whether one character more, less or another, or two neighbours exchanged, makes one of the other."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    rest, rest_of_other = one[start:], other[start:]
    if len(one) != len(other):
        return rest[1:] == rest_of_other or rest == rest_of_other[1:]
    swapped = rest[1::-1] + rest[2:]
    return rest[1:] == rest_of_other[1:] or swapped == rest_of_other
