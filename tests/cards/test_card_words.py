"""People's words, numbers, times and languages, whatever they are."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

import cards
from bot.model import Person, Room
from cards import escape, numbers, times
from cards.parts import Content, Line, Link
from cards.skeletons import rendered
from cards.words import Words, preferred, spoken

MARKDOWN = MarkdownIt("commonmark").enable("strikethrough")
FORMATTING = {"em_open", "strong_open", "link_open", "image", "code_inline", "html_inline", "s_open"}
NASTY = st.text(st.sampled_from("*_[]()<>`~!#-+.=|&\\:/@ \n\tab1;")).map(lambda text: text[:100])
TEXTS = st.one_of(st.text(max_size=100), NASTY)
HEBREW = "\u05e4\u05d2\u05d9\u05e9\u05d4"
"""The word for a meeting."""
ZONES = sorted(available_timezones())


def formatted(line: str) -> tuple[set[str], str]:
    """Return what a Markdown reader makes of a line: kinds of formatting and the words people see."""
    tokens = MARKDOWN.parse(line)
    kinds = {token.type for token in tokens} - {"paragraph_open", "paragraph_close", "inline"}
    inline = [child for token in tokens for child in token.children or []]
    return kinds | {child.type for child in inline} & FORMATTING, "".join(child.content for child in inline)


@given(TEXTS)
@example("[click](https://evil.example)")
@example("**bold** __bold__ *it* `code` ~~gone~~ <b>x</b> <https://evil.example>")
@example("# Retro")
@example("1. Retro")
@example("- Retro")
@example("&lt;at&gt;Ana&lt;/at&gt; &#42;x&#42;")
def test_a_subject_formats_nothing_and_keeps_its_words(text: str) -> None:
    """Whatever people call their meeting, a card shows exactly that and no link, mention or bold."""
    kinds, seen = formatted(Line("{subject}: open", {"subject": text}).markdown())
    assert kinds == set()
    shown = seen.replace("\u2068", "").replace("\u2069", "")
    assert shown == f"{escape.clean(text)}: open".lstrip()


@given(TEXTS)
@example("<at>Ana</at>")
@example("<a<at>t>Ana</at>")
@example("\u202eevil\u2066")
@example("\ud800")
def test_clean_text_has_no_mention_no_controls_and_one_line(text: str) -> None:
    """What is left of a name can be posted: one line, no mention, nothing that turns the reading direction."""
    plain = escape.clean(text)
    assert not re.search(r"</?at\b[^<>]*>", plain, re.IGNORECASE)
    assert not {char for char in plain if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}}
    assert not set(plain) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
    assert plain == escape.clean(plain)
    plain.encode()


@given(st.lists(st.text("abcdefghijklmnopqrstuvwxyzäß-.'0123456789", min_size=1), max_size=12))
def test_plain_words_survive(words: list[str]) -> None:
    """Ordinary words are shown as they were typed, blanks between them being one blank."""
    typed = "\n ".join(words)
    assert escape.clean(typed, 10_000) == " ".join(words)


@given(st.text("x ", min_size=200))
def test_long_text_is_bounded(text: str) -> None:
    """No more than 120 characters are shown, and what is cut says so."""
    plain = escape.clean(text)
    whole = " ".join(text.split())
    assert len(plain) <= 120
    assert plain == whole or plain.endswith("…")


@given(TEXTS)
def test_a_name_in_bold_stays_one_piece(text: str) -> None:
    """Where we write a subject in bold, only that is bold."""
    kinds, _ = formatted(Line("Here: **{subject}**, live.", {"subject": f"a{text}a"}).markdown())
    assert kinds == {"strong_open"}


@given(st.text(max_size=80))
@example("https://d.example/a(b)c]d")
def test_a_link_is_https_and_leads_only_where_it_says(url: str) -> None:
    """An address from outside becomes one https link or none."""
    kinds, seen = formatted(Line("See: {link}", {"link": Link("all numbers", f"{url}")}).markdown())
    assert kinds == ({"link_open"} if escape.https(url) else set())
    assert seen == "See: all numbers"


def test_names_with_strange_letters_do_not_reorder_the_card(room: Callable[..., Room]) -> None:
    """A Hebrew subject is isolated, so the state beside it stays where it is; a Latin one is left alone."""
    shown = cards.render_room(room(subject=HEBREW, host=Person("29:x", name="Ana")))
    assert shown.text.startswith(f"\u2068{HEBREW}\u2069: open\nAna is hosting")


def test_right_to_left_cards_isolate_every_value() -> None:
    """In a right-to-left language the card says so and each value is wrapped."""
    says = Words("en")
    says.rtl = True
    line = Line("{number} · {id}", {"number": "+44 20 7946 0123", "id": "123"})
    shown = rendered(Content(says, (line,), line))
    assert shown.card is not None
    assert shown.card["rtl"] is True
    assert shown.card["body"][0]["text"] == "\u2068+44 20 7946 0123\u2069 · \u2068123\u2069"
    assert shown.text == shown.card["body"][0]["text"]


@given(
    st.integers(946_684_800, 4_102_444_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    st.sampled_from(ZONES),
)
def test_a_time_with_its_zone_is_unambiguous(moment: datetime, zone: str) -> None:
    """From the time and zone that is shown, the moment's hour and minute in UTC can be computed back."""
    at = moment.replace(second=0, microsecond=0)
    shown = times.clock(int(at.timestamp() * 1000), zone)
    found = re.fullmatch(r"(\d\d):(\d\d) \(UTC(?:([+-])(\d{1,2})(?::(\d\d))?)?\)", shown)
    assert found, shown
    away = timedelta(hours=int(found[4] or 0), minutes=int(found[5] or 0))
    local = timedelta(hours=int(found[1]), minutes=int(found[2]))
    back = local + away if found[3] == "-" else local - away
    exact = at.astimezone(ZoneInfo(zone)).utcoffset() or timedelta()
    slack = 60 if exact.total_seconds() % 60 else 0
    error = (back - timedelta(hours=at.hour, minutes=at.minute)).total_seconds() % 86_400
    assert min(error, 86_400 - error) <= slack


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("Europe/Warsaw", "12:04 (UTC+1)"),
        ("Asia/Kolkata", "16:34 (UTC+5:30)"),
        ("Asia/Kathmandu", "16:49 (UTC+5:45)"),
        ("America/St_Johns", "08:34 (UTC-2:30)"),
        ("America/New_York", "07:04 (UTC-4)"),
        ("UTC", "11:04 (UTC)"),
        ("", "11:04 (UTC)"),
        ("Mars/Olympus", "11:04 (UTC)"),
        ("../etc/passwd", "11:04 (UTC)"),
        ("Europe", "11:04 (UTC)"),
        ("a\0b", "11:04 (UTC)"),
        ("x" * 5000, "11:04 (UTC)"),
    ],
)
def test_times_name_their_zone(zone: str, shown: str) -> None:
    """Half and quarter hours are written out, and a zone that nobody knows is UTC."""
    assert times.clock(1_773_918_240_000, zone) == shown


@pytest.mark.parametrize(
    ("given_id", "shown"),
    [("23456789012", "234 567 890 12"), ("234 567-89", "234 567 89"), ("1", "1"), ("ab12", "ab12"), ("", "")],
)
def test_ids_are_grouped_by_three(given_id: str, shown: str) -> None:
    """Digits come in threes; what is no number is left as Microsoft gave it."""
    assert numbers.by_three(given_id) == shown


@given(st.text("0123456789\u0660\u0661\u0662 ()+-", max_size=30), st.text("0123456789", max_size=12))
def test_one_tap_keeps_every_digit_in_order(number: str, conference_id: str) -> None:
    """What a phone dials are the number's digits as 0 to 9, a pause, the id's and the hash."""
    dialled, pause, rest = numbers.one_tap(number, conference_id).partition(",,")
    assert (pause, rest) == (",,", conference_id + "#")
    assert re.fullmatch(r"\+?[0-9]*", dialled)
    assert dialled.lstrip("+") == "".join(numbers.groups(number))


PO = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n'
"""How a catalogue begins."""


def test_a_translation_is_used_and_the_rest_is_english(tmp_path: Path) -> None:
    """A catalogue's words are shown, what it lacks is English, and its parent serves a regional tag."""
    (tmp_path / "ar.po").write_text(
        f'{PO}\nmsgid "More"\nmsgstr "المزيد"\n\nmsgid "Help"\nmsgstr ""\n', encoding="utf-8"
    )
    says = Words("ar-EG", tmp_path)
    assert (says("More"), says("Help"), says("")) == ("المزيد", "Help", "")
    assert (says.language, says.rtl) == ("ar", True)
    english = Words("de-DE", tmp_path)
    assert (english("More"), english.language, english.rtl) == ("More", "en", False)


def test_a_language_counts_in_its_own_way(tmp_path: Path) -> None:
    """One, two, few and many are told apart where a language does so; English has one and the rest."""
    forms = (
        '"Plural-Forms: nplurals=3; plural=n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2;\\n"\n\n'
        'msgid "{count} minute"\nmsgid_plural "{count} minutes"\n'
        'msgstr[0] "{count} minuta"\nmsgstr[1] "{count} minuty"\nmsgstr[2] "{count} minut"\n'
    )
    (tmp_path / "pl.po").write_text(PO + forms, encoding="utf-8")
    says = Words("pl-PL", tmp_path)
    counted = [says.many("{count} minute", "{count} minutes", count).format(count=count) for count in (1, 2, 5, 22)]
    assert counted == ["1 minuta", "2 minuty", "5 minut", "22 minuty"]
    assert says.many("one", "several", 1) == "one"
    assert Words("en").many("one", "several", 2) == "several"
    assert spoken(tmp_path) == ["en", "pl"]


def test_a_language_that_is_off_is_english() -> None:
    """Who reads a language that nobody switched on is answered in English; one that is on keeps its region."""
    asked = ("fr-CA", "en-US", "de-DE", "ko")
    assert [preferred(tag, ("en", "fr")) for tag in asked] == ["fr-CA", "en-US", "en", "en"]


def test_a_catalogue_babel_knows_nothing_about_still_speaks(tmp_path: Path) -> None:
    """A language without any times and lists of its own gets the English ones."""
    (tmp_path / "xx.po").write_text(f'{PO}\nmsgid "More"\nmsgstr "Xx"\n', encoding="utf-8")
    says = Words("xx", tmp_path)
    assert (says("More"), says.listed(["Ana", "Ben"])) == ("Xx", "Ana and Ben")


@pytest.mark.parametrize("language", ["", "../../etc", "en-US", "x", "de\0", "a" * 3000])
def test_any_language_tag_is_answered(room: Callable[..., Any], language: str) -> None:
    """A locale from outside never breaks a card: what is not known is English."""
    shown = cards.render_room(room(language=language))
    assert shown.text.startswith("Retro: open\n")
    assert shown.card is not None
    assert shown.card["lang"] == "en"
