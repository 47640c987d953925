from __future__ import annotations

import re

from bot.commands import grammar


def test_edges_are_found_without_going_back_and_forth() -> None:
    """A line of 28 KiB of dashes is folded by two searches, each of which stops at the first letter."""
    line = "a" + "_" * 27_000 + "a"
    assert grammar.fold(line) == line
    assert grammar.fold("_" * 27_000) == ""
    assert not re.search(r"[+*]", grammar._LETTER.pattern)
