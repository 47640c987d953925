from __future__ import annotations

from pathlib import Path

import pytest

from bot.commands import table
from bot.docs import generated, renew


def test_the_readme_s_generated_parts_are_renewed_in_place(tmp_path: Path) -> None:
    """A new command appears in the README's table by one command, and the rest of the README stays."""
    readme = tmp_path / "README.md"
    readme.write_text("before\n<!-- commands -->\nold\n<!-- /commands -->\nafter\n", encoding="utf-8")
    assert renew(readme, check=True)
    assert renew(readme)
    assert not renew(readme)
    assert readme.read_text(encoding="utf-8") == f"before\n<!-- commands -->\n{table()}\n<!-- /commands -->\nafter\n"


def test_a_readme_without_the_place_is_an_error() -> None:
    """A part that has lost its place in the README is noticed."""
    with pytest.raises(ValueError, match="no place for commands"):
        generated("nothing here", {"commands": "x"})
