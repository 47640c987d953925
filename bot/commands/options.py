"""What a meeting is asked to have, in words: `for 45m`, `lobby everyone`, `passcode`. Pure, linear; only UsageError."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.commands import time_words, times
from bot.commands.grammar import NEAR_ENOUGH, key, said
from bot.errors import UsageError
from bot.model import LobbyScope

SHORTEST, LONGEST = 5, 1440
"""Minutes that may be asked for."""

# The words, one set for each kind, of all languages together; as `key` makes them.
FOR = frozenset(map(key, time_words.FOR))
WITH = frozenset({"with", "mit", "avec", "con", "مع"})
AND = frozenset({"and", "und", "et", "y", "e", "و", "と"})
RING = frozenset(map(key, ("ring", "anrufen", "appeler", "llamar", "呼び出し", "اتصل")))
NO = frozenset({"no", "ohne", "keine", "sans", "sin", "بدون"})
NUMBERS = frozenset({"numbers", "nummern", "numeros", key("أرقام")})
ON = frozenset({"on", "im", "au", "en", "في"})
CALENDAR = frozenset(map(key, ("calendar", "kalender", "calendrier", "calendario", "カレンダー", "التقويم")))
LOBBY = frozenset({"lobby", "warteraum", key("ロビー"), key("الردهة")})
PASSCODE = frozenset(map(key, ("passcode", "kenncode", "código", "パスコード", "رمز")))
RECORD = frozenset(map(key, ("record", "aufzeichnen", "enregistrer", "grabar", "録画", "تسجيل")))
SUBJECT = ("subject", "betreff", "objet", "asunto", "件名", "الموضوع")
SCOPES: Mapping[str, LobbyScope] = {
    "everyone": LobbyScope.EVERYONE,
    "everybody": LobbyScope.EVERYONE,
    "organization": LobbyScope.ORGANIZATION,
    "organisation": LobbyScope.ORGANIZATION,
    "federated": LobbyScope.ORGANIZATION_AND_FEDERATED,
    "invited": LobbyScope.INVITED,
    "organizer": LobbyScope.ORGANIZER,
    "organiser": LobbyScope.ORGANIZER,
    **dict.fromkeys(map(key, ("alle", "tous", "todos", "全員", "الجميع")), LobbyScope.EVERYONE),
    **dict.fromkeys(map(key, ("organisationsweit", "organización", "組織", "المؤسسة")), LobbyScope.ORGANIZATION),
    **dict.fromkeys(map(key, ("eingeladene", "invités", "invitados", "招待者", "المدعوون")), LobbyScope.INVITED),
    **dict.fromkeys(map(key, ("organisator", "organisateur", "organizador", "開催者", "المنظم")), LobbyScope.ORGANIZER),
}

_DURATION_WORDS = 5
_QUOTED = re.compile(rf'(?:^|(?<=\s))(?:{"|".join(SUBJECT)}):\s?"((?:[^"]|"")*)"?', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Request:
    """What was said after the command; `minutes` is 0 where nothing was said.

    `names` are those of `with`, `rung` those of `ring`.

    `numbers` says whether the card shows phone numbers.
    """

    subject: str = ""
    minutes: int = 0
    lobby: LobbyScope | None = None
    passcode: bool = False
    record: bool = False
    numbers: bool = True
    calendar: bool = False
    names: tuple[str, ...] = ()
    rung: tuple[str, ...] = ()


def parse(words: str, mentioned: Iterable[str] = ()) -> Request:
    """Read options and subject from the words of a line; `mentioned` are the names of the mentions in it.

    An option of two words stands anywhere, one of a single word and a bare length at the end; every other word, and
    whatever `subject:"…"` encloses, is the subject's. Raises UsageError with the nearest words for an option that
    was nearly understood.
    """
    names = sorted(
        {tuple(name.split()): name for name in mentioned if name.split()}.items(), key=lambda one: -len(one[0])
    )
    reading = _Reading(_tokens(words), tuple(names))
    reading.anywhere()
    reading.at_the_end()
    subject = " ".join(" ".join(token.text for token in reading.left).split())
    return replace(reading.request, subject=subject)


def write(request: Request, mentioned: Iterable[str] = (), *, enclosed: bool = False) -> str:
    """Return words that `parse` reads as this request; with `enclosed` the subject is in quotes, needed or not."""
    asked = [
        *([f"for {request.minutes}m"] if request.minutes else []),
        *([f"lobby {_word(request.lobby)}"] if request.lobby else []),
        *(["no numbers"] if not request.numbers else []),
        *([f"with {' and '.join(request.names)}"] if request.names else []),
        *([f"ring {' and '.join(request.rung)}"] if request.rung else []),
        *(["passcode"] if request.passcode else []),
        *(["record"] if request.record else []),
        *(["calendar"] if request.calendar else []),
    ]
    plain = " ".join([*([request.subject] if request.subject else []), *asked])
    try:
        if not enclosed and parse(plain, mentioned) == request and " ".join(said(f"meet {plain}")) == f"meet {plain}":
            return plain
    except UsageError:
        pass  # the subject alone reads like an option, or its end like politeness: it is enclosed
    doubled = request.subject.replace('"', '""')
    return " ".join([f'{SUBJECT[0]}:"{doubled}"', *asked])


def _word(scope: LobbyScope) -> str:
    return next((word for word, value in SCOPES.items() if value is scope), scope.value)


@dataclass(frozen=True, slots=True)
class _Token:
    """A word as typed, and what is compared of it; enclosed text is no word of ours."""

    text: str
    word: str = ""
    enclosed: bool = False


def _tokens(words: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    for quoted in _QUOTED.finditer(words):
        tokens += [_Token(word, key(word)) for word in words[at : quoted.start()].split()]
        tokens.append(_Token(quoted[1].replace('""', '"'), enclosed=True))
        at = quoted.end()
    return [*tokens, *(_Token(word, key(word)) for word in words[at:].split())]


class _Reading:
    """One line being read: `left` is what belongs to the subject so far."""

    def __init__(self, tokens: list[_Token], names: Sequence[tuple[tuple[str, ...], str]]) -> None:
        self._tokens = tokens
        self._names = names
        self.request = Request()
        self.left: list[_Token] = []

    def anywhere(self) -> None:
        """Take out the options that two words make."""
        readers: tuple[tuple[frozenset[str], Callable[[int], int]], ...] = (
            (FOR, self._length),
            (LOBBY, self._lobby),
            (NO, self._numbers),
            (ON, self._calendar),
            (WITH, self._people),
            (RING, self._rung),
        )
        at = 0
        while at < len(self._tokens):
            word = self._tokens[at].word
            taken = next((read(at + 1) for begins, read in readers if word in begins), 0)
            if not taken:
                self.left.append(self._tokens[at])
            at += 1 + taken

    def at_the_end(self) -> None:
        """Take options of a single word, and a bare length, from the end."""
        while self.left:
            word = self.left[-1].word
            if word in PASSCODE:
                self.request = replace(self.request, passcode=True)
            elif word in RECORD:
                self.request = replace(self.request, record=True)
            elif word in CALENDAR:
                self.request = replace(self.request, calendar=True)
            elif not self._bare_length():
                return
            else:
                continue
            self.left.pop()

    def _bare_length(self) -> bool:
        if self.request.minutes:
            return False
        for count in range(min(_DURATION_WORDS, len(self.left)), 0, -1):
            minutes = _minutes(self.left[-count:])
            if minutes is not None and SHORTEST <= minutes <= LONGEST:
                self.request = replace(self.request, minutes=minutes)
                del self.left[-count:]
                return True
        return False

    def _length(self, at: int) -> int:
        for count in range(_DURATION_WORDS, 0, -1):
            there = self._tokens[at : at + count]
            minutes = _minutes(there) or times.length_in_words(_words(there))
            if minutes is None or at + count > len(self._tokens):
                continue
            if not SHORTEST <= minutes <= LONGEST:
                raise self._nearly(at, count, f"{min(max(minutes, SHORTEST), LONGEST)}m")
            self.request = replace(self.request, minutes=minutes)
            return count
        return 0

    def _lobby(self, at: int) -> int:
        word = self._tokens[at].word if at < len(self._tokens) else ""
        if word not in SCOPES:
            near = difflib.get_close_matches(word[:40], SCOPES, 1, NEAR_ENOUGH)
            if near:
                raise self._nearly(at, 1, near[0])
            return 0
        self.request = replace(self.request, lobby=SCOPES[word])
        return 1

    def _numbers(self, at: int) -> int:
        if at >= len(self._tokens) or self._tokens[at].word not in NUMBERS:
            return 0
        self.request = replace(self.request, numbers=False)
        return 1

    def _calendar(self, at: int) -> int:
        if at >= len(self._tokens) or self._tokens[at].word not in CALENDAR:
            return 0
        self.request = replace(self.request, calendar=True)
        return 1

    def _people(self, at: int) -> int:
        names, taken = self._named(at, self.request.names)
        self.request = replace(self.request, names=names)
        return taken

    def _rung(self, at: int) -> int:
        rung, taken = self._named(at, self.request.rung)
        self.request = replace(self.request, rung=rung)
        return taken

    def _named(self, at: int, before: tuple[str, ...]) -> tuple[tuple[str, ...], int]:
        """Return the names from a token on, with those of before, and how many tokens they take."""
        found, end, joined = list(before), at, at
        while name := self._name(joined):
            found += [name] if name not in found else []
            end = joined = joined + len(name.split())
            if joined < len(self._tokens) and self._tokens[joined].word in AND:
                joined += 1
        return tuple(found), end - at

    def _name(self, at: int) -> str:
        def said(parts: tuple[str, ...]) -> bool:
            there = self._tokens[at : at + len(parts)]
            return len(there) == len(parts) and all(
                not token.enclosed and _bare(token.text) == _bare(part)
                for token, part in zip(there, parts, strict=True)
            )

        return next((name for parts, name in self._names if said(parts)), "")

    def _nearly(self, at: int, count: int, right: str) -> UsageError:
        """Return the error that proposes the line with `count` words from `at` on put right."""
        texts = [_enclosed(token) for token in self._tokens]
        return UsageError(" ".join(texts), " ".join([*texts[:at], right, *texts[at + count :]]))


def _minutes(tokens: Sequence[_Token]) -> int | None:
    return None if any(token.enclosed for token in tokens) else times.length(_words(tokens))


def _words(tokens: Sequence[_Token]) -> str:
    return " ".join(token.word for token in tokens)


def _bare(word: str) -> str:
    return word.casefold().strip("@,.;:!?")


def _enclosed(token: _Token) -> str:
    enclosed = token.text.replace('"', '""')
    return f'{SUBJECT[0]}:"{enclosed}"' if token.enclosed else token.text
