"""English that people read stands where a catalogue finds it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

SENTENCE = re.compile(r"[A-Z][a-z']+[,.:]? [a-z']+|[a-z]{3,}.*\{\}|\{\}.*[a-z]{3,}")
"""Words that begin with a capital letter and go on, or that stand beside a `{name}`, whose own letters are left out."""
NAME = re.compile(r"\{\w+\}")
FOUND = frozenset({"says", "many"})


def test_what_cards_say_can_be_translated(production: dict[Path, ast.Module], root: Path) -> None:
    """No sentence of a card is written past `says(…)`, where no other language could have it."""
    shown = {path: tree for path, tree in production.items() if path.parent == root / "cards"}
    past = [f"{path.name}:{text.lineno} {text.value!r}" for path, tree in shown.items() for text in unsaid(tree)]
    assert past == []


def test_a_sentence_past_the_catalogue_is_found() -> None:
    """The rule sees a bare title, a bare template and an f-string, and leaves alone what goes through `says`."""
    bare = (
        'Line("{subject}: open"); Button(Act.OPEN, "Join in"); f"{x} Still needed"; "meet now"; says("Join {subject}")'
    )
    assert [text.value for text in unsaid(ast.parse(bare))] == ["{subject}: open", "Join in", " Still needed"]


def unsaid(tree: ast.Module) -> Iterator[ast.Constant]:
    """Yield the texts of a module that read like words for people, and are neither said nor documentation."""
    known = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and name(call.func) in FOUND:
            known |= {id(inner) for argument in call.args for inner in ast.walk(argument)}
    texts = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in known)
    yield from (text for text in texts if isinstance(text.value, str) and SENTENCE.search(NAME.sub("{}", text.value)))


def name(function: ast.expr) -> str:
    """Return what a called function is called: the last part of a dotted name."""
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
