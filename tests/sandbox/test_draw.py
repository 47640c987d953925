"""Cards as text: golden boxes, and what must hold for any card."""

from __future__ import annotations

from typing import Any

import pytest
from rich.cells import cell_len

from bot.sandbox import draw
from bot.sandbox.draw import Numbers
from bot.sandbox.lines import readable, wrapped
from tests.sandbox import sample_bot

CARD = sample_bot.sample_card()

BOX = """\
╭─ Muster in #incidents ───────────────────────────────────────────────────╮
│ Retro: open                                                              │
│ Ana Lima is hosting · since 12:04 (UTC+1)                                │
│ Phone: +44 20 7946 0123 (London) or +44 808 157 0192 (free), then        │
│ 123 456 789#                                                             │
│ Callers come straight in.                                                │
│                                                                          │
│ https://teams.example/meet/23456789012?p=demo                            │
╰─ [1] Join Retro   [2] More ──────────────────────────────────────────────╯"""

PLAIN = """\
Muster in #incidents
Retro: open
Ana Lima is hosting · since 12:04 (UTC+1)
Phone: +44 20 7946 0123 (London) or +44 808 157 0192 (free), then 123 456 789#
Callers come straight in.
https://teams.example/meet/23456789012?p=demo
[1] Join Retro   [2] More"""


def text(*body: dict[str, Any], width: int = 72, shown: tuple[str, ...] = (), **card: Any) -> list[str]:  # noqa: ANN401 - any JSON
    return draw.drawing({"body": list(body), **card}, Numbers().of("1"), width=width, shown=shown).lines


def test_a_card_is_drawn_in_a_box_as_the_picture_shows() -> None:
    """The box has the chat in its upper border, the buttons in its lower one, and is 76 columns wide."""
    drawn = draw.boxed(draw.drawing(CARD, Numbers().of("1")), "Muster in #incidents")
    assert drawn == BOX
    assert {cell_len(line) for line in drawn.split("\n")} == {76}


def test_a_card_without_a_box_has_the_same_words() -> None:
    """Screen readers and pipes get plain lines; how to dial in is one of them, whole."""
    assert draw.plain(draw.drawing(CARD, Numbers().of("1"), wraps=False), "Muster in #incidents") == PLAIN


def test_a_box_can_be_drawn_with_ascii_alone() -> None:
    """A console that is not UTF-8 gets a box of + - and |."""
    drawn = draw.boxed(draw.drawing(CARD, Numbers().of("1")), "Muster", unicode=False).split("\n")
    assert drawn[0].startswith("+- Muster --")
    assert drawn[-1].startswith("+- [1] Join Retro   [2] More --")
    assert all(line[0] == line[-1] == "|" for line in drawn[1:-1])


def test_a_link_and_a_number_are_never_broken() -> None:
    """Each fact can be found with grep on one line, whatever the width."""
    link = "https://teams.example/" + "a" * 90
    action = {"type": "Action.OpenUrl", "title": "Join", "url": link}
    card = {"body": [{"type": "TextBlock", "text": "Call +44 20 7946 0123 then 123 456 789#"}], "actions": [action]}
    drawn = draw.boxed(draw.drawing(card, Numbers().of("1"), width=20), "Muster").split("\n")
    for fact in (link, "+44 20 7946 0123", "123 456 789#"):
        assert any(fact in line for line in drawn)


def test_what_is_hidden_is_drawn_once_it_is_toggled() -> None:
    """More shows what it hides, with its buttons."""
    number = Numbers().of("1")
    assert "234 567 890 12" not in draw.plain(draw.drawing(CARD, number), "")
    drawn = draw.drawing(CARD, number, shown={"more"})
    assert "Teams meeting ID 234 567 890 12" in drawn.lines
    assert drawn.buttons == ["[1] Join Retro", "[2] More", "[3] End"]


def test_a_number_belongs_to_one_button_for_ever() -> None:
    """A button keeps its number when drawn again; a button of another message gets a new one."""
    numbers = Numbers()
    draw.drawing(CARD, numbers.of("1"))
    draw.drawing(CARD, numbers.of("1"))
    assert draw.drawing(CARD, numbers.of("2")).buttons == ["[3] Join Retro", "[4] More"]
    assert numbers.last == 4
    found = numbers.behind(3)
    assert found is not None
    assert found[0] == "2"
    assert numbers.behind(5) is None


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ("**bold** and _italic_", "bold and italic"),
        ("**a: _b_ c**", "a: b c"),
        (r"\*not bold\* \[x\]", "*not bold* [x]"),
        ("[docs](https://a.example/_x_y_)", "docs (https://a.example/_x_y_)"),
        ("[https://a.example](https://a.example)", "https://a.example"),
        ("snake_case_name", "snake_case_name"),
        ("a &amp; b", "a & b"),
        ("\u2068Retro\u2069", "Retro"),
        ("\x1b[31mred", "\ufffd[31mred"),
        ("2 * 3 * 4", "2 * 3 * 4"),
    ],
)
def test_markdown_reads_as_in_teams(markdown: str, words: str) -> None:
    """Marks, escapes and direction marks go, a link shows its address, and nothing commands the terminal."""
    assert readable(markdown) == words


def test_wide_characters_take_two_columns() -> None:
    """A Japanese subject does not push the border out."""
    card = {"body": [{"type": "TextBlock", "text": "今すぐ会議" * 20}]}
    drawn = draw.boxed(draw.drawing(card, Numbers().of("1")), "会議" * 60)
    assert {cell_len(line) for line in drawn.split("\n")} == {76}


def test_facts_stand_in_two_columns() -> None:
    """A fact's value hangs beside its title."""
    facts = [{"title": "Phone", "value": "London " * 12}, {"title": "ID", "value": "1"}]
    lines = text({"type": "FactSet", "facts": facts}, width=60)
    assert lines[0].startswith("Phone  London")
    assert lines[1].startswith("       London")
    assert lines[-1] == "ID     1"
    assert text({"type": "FactSet"}) == []


def test_columns_stand_beside_each_other_where_they_have_room() -> None:
    """Columns share the width; where one needs more, they stand below each other."""
    columns = [{"items": [{"type": "TextBlock", "text": word}]} for word in ("left", "right")]
    assert text({"type": "ColumnSet", "columns": columns}, width=30) == ["left            right"]
    assert text({"type": "ColumnSet", "columns": columns}, width=20) == ["left", "right"]
    columns[1]["items"].append({"type": "TextBlock", "text": "more"})
    row = {"type": "TableRow", "cells": columns}
    assert text({"type": "Table", "rows": [row]}, width=30) == ["left            right", "                more"]
    columns[0]["items"][0]["text"] = "https://a.example/" + "x" * 20
    assert len(text({"type": "ColumnSet", "columns": columns}, width=30)) == 3


def test_other_elements_have_words_too() -> None:
    """Rich text, pictures, inputs and fallbacks are read; what has no words is left out."""
    lines = text(
        {"type": "RichTextBlock", "inlines": ["a ", {"type": "TextRun", "text": "b"}]},
        {"type": "Image", "url": "https://a.example/x.png", "altText": "a chart"},
        {"type": "Image", "url": "https://a.example/x.png"},
        {"type": "Input.Text", "id": "subject", "label": "Subject", "value": "Retro"},
        {"type": "Media"},
        {"type": "New", "fallback": {"type": "TextBlock", "text": "old"}},
        {"type": "TextBlock", "text": ""},
        {"type": "TextBlock", "text": "- one two three\n2. four", "separator": True},
        width=10,
    )
    assert lines == ["a b", "(a chart)", "Subject:", "[Retro]", "old", "", "- one two", "  three", "2. four"]


def test_something_to_tap_is_a_button() -> None:
    """A container's selectAction is pressed like any other button."""
    action = {"type": "Action.Execute", "title": "Open", "verb": "open"}
    card = {
        "body": [{"type": "Container", "items": [], "selectAction": action}],
        "actions": [{"type": "Action.Submit"}],
    }
    assert draw.drawing(card, Numbers().of("1")).buttons == ["[1] Open"]


def test_many_buttons_take_more_than_one_line() -> None:
    """Buttons that have no room in the border stand above it, and long ones are cut."""
    actions = [{"type": "Action.Execute", "title": f"Button {at} " + "x" * 30, "verb": "v"} for at in range(3)]
    actions.append({"type": "Action.Execute", "title": "y" * 99, "verb": "v"})
    drawn = draw.boxed(draw.drawing({"actions": actions}, Numbers().of("1")), "Muster")
    assert {cell_len(line) for line in drawn.split("\n")} == {76}
    assert "[3] Button 2" in drawn
    assert "..." in drawn


def test_a_whisper_hangs_behind_its_lead() -> None:
    """Lines of a whisper stand below its first word, the buttons behind the last one where there is room."""
    card = {"body": [{"type": "TextBlock", "text": "There's already a meeting here: **Retro**, live since 12:04."}]}
    card["actions"] = [{"type": "Action.Execute", "title": "Start another", "verb": "meet"}]
    drawn = draw.hanging("  Only Ben sees:", draw.drawing(card, Numbers().of("1"), width=40))
    assert drawn == (
        "  Only Ben sees: There's already a meeting here: Retro,\n"
        "                 live since 12:04.   [1] Start another"
    )
    assert draw.hanging("Only Ben sees:", draw.Drawing()) == "Only Ben sees:"
    long = draw.Drawing(["x" * 60], [], ["[1] Join"])
    assert draw.hanging("Ben:", long, width=66).endswith("\n     [1] Join")


def test_an_empty_card_is_an_empty_box() -> None:
    """A card without anything is no error."""
    drawing = draw.drawing({}, Numbers().of("1"))
    assert drawing.heading == ""
    assert len(draw.boxed(drawing, "Muster").split("\n")) == 2
    assert wrapped("", 10) == [""]
