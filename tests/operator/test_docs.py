"""What documents have from the code is put where it belongs, and nothing else is touched."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

import app
from bot import cli, docs


def test_made_parts_are_renewed_in_place(tmp_path: Path) -> None:
    """A new command appears in the README's table by one command, and the rest of the README stays."""
    readme = tmp_path / "README.md"
    readme.write_text("before\n<!-- commands -->\nold\n<!-- /commands -->\nafter\n", encoding="utf-8")
    made = {"README.md": {"commands": "| new |"}}
    assert docs.renew(tmp_path, made, check=True) == ["README.md"]
    assert docs.renew(tmp_path, made) == ["README.md"]
    assert docs.renew(tmp_path, made) == []
    assert readme.read_text(encoding="utf-8") == "before\n<!-- commands -->\n| new |\n<!-- /commands -->\nafter\n"


def test_a_page_may_be_made_as_a_whole(tmp_path: Path) -> None:
    """A page of which every word is the code's is written where there was none, and anew when it differs."""
    made = {"PAGE.md": {docs.WHOLE: "# Page\n"}}
    assert docs.renew(tmp_path, made) == ["PAGE.md"]
    assert docs.renew(tmp_path, made, check=True) == []
    assert (tmp_path / "PAGE.md").read_text(encoding="utf-8") == "# Page\n"


@pytest.mark.parametrize(("times", "much"), [(0, "no"), (2, "more than one")])
def test_a_document_without_one_place_is_an_error(times: int, much: str) -> None:
    """A part that has lost its place in a document, or stands there twice, is noticed."""
    with pytest.raises(ValueError, match=rf"infra/X\.md has {much} place for commands"):
        docs.generated("<!-- commands -->\n<!-- /commands -->\n" * times, {"commands": "x"}, "infra/X.md")


def test_a_part_stands_in_a_document_once() -> None:
    """A merge that left the same table twice is noticed."""
    twice = "<!-- commands -->\n<!-- /commands -->\n" * 2
    with pytest.raises(ValueError, match=r"infra/X\.md has more than one place for commands"):
        docs.generated(twice, {"commands": "x"}, "infra/X.md")


def test_docs_says_what_is_not_true_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`docs --check` names each document that differs from the code and the line that mends it; `docs` mends it."""
    (tmp_path / "infra").mkdir()
    (tmp_path / "Makefile").write_text("demo:  ## Watch (ARGS='a|b')\n", encoding="utf-8")
    for name, contents in docs.parts(tmp_path, {}).items():
        (tmp_path / name).write_text("".join(f"<!-- {part} -->\n<!-- /{part} -->\n" for part in contents), "utf-8")
    monkeypatch.setattr(cli, "ROOT", tmp_path)
    assert cli._docs(argparse.Namespace(check=True), app.build) == 1
    told = capsys.readouterr().out
    assert "infra/TROUBLESHOOTING.md" in told
    assert "python app.py docs" in told
    assert cli._docs(argparse.Namespace(check=False), app.build) == 0
    assert "| `make demo` | Watch (ARGS='a\\|b') |" in (tmp_path / "CONTRIBUTING.md").read_text("utf-8")
    assert cli._docs(argparse.Namespace(check=True), app.build) == 0


def test_every_command_line_is_known_with_its_steps() -> None:
    """The list of command lines is complete: those that serve, those of administrators, and each step of one."""
    lines = cli.lines()
    assert {"serve", "demo", "test", "manifest build", "permissions", "turns", "docs", "help"} <= set(lines)
    assert "manifest" not in lines
    assert all(lines.values())
