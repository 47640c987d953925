"""Every card there is: all states of a room and all whispers, with little and with much in them, in every language."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import cards
from bot.messages import Rendered, Whisper
from bot.model import (
    Binding,
    DialIn,
    LobbyScope,
    Meeting,
    Options,
    Person,
    Ring,
    Ringing,
    RingState,
    Room,
    RoomState,
)
from cards.words import SOURCE, spoken
from tests.cards.conftest import MEETING, MINUTE, NOON, ROOM, WHISPER_DATA

BARE = Meeting("m", "https://teams.example/j")
CROWDED = replace(
    MEETING, dial_in=DialIn("1" * 12, ("+44 20 7946 0123",) * 60, ("+44 808 1",) * 60, "https://dialin.example/")
)
LONG = "Planning the next quarter with everybody from the platform team and whoever else would like to come along today"
HOSTILE = "\U0001f600*[" * 60
UNBROKEN = "Donaudampfschifffahrtsgesellschaftskapitänsmützenverordnung" * 2
SUBJECTS = {
    "long": LONG,
    "hostile": HOSTILE,
    "unbroken": UNBROKEN,
    "Arabic": "مراجعة الربع الأخير",
    "Japanese": "四半期の振り返り会議",
}
FAILURES = (
    "deadline",
    "withdrawn",
    "policy",
    "sign_in",
    "role",
    "host",
    "private",
    "calendar",
    "credentials",
    "blocked",
    "problem",
)
PEOPLE = tuple(Person(f"29:{n}", n, n, f"{n.split()[0].lower()}@t.example") for n in ("Ben Okafor", "Chloé Martin"))
RINGABLE = (*PEOPLE, Person("29:kim", "kim", "Kim Park"))
RUNG = Ringing(
    (
        *(Ring(RINGABLE[place % 3], state, NOON) for place, state in enumerate(RingState)),
        Ring(Person("", "oid"), RingState.BUSY, NOON),
    ),
    denied="Calls.JoinGroupCall.All",
    possible=True,
)
"""Somebody in every state of ringing, one of whom Microsoft gives no name, and a permission that is missing."""
WANTED = Options(lobby=LobbyScope.EVERYONE, record=True, announce=False)


@dataclass(frozen=True, slots=True)
class Shown:
    """One card of the gallery, by a name of its own within its language.

    A dialog is never `narrow`: Teams opens it in a window of its own, on a phone over the whole screen.
    """

    name: str
    language: str
    card: dict[str, Any]
    narrow: bool = True


def gallery() -> Iterator[Shown]:
    """Yield every card once in every language that the bot speaks, English first."""
    for language in spoken():
        seen = set[str]()
        for name, made in (*_rooms(language), *_whispers(language)):
            written = json.dumps(made.card)
            if made.card is not None and written not in seen:
                seen.add(written)
                yield Shown(name, language, made.card)
        for name, card in _dialogs(language):
            yield Shown(f"dialog {name}", language, card, narrow=False)


def _dialogs(language: str) -> Iterator[tuple[str, dict[str, Any]]]:
    whisper = Whisper("settings", WHISPER_DATA["settings"] | {"languages": spoken()}, language, "Europe/Warsaw")
    yield "settings", cards.settings_dialog(replace(whisper, data=whisper.data | {"may": True}))
    yield "my settings", cards.settings_dialog(whisper)
    yield "meet", cards.meet_dialog("meet", LONG, language)
    yield "install", cards.install_card("meet", language)
    yield "sentence", cards.sentence_dialog("1. *One*\nTwo", language)
    for name, room in faces(SUBJECTS):
        if name in {"opening", "open", "open long", "open crowded", "failed", "open Arabic"}:
            yield f"room {name}", cards.room_dialog(replace(room, language=language), "meet", 0)
    yield "insert", cards.room_insert(replace(ROOM, language=language))


def _rooms(language: str) -> Iterator[tuple[str, Rendered]]:
    subjects = SUBJECTS if language == SOURCE else {"long": LONG}  # what else people write is the same everywhere
    for name, room in faces(subjects):
        yield name, cards.render_room(replace(room, language=language))
    for state in (RoomState.OPEN, RoomState.LIVE):
        room = replace(ROOM, state=state, live_at=NOON, language=language)
        yield f"{state} elsewhere", cards.render_room(room, at_home=False)


def _whispers(language: str) -> Iterator[tuple[str, Rendered]]:
    for name in cards.WHISPERS:
        whisper = Whisper(name, WHISPER_DATA[name], language, "Europe/Warsaw", "7F3K-92QD")
        yield f"whisper {name}", cards.render_whisper(whisper)


def faces(subjects: Mapping[str, str]) -> Iterator[tuple[str, Room]]:
    """Yield a room in every state and with everything that shows on its card; `subjects` are more of them by name."""
    for state in RoomState:
        room = replace(ROOM, state=state, live_at=NOON + MINUTE, empty_at=NOON + 37 * MINUTE, fail_code="policy")
        yield str(state), room
        yield f"{state} bare", replace(room, meeting=BARE, binding=Binding.REFUSED)
        yield f"{state} crowded", replace(room, meeting=CROWDED, options=WANTED)
        yield f"{state} without a meeting", replace(room, meeting=None)
        for kind, subject in subjects.items():
            yield f"{state} {kind}", replace(room, subject=subject)
        for trying in ("slow", "unavailable", "time is up", "unchanged"):
            yield f"{state} {trying}", replace(room, trying=trying)
    waiting = replace(ROOM, state=RoomState.OPENING, trying="unavailable", people=PEOPLE)
    optional = replace(MEETING, options_url="https://teams.example/meetingOptions/?meeting=1")
    yield "open with all buttons", replace(ROOM, meeting=optional, ringing=Ringing(possible=True))
    yield "open ringing", replace(ROOM, ringing=RUNG)
    crowd = (Ring(Person("", f"{n}", PEOPLE[n % len(PEOPLE)].name), list(RingState)[n % 8], NOON) for n in range(20))
    yield "open ringing a crowd", replace(ROOM, meeting=optional, ringing=Ringing(tuple(crowd), possible=True))
    yield "opening with a bridge", replace(waiting, backup_bridge="call +44 20 7946 0999 or https://bridge.example/ops")
    ended = replace(ROOM, state=RoomState.ENDED, ended_at=NOON + 36 * MINUTE)
    for by in ("clock", "withdrawn"):
        yield f"ended by {by}", replace(ended, ended_by=by)
    yield "ended and used again", replace(ended, live_at=NOON + 40 * MINUTE)
    for code in FAILURES:
        yield f"failed {code}", replace(ROOM, state=RoomState.FAILED, fail_code=code, people=PEOPLE)
