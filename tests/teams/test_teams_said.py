"""Mention removal and plain text: no word is ever eaten."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.teams.said import LONGEST_BYTES, around_bot, without_bot, words

pytestmark = pytest.mark.usefixtures("untraced")

BOT = "28:bot"
WORD = st.text("abcdeMust", min_size=1, max_size=8)


def mention(name: str, key: str = BOT, text: str | None = None) -> dict[str, Any]:
    """Return a mention entity."""
    return {"type": "mention", "text": text or f"<at>{name}</at>", "mentioned": {"id": key, "name": name}}


@pytest.mark.parametrize(
    ("text", "entities", "left"),
    [
        ("<at>meet</at> meet now", [mention("meet")], "meet now"),
        ("meet now <at>Bot</at>", [mention("Bot")], "meet now"),
        ("<at>Bot</at> ask <at>Bot Two</at>", [mention("Bot"), mention("Bot Two", "28:2")], "ask Bot Two"),
        ('<at id="0">Bot</at> help', [mention("Bot")], "help"),
        ('<at id="0">Bot</at> help', [mention("Bot", text='<at id="0">Bot</at>')], "help"),
        ("<at>R&amp;D</at> help", [mention("R&D", text="<at>R&amp;D</at>")], "help"),
        ("<at>Mus</at> help", [mention("Muster", text="<at>Mus</at>")], "help"),
        ("<at>Muster</at> help", [{"mentioned": {"id": BOT, "name": "Muster"}}], "help"),
        ("<at>Ana</at> <at>Ana</at>", [mention("Ana", "29:1"), mention("Ana")], "Ana"),
        ("<at>Muster</at> a <at>Muster</at>", [mention("Muster")], "a"),
        ("<at>Muster</at> help", [], "Muster help"),
        ("<at>Muster</at> help", [{"mentioned": None}, {"mentioned": {"id": 5}, "text": 7}], "Muster help"),
        ("<at>Muster help", [mention("Muster")], "<at>Muster help"),
    ],
)
def test_only_the_bots_own_spans_go(text: str, entities: list[dict[str, Any]], left: str) -> None:
    """What an entity gives to the bot is taken out, wherever it stands, and nothing else."""
    assert words(without_bot(text, entities, BOT)) == left


def test_a_mention_in_the_middle_of_a_sentence_is_known() -> None:
    """What stands before and after the bot's mention is told apart where both are there."""
    for text, around in {
        "Ben, <at>Bot</at> meet now": ("Ben,", "meet now"),
        "as <at>Bot</at> said, <at>Bot</at> knows": ("as", "said, knows"),
        "<at>Bot</at> meet now": (),
        "meet now <at>Bot</at>": (),
        "meet\0 now": (),
        "\0<at>Bot</at> now": (),
    }.items():
        assert around_bot(text, [mention("Bot")], BOT) == around


@given(st.lists(st.tuples(WORD, st.sampled_from(["word", "bot", "person", "loose"])), max_size=12), WORD)
def test_mention_removal_never_eats_a_word(pieces: list[tuple[str, str]], bot_name: str) -> None:
    """Whatever the bot is called, every word that is not its own mention is still there, in order."""
    text, entities, left = [], [], []
    for word, what in pieces:
        name = bot_name if what == "bot" else word
        text.append(name if what == "word" else f"<at>{name}</at>")
        if what in ("bot", "person"):
            entities.append(mention(name, BOT if what == "bot" else "29:1"))
        if what != "bot":
            left.append(word)
    loose = {word for word, what in pieces if what == "loose"}
    assume(not loose & {bot_name, *(word for word, what in pieces if what == "person")})
    assert words(without_bot(" ".join(text), entities, BOT)).split() == left


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("meet\u00a0now\r\n\u200bRetro", "meet now Retro"),
        ("meet now&nbsp;R&amp;D", "meet now R&D"),
        ("\u201cmeet\u201d \u2019now\u2018", "\"meet\" 'now'"),
        ("\uff4d\uff45\uff45\uff54 now \uff03x", "meet now #x"),
        ("me\u00adet\ufeff n\u200cow", "meet now"),
        ("pay\u202egpj.exe", "paygpj.exe"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
        ("a\x00b\x7fc", "a b c"),
        ("", ""),
    ],
)
def test_text_becomes_plain(typed: str, plain: str) -> None:
    """Blanks of all kinds, full-width letters, smart quotes and invisible signs do not change a command."""
    assert words(typed) == plain


@given(st.lists(WORD, max_size=20), st.sampled_from([" ", "\u00a0", "\n", "  ", "\u200b", "\u2028", "&nbsp;", "\t"]))
def test_any_blank_is_a_blank(said: list[str], blank: str) -> None:
    """Words stay as they are whatever stands between them."""
    assert words(blank.join(said)).split() == said


@given(st.text(max_size=200))
def test_plain_text_stays_plain(text: str) -> None:
    """Making plain text plain again changes nothing but what HTML writes."""
    once = words(text)
    assert "  " not in once
    assert once == once.strip()
    assert words(once) == once or "&" in once


@pytest.mark.parametrize("piece", ["<at>", "<at ", "<at>a", "\u0300\u0316", "&", "&amp;", "\u200c", "\ufdfa", "<"])
def test_hostile_text_takes_linear_time_and_stays_bounded(piece: str) -> None:
    """28 KiB of the worst text are read in a blink."""
    text = piece * (LONGEST_BYTES // len(piece.encode()) + 100)
    began = time.process_time()
    plain = words(without_bot(text, [mention("x")], BOT))
    assert time.process_time() - began < 0.5
    assert len(plain.encode()) <= LONGEST_BYTES
