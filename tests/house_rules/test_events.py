"""The list of events against the code: an administrator finds each line of the log in it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from bot.telemetry.catalogue import EVENTS, page

FIRST_WORDS = {name.partition(".")[0] for name in EVENTS}
NAME = re.compile(rf"(?:{'|'.join(sorted(FIRST_WORDS))})\.[a-z_]+")
BESIDES = {"bot/telemetry/catalogue.py", "bot/telemetry/spans.py", "bot/telemetry/measures.py"}


def named(tree: ast.Module) -> set[str]:
    """Return what a module calls its events: the first word given to Event, and every text that looks like one."""
    nodes = list(ast.walk(tree))
    calls = [node for node in nodes if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Event"]
    firsts = [call.args[0] for call in calls if call.args]
    texts = [node for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    looks = {str(text.value) for text in texts if NAME.fullmatch(str(text.value))}
    return looks | {str(first.value) for first in firsts if isinstance(first, ast.Constant)}


def test_every_event_is_listed_and_happens(production: dict[Path, ast.Module], root: Path) -> None:
    """The list has each event that the code knows, and no other."""
    files = {path.relative_to(root).as_posix(): tree for path, tree in production.items()}
    ours = [tree for name, tree in files.items() if not name.startswith("bot/sandbox/") and name not in BESIDES]
    assert set().union(*map(named, ours)) == set(EVENTS)


def test_the_page_of_events_is_the_list(root: Path) -> None:
    """infra/EVENTS.md says what the list says; `python app.py docs` renews it."""
    assert (root / "infra" / "EVENTS.md").read_text(encoding="utf-8") == page()
