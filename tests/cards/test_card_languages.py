"""Every card speaks every language there is, wholly and readably, from right to left too (EXPERIENCE 1.8, 1.10)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import bidi
import pytest

import cards
import cards.words
from bot.messages import Whisper
from bot.model import LobbyScope, Meeting, Options, Person, Room, RoomState
from cards import times
from cards.phone import spoken_groups
from cards.words import FOLDER, REVIEWED, catalogue, spoken, words
from tests import words as catalogues
from tests.cards.gallery import RUNG, gallery

pytestmark = pytest.mark.usefixtures("untraced")

LIMIT = 28 * 1024
LANGUAGES = spoken()
ISOLATES = re.compile("[\u2066-\u2069]")
OFFERS = re.compile(r"\{(?!n\d)\w*\}")
LATIN = re.compile("[A-Za-zçé]{2,}")
DATA = set(
    LATIN.findall(
        "Ana Lima Ben ben Chloé Retro Muster UTC London Berlin code QD aB xYz help meet t.example "
        "https://teams.microsoft.com/l/meetup-join/19%3ameeting_abc%40thread.v2/0 https://dialin.teams.microsoft.com "
        "/l/call/0/0?users= /l/meeting/new?subject= minuto minutoj kaj Marto Deutsch Français "
        "rename settings duration language plain text -Group -Global "
        "Calls.JoinGroupCall.All MUSTER_PUBLIC_URL"
    )
)
"""What people, Microsoft and Esperanto say by themselves."""
NOON = 1_773_918_240_000
Shown = dict[str, tuple[Any, str]]


@pytest.fixture
def in_language(room: Callable[..., Room], meeting: Meeting, whisper: Callable[..., Whisper]) -> Callable[[str], Shown]:
    """Return what makes every kind of card in a language: by name the card (None for a plain line) and its text."""

    def made(language: str) -> Iterator[tuple[str, Any]]:
        people = (
            Person("29:ben", upn="ben@t.example", name="Ben"),
            Person("29:chloe", upn="c@t.example", name="Chloé"),
        )
        differing = Options(lobby=LobbyScope.EVERYONE, record=True)
        opened = replace(meeting, lobby_scope=LobbyScope.ORGANIZATION, event_id="e")
        asked = room(
            language=language,
            meeting=opened,
            options=differing,
            people=people,
            backup_bridge="+44 20 7946 0123, code 4711#",
            ended_at=NOON + 36 * 60_000,
        )
        for state in RoomState:
            yield state, cards.render_room(replace(asked, state=state, fail_code="policy"))
        yield "trying", cards.render_room(replace(asked, state=RoomState.OPENING, trying="unavailable"))
        yield "ringing", cards.render_room(replace(asked, ringing=RUNG))
        yield "elsewhere", cards.render_room(replace(asked, state=RoomState.LIVE), at_home=False)
        yield "time is up", cards.render_room(replace(asked, state=RoomState.ENDED, ended_by="clock"))
        for name in cards.WHISPERS:
            yield f"whisper {name}", cards.render_whisper(replace(whisper(name), language=language))

    return lambda language: {name: (shown.card, shown.text) for name, shown in made(language)}


def test_every_translation_fits_what_it_translates() -> None:
    """Translations name what the English names, in each form the language counts by, and none is a guess."""
    wrong = [problem for file in sorted(FOLDER.glob("*.po")) for problem in catalogues.problems(file)]
    assert wrong == []


def test_a_language_nobody_has_read_through_is_off() -> None:
    """CONTRIBUTING lists each language with who has read it, and those without a reader are off by default."""
    text = (catalogues.ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    readers = dict(re.findall(r"^\| \w+ \| `([\w-]+)` \| (.+) \|$", text, re.MULTILINE))
    assert {*readers} == {*LANGUAGES}
    assert {tag for tag, reader in readers.items() if not reader.startswith("nobody")} == {*REVIEWED}


def test_words_that_cannot_be_right_are_found(tmp_path: Path) -> None:
    """A translation that loses a name, gains one, or is bold elsewhere is told with its language."""
    file = tmp_path / "nl.po"
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
    file.write_text(
        head + 'msgid "{a}: open"\nmsgstr "{b}: open"\n\nmsgid "More"\nmsgstr "**Meer**"\n', encoding="utf-8"
    )
    found = list(catalogues.problems(file))
    assert [problem.split(" ")[0] for problem in found] == ["nl:", "nl:"]
    assert "Meet now" in catalogues.missing(file)
    assert 'msgid "Meet now"\nmsgstr ""' in catalogues.renewed(file)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_card_in_every_language(language: str, in_language: Callable[[str], Shown]) -> None:
    """Every card in every language is small enough, says whose language it is, and cuts no button off."""
    for name, (card, text) in in_language(language).items():
        assert not OFFERS.search(text), name
        if card is None:
            continue
        assert len(json.dumps(card, ensure_ascii=False).encode()) <= LIMIT, name
        assert (card["lang"], card.get("rtl", False)) == (language, language == "ar"), name
        assert not [title for title in titles(card) if "…" in title or not title], name


def test_no_english_is_left_in_another_language(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    in_language: Callable[[str], Shown],
    whisper: Callable[..., Whisper],
) -> None:
    """Whatever a card says goes through a catalogue: in a made-up language no English word of ours is left."""
    entries = ['msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n']
    for message in catalogues.english():
        forms = [message.id] if isinstance(message.id, str) else list(message.id)
        ids = zip(("msgid", "msgid_plural"), forms, strict=False)
        entries.append("\n".join(f"{name} {json.dumps(text, ensure_ascii=False)}" for name, text in ids))
        made = json.dumps(veiled(forms[-1]), ensure_ascii=False)
        entries[-1] += f"\nmsgstr {made}\n" if len(forms) == 1 else f"\nmsgstr[0] {made}\nmsgstr[1] {made}\n"
    (tmp_path / "eo.po").write_text("\n".join(entries), encoding="utf-8")
    english = in_language("en")
    monkeypatch.setattr(cards.words, "FOLDER", tmp_path)
    words.cache_clear()
    try:
        shown = in_language("eo")
    finally:
        words.cache_clear()
    data = set(LATIN.findall(json.dumps([whisper(name).data for name in cards.WHISPERS], ensure_ascii=False))) | DATA
    left = {}
    del shown["whisper notice"]  # a command's own words
    for name, (_, text) in shown.items():
        assert text != english[name][1] or not re.search("[a-z]", english[name][1]), name
        if words_left := set(LATIN.findall(text)) - data:
            left[name] = words_left
    assert left == {}


def veiled(text: str) -> str:
    """Return a template whose own words cannot be read, with the same `{names}` and the same number of words."""
    parts = re.split(r"(\{\w*\})", text)
    return "".join(part if part.startswith("{") else re.sub(r"[^\W\d_]", "ж", part) for part in parts)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_line_has_the_subject_and_the_state(language: str, in_language: Callable[[str], Shown]) -> None:
    """Whoever hears a card hears first what it is about and how it stands, and no state is said like another."""
    shown = in_language(language)
    first = {state: shown[state][0]["body"][0]["text"] for state in RoomState}
    assert all(re.fullmatch(r"\u2068?Retro\u2069?\u00a0?: \S.*", text) for text in first.values())
    assert len(set(first.values())) == len(first)
    assert any("Retro" in title for title in titles(shown[RoomState.OPEN][0]))


@pytest.mark.parametrize("language", LANGUAGES)
def test_digits_have_names(language: str) -> None:
    """A number can be read aloud in each language: ten digits have ten names."""
    names = spoken_groups("0 1 2 3 4 5 6 7 8 9", words(language))
    assert len(set(names)) == 10


def test_arabic_cards_keep_what_is_dialled_in_order(in_language: Callable[[str], Shown]) -> None:
    """On an Arabic screen each number, id and link reads from left to right, digit by digit as it is dialled."""
    expected = {
        RoomState.OPEN: ["+44 20 7946 0123", "123 456 789#", "234 567 890 12", "+49 30 23125042", "aB3xYz"],
        RoomState.LIVE: ["+44 20 7946 0123", "+44 808 157 0192", "123 456 789#", "1122334455@t.example"],
        RoomState.FAILED: ["+44 20 7946 0123, code 4711#", "7F3K-92QD"],
        "whisper dial-in": ["+44 20 7946 0123", "+442079460123,,123456789#", "123 456 789"],
        "whisper near-topic": ["#INC-24", "#INC-42"],
        "whisper welcome": ["@Muster meet now"],
        "whisper running": ["https://teams.microsoft.com/l/meetup-join/19%3ameeting_abc%40thread.v2/0"],
    }
    shown = in_language("ar")
    for name, (card, text) in shown.items():
        seen = [on_screen(line) for line in text.splitlines()]
        for wanted in expected.get(name, ()):
            assert any(wanted in line for line in seen), (name, wanted, seen)
        for line in texts(card or {}):
            assert not re.search("[\u0660-\u0669\u06f0-\u06f9]", line), name
            for run in re.findall("\u2068([^\u2066-\u2069]*)\u2069", line):
                assert run in on_screen(line) or re.search("[\u0600-\u06ff]", run), (name, run)


def test_without_isolates_the_digits_would_be_wrong() -> None:
    """The check sees what it is there for: bare groups of digits are turned around on a right-to-left screen."""
    assert "789 456 123" in on_screen("الهاتف: 123 456 789")
    assert "123 456 789" in on_screen("الهاتف: \u2068123 456 789\u2069")


def test_every_value_on_an_arabic_card_stands_alone() -> None:
    """On Arabic cards no foreign letter or digit of somebody's data is outside an isolate, in dialogs neither."""
    ours = re.compile(r"Teams|Microsoft|SMS|Outlook|PowerShell|meet|(?<!\d)(?:15|30|45)(?!\d)|#INC-42")
    arabic = {shown.name: shown.card for shown in gallery() if shown.language == "ar"}
    whole = {cards.words.named(tag) for tag in LANGUAGES} | {"1\\. \\*One\\*", "Two"}
    for name, card in arabic.items():
        for line in (text for text in texts(card) if text not in whole):
            outside = ISOLATES.sub("", re.sub("\u2068[^\u2068\u2069]*\u2069", "", line))
            outside = re.sub(r"\]\(https://\S+\)", "", ours.sub("", outside))
            assert not re.search(r"[A-Za-z0-9]", outside), (name, line)


def on_screen(line: str) -> str:
    """Return a paragraph of a right-to-left card as it stands on the screen, from left to right."""
    return ISOLATES.sub("", str(bidi.get_display(line, base_dir="R")))


def titles(card: Any) -> list[str]:  # noqa: ANN401 - any JSON
    """Return the titles of a card's buttons."""
    return [text for key, text in walked(card) if key in {"title", "tooltip"}]


def texts(card: Any) -> list[str]:  # noqa: ANN401 - any JSON
    """Return all that a card shows."""
    shown = {"title", "tooltip", "text", "fallbackText", "label"}
    return [text for key, text in walked(card) if key in shown]


def walked(node: Any, key: str = "") -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any JSON
    """Yield every text of a card with its property; what buttons send and whom Teams notifies is not shown."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name not in {"data", "entities"}:
                yield from walked(value, name)
    elif isinstance(node, list):
        for value in node:
            yield from walked(value, key)
    elif isinstance(node, str):
        yield key, node


@pytest.mark.parametrize(
    ("language", "clock", "length"),
    [
        ("en", "12:04 (UTC+1)", "1 hour and 5 minutes"),
        ("de", "12:04 (UTC+1)", "1 Stunde und 5 Minuten"),
        ("fr", "12:04 (UTC+1)", "1 heure et 5 minutes"),
        ("es", "12:04 (UTC+1)", "1 hora y 5 minutos"),
        ("ja", "12:04 (UTC+1)", "1 時間、5 分"),
        ("ar", "12:04 م (UTC+1)", "ساعة و5 دقائق"),
    ],
)
def test_times_are_written_as_the_language_does(language: str, clock: str, length: str) -> None:
    """Clock and length are those of the reader's language, and the zone is always named."""
    assert times.clock(NOON, "Europe/Warsaw", language) == clock
    assert times.length(65, language).replace("\u00a0", " ") == length


def test_a_start_on_another_day_says_which() -> None:
    """A time later today is a time, one on another day has its date, each as the language writes it."""
    assert times.start(NOON, "Europe/Warsaw", NOON - 60_000, "de") == "12:04 (UTC+1)"
    said = {language: times.start(NOON, "Europe/Warsaw", NOON - 86_400_000, language) for language in LANGUAGES}
    assert said["en"] == "19 March 2026, 12:04 (UTC+1)"
    assert said["de"] == "19. März 2026, 12:04 (UTC+1)"
    assert said["ja"] == "2026年3月19日, 12:04 (UTC+1)"
    assert not re.search("[\u0660-\u0669]", said["ar"])


def test_lists_are_said_as_the_language_does() -> None:
    """Names stand in a row as people say them."""
    said = {language: words(language).listed(["Ana", "Ben", "Chloé"]) for language in LANGUAGES}
    assert said["en"] == "Ana, Ben and Chloé"
    assert said["de"] == "Ana, Ben und Chloé"
    assert said["ja"] == "Ana、Ben、Chloé"


def test_arabic_counts_in_six_ways() -> None:
    """None, one, two, a few, many and a hundred are each said in their own form."""
    one, several = (
        f"That's many meetings in one minute. Try again in {{seconds}} {unit}." for unit in ("second", "seconds")
    )
    says = words("ar")
    said = [says.many(one, several, count).format(seconds=count).split("بعد ")[1] for count in (0, 1, 2, 3, 11, 100)]
    assert said == ["0 ثانية.", "ثانية واحدة.", "ثانيتين.", "3 ثوانٍ.", "11 ثانية.", "100 ثانية."]
    assert catalogue(FOLDER / "ar.po").num_plurals == 6
