"""Every card in every state is one that Teams can draw."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import cards
from tests.cards.gallery import gallery

pytestmark = pytest.mark.usefixtures("untraced")

SCHEMA = Path(__file__).resolve().parents[3] / "shared" / "schemas" / "adaptive-card.1.5.json"
LIMIT = 28 * 1024
IDENTIFIER = re.compile(r"[A-Z]\w*\.\w+|[\d.]+(px)?|https://.*")
"""What the schema looks at besides the words that stand in itself: versions, sizes, addresses."""


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft6Validator:
    """Return Microsoft's own schema of Adaptive Cards 1.5."""
    if not SCHEMA.exists():
        pytest.skip("Microsoft's schema of Adaptive Cards 1.5 is not beside this checkout")
    return jsonschema.Draft6Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def every_card() -> dict[str, dict[str, Any]]:
    """Return every card there is, by language and name; dialogs have tests of their own."""
    return {f"{shown.language}: {shown.name}": shown.card for shown in gallery() if shown.narrow}


def test_microsofts_schema_accepts_every_card(
    validator: jsonschema.Draft6Validator, every_card: dict[str, dict[str, Any]]
) -> None:
    """Every card validates against the schema, which does not know the msteams key (facts/teams 3.5)."""
    assert {card["msteams"]["width"] for card in every_card.values()} == {"Full"}
    known = frozenset(words(validator.schema))
    # What differs in nothing but its words is looked at once.
    pieces = {
        json.dumps(wordless(piece, known)): (name, piece) for name, card in every_card.items() for piece in parts(card)
    }
    wrong = {
        name: [problem.message[:200] for problem in problems]
        for name, piece in pieces.values()
        if (problems := list(validator.iter_errors(piece)))
    }
    assert wrong == {}
    assert list(validator.iter_errors({"type": "AdaptiveCard", "body": [{"type": "Nonsense"}]})), "it is applied"


def test_every_card_is_small_enough(every_card: dict[str, dict[str, Any]]) -> None:
    """No card is larger than the smallest limit that Teams ever had."""
    sizes = {name: len(json.dumps(card, ensure_ascii=False).encode()) for name, card in every_card.items()}
    assert {name: size for name, size in sizes.items() if size > LIMIT} == {}


def test_every_button_has_a_name_and_a_tooltip(every_card: dict[str, dict[str, Any]]) -> None:
    """Somebody who cannot see a button hears what it does, and no two of a card sound the same."""
    for name, card in every_card.items():
        rows = [element for element in flat(card["body"]) if element["type"] == "ActionSet"]
        titles = [action["title"] for row in rows for action in row["actions"]]
        assert all(action["title"] and action["tooltip"] for row in rows for action in row["actions"]), name
        assert len(titles) == len(set(titles)), name


def test_every_text_wraps(every_card: dict[str, dict[str, Any]]) -> None:
    """Nothing is cut off on a narrow screen, and no text is empty."""
    for name, card in every_card.items():
        texts = [element for element in flat(card["body"]) if element["type"] == "TextBlock"]
        assert texts, name
        assert all(text["wrap"] is True and text["text"] for text in texts), name


def flat(elements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return elements and those inside them."""
    return [inner for element in elements for inner in (element, *flat(element.get("items", [])))]


def test_drawing_cards_does_not_load_microsofts_library() -> None:
    """Nobody waits for the typed library: the bot's first card is drawn without it."""
    program = "import sys, cards; cards.warm(['en', 'de-DE', '']); assert 'microsoft_teams' not in sys.modules"
    done = subprocess.run(  # noqa: S603 - our own interpreter with our own words
        [sys.executable, "-c", program], cwd=Path(cards.__file__).parents[1], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def parts(card: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a card with each of its elements alone: the schema judges an element without the others."""
    plain = {key: value for key, value in card.items() if key != "msteams"}
    yield from ({**plain, "body": [element]} for element in card["body"])


def words(node: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """Yield every name and every text of a schema."""
    if isinstance(node, dict):
        yield from node
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from words(inner)
    if isinstance(node, str):
        yield node


def wordless(node: Any, known: frozenset[str]) -> Any:  # noqa: ANN401 - any JSON
    """Return a card with every text, whatever it says, as the same text, unless the schema knows it."""
    if isinstance(node, dict):
        return {key: wordless(value, known) for key, value in node.items()}
    if isinstance(node, list):
        return [wordless(value, known) for value in node]
    return "" if isinstance(node, str) and node not in known and not IDENTIFIER.fullmatch(node) else node
