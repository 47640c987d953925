"""Who is in a meeting and who was, in exactly the words that were agreed (EXPERIENCE 2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bot.calls import Attendance, Session
from bot.messages import Rendered, Whisper
from bot.model import Room, RoomState
from cards import render_room, render_whisper
from tests.journeys.harness import words

MINUTE = 60_000
Rooms = Callable[..., Room]
NAMES = ("Ana Lima", "Ben Okafor", "Chloé Martin", "Kim Park", "Bea Novak")


def live(room: Rooms, language: str = "en", **attendance: Any) -> Rendered:  # noqa: ANN401 - fields by name
    """Return the card of a live meeting with these people."""
    there: Room = room(state=RoomState.LIVE, language=language)
    return render_room(replace(there, live_at=there.opened_at, attendance=Attendance(**attendance)))


def heading(card: Rendered) -> str:
    """Return a card's first line without what isolates directions."""
    return plain(card).partition("\n")[0]


def plain(card: Rendered) -> str:
    """Return a card's words without what isolates directions."""
    return "".join(char for char in words(card.card) if char not in "\u2066\u2067\u2068\u2069")


@pytest.mark.parametrize(
    ("attendance", "expected"),
    [
        ({"inside": 1}, "Retro: live, 1 person"),
        ({"inside": 3}, "Retro: live, 3 people"),
        ({}, "Retro: live"),
        ({"inside": 3, "unsure": True}, "Retro: live"),
        ({"inside": 3, "shown": "off"}, "Retro: live"),
        (
            {"inside": 3, "callers": 1, "names": NAMES[:2], "shown": "names"},
            "Retro: live: Ana Lima, Ben Okafor and 1 caller",
        ),
        ({"inside": 1, "names": NAMES[:1], "shown": "names"}, "Retro: live: Ana Lima"),
        ({"inside": 1, "callers": 1, "shown": "names"}, "Retro: live, 1 person"),
        (
            {"inside": 5, "names": NAMES, "shown": "names"},
            "Retro: live: Ana Lima, Ben Okafor, Chloé Martin and 2 more",
        ),
    ],
)
def test_the_first_line_says_how_many_or_who(room: Rooms, attendance: dict[str, Any], expected: str) -> None:
    """A live meeting shows its people as the tenant decided, and no number where it may be wrong."""
    assert heading(live(room, **attendance)) == expected


def test_all_names_are_under_more(room: Rooms) -> None:
    """Whoever the first line does not name is named under *More*, and only where names are shown."""
    named = plain(live(room, inside=5, names=NAMES, shown="names"))
    assert "In the meeting: Ana Lima, Ben Okafor, Chloé Martin, Kim Park and Bea Novak" in named
    assert "In the meeting" not in plain(live(room, inside=5))


def test_nobodys_name_formats_the_card(room: Rooms) -> None:
    """A name is data: it neither formats, links nor mentions."""
    card = live(room, inside=1, names=("**Bo** [x](https://x.example) <at>all</at> {subject}",), shown="names")
    assert card.card is not None
    first = card.card["body"][0]["text"]
    assert "**Bo**" not in first
    assert "[x](" not in first
    assert "<at>" not in first


def test_names_keep_their_own_direction(room: Rooms) -> None:
    """On an Arabic screen each name reads in its own direction, and only names and values do."""
    card = live(room, inside=4, callers=1, names=NAMES[:2], shown="names", language="ar")
    assert card.card is not None
    first = card.card["body"][0]["text"]
    assert first == "\u2068Retro\u2069: جارٍ الآن: \u2068Ana Lima\u2069 و\u2068Ben Okafor\u2069 وشخص آخر ومتصل واحد"


def test_the_digest_is_in_the_cards_language(room: Rooms) -> None:
    """Times, lengths and numbers of people are written as the card's language writes them."""
    one = Session(1, MINUTE, 66 * MINUTE, told=True, people=5, most=5)
    assert "12:05 bis 13:10 (UTC+1) · 1 Stunde und 5 Minuten · 5 Personen" in ended(room, one, language="de")
    assert "من 12:05 م إلى 1:10 م (UTC+1) · ساعة و5 دقائق · 5 أشخاص" in ended(room, one, language="ar")


def ended(
    room: Rooms,
    *sessions: Session,
    language: str = "en",
    **attendance: Any,  # noqa: ANN401 - fields by name
) -> str:
    """Return the words of an ended meeting's card."""
    there: Room = room(state=RoomState.ENDED, language=language)
    began = there.created_at
    over = [replace(one, started_at=began + one.started_at, ended_at=began + (one.ended_at or 0)) for one in sessions]
    known = Attendance(tuple(over), **attendance)
    last = max((one.ended_at or 0 for one in over), default=began)
    live_at = over[0].started_at if over else None
    changed = replace(there, live_at=live_at, ended_at=last + 15 * MINUTE, ended_by="empty", attendance=known)
    return plain(render_room(changed))


def test_the_digest_says_what_it_was(room: Rooms) -> None:
    """An ended meeting says from when to when, how long, how many, and how many at most at once."""
    one = Session(1, MINUTE, 37 * MINUTE, told=True, people=5, most=4)
    text = "12:05 to 12:41 (UTC+1) · 36 minutes · 5 people, at most 4 at once · started by Ana Lima"
    assert text in ended(room, one)
    everybody = replace(one, most=5)
    assert "12:05 to 12:41 (UTC+1) · 36 minutes · 5 people · started by Ana Lima" in ended(room, everybody)
    assert "people" not in ended(room, one, shown="off")


def test_two_calls_are_two_lines(room: Rooms) -> None:
    """A meeting that people came back to says so call by call."""
    first, second = Session(1, 0, 10 * MINUTE, people=2, most=2), Session(2, 20 * MINUTE, 30 * MINUTE, people=3, most=1)
    text = ended(room, first, second)
    assert "12:04 to 12:14 (UTC+1) · 10 minutes · 2 people, at most 2 at once" in text
    assert "12:24 to 12:34 (UTC+1) · 10 minutes · 3 people, at most 1 at once" in text
    assert "Started by Ana Lima" in text


def test_nobody_joined_is_said_only_where_it_is_known(room: Rooms) -> None:
    """Where everybody who came in would have been told of, an empty meeting says that nobody came."""
    assert ended(room, heard=True).startswith("Retro: closed. Nobody joined.")
    assert "Nobody" not in ended(room)
    waited = render_room(room(state=RoomState.ENDED, ended_at=1, ended_by="clock"))
    assert "Time is up" in plain(waited)


def test_the_whisper_says_since_when_and_how_many() -> None:
    """Whoever asks for a meeting that is live reads since when, and how many are in where that is known."""
    data = {"subject": "Retro", "starter": "Ana", "opened_at": 1_773_918_240_000, "join_url": "https://x.example/"}
    known = render_whisper(Whisper("running", {**data, "another": "", "live": True, "people": 3}, zone="Europe/Warsaw"))
    assert "live since 12:04 (UTC+1), 3 people." in plain(known)
    unknown = render_whisper(Whisper("running", {**data, "another": "", "live": True}, zone="Europe/Warsaw"))
    assert "live since 12:04 (UTC+1)." in plain(unknown)


def test_a_question_says_how_many_are_where_one_could_go() -> None:
    """Whoever is about to split people reads how many are in the other meeting, where that is known."""
    there = {"subject": "Retro", "join_url": "https://x.example/", "here": "meet here"}
    near = {"topic": "#INC-24", "near": "#INC-42", "join_url": "https://x.example/", "line": "open #INC-24"}
    for name, data, known, unknown in (
        ("other-thread", there, "Retro is live in another thread (2 people).", "Retro is live in another thread."),
        ("near-topic", near, "No #INC-24 yet, but #INC-42 is live with 2 people.", "but #INC-42 is open."),
    ):
        assert known in plain(render_whisper(Whisper(name, {**data, "people": 2}))).replace("*", "")
        assert unknown in plain(render_whisper(Whisper(name, data))).replace("*", "")
