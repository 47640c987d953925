"""The table of ways to a meeting: no row without a request, an answer and a journey, and README has it."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from tests.ways import ASKED, COMPARED, ROOT, Way, table

COMPARISON = ROOT.parent / "shared" / "seeds" / "000_6614add7d5e7ac3d.txt"
"""Microsoft's comparison, in a folder beside the project."""


def missing(way: Way) -> list[str]:
    """Return what a row lacks of its three proofs."""
    request, answer, file = (ROOT / proof for proof in way.proofs)
    lacks = []
    if not (request.is_file() and {"method", "path", "body"} <= set(json.loads(request.read_text("utf-8")))):
        lacks.append("request")
    if not (answer.is_file() and {"status", "body", "means"} <= set(json.loads(answer.read_text("utf-8")))):
        lacks.append("answer")
    journeys = file.parent == ROOT / "tests" / "journeys" and file.is_file()
    if not (journeys and way.journey.partition("::")[2] in promises_in(file)):
        lacks.append("journey")
    return lacks


def promises_in(file: Path) -> set[str]:
    """Return the tests that a file has."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {function.name for function in functions if function.name.startswith("test_")}


@pytest.mark.parametrize("way", [*COMPARED, *ASKED], ids=lambda way: f"{way.feature}-{way.sample}")
def test_every_way_has_its_three_proofs(way: Way) -> None:
    """Each row of README's table names a recorded request, a recorded answer and a test that goes the way."""
    assert missing(way) == []


@pytest.mark.parametrize("way", ASKED, ids=lambda way: f"{way.feature}-{way.sample}")
def test_a_request_s_row_shows_that_request(way: Way) -> None:
    """The recorded request of a row is of the method and the address that the row names."""
    request = json.loads((ROOT / way.proofs[0]).read_text("utf-8"))
    method, address = re.findall(r"`([A-Z]+) ([^`]+)`", way.feature)[0]
    pattern = re.escape(address).replace("…", "(/me|/users/[^/]+|/communications)").replace(r"\{id\}", "[^/]+")
    assert request["method"] == method
    assert re.fullmatch(pattern, request["path"].partition("?")[0]) or address == "…"


@pytest.mark.parametrize(
    ("way", "lacks"),
    [
        (Way("x", "x", "no-such-sample", COMPARED[0].journey), ["request", "answer"]),
        (Way("x", "x", COMPARED[0].sample, "tests/journeys/test_meet_now.py::test_that_nobody_wrote"), ["journey"]),
        (Way("x", "x", COMPARED[0].sample, "tests/graph/test_ways.py::test_the_same_meeting_again"), ["journey"]),
    ],
)
def test_a_row_without_proof_is_found(way: Way, lacks: list[str]) -> None:
    """A row whose sample or whose test is not there, or whose test is of no person's doing, does not pass."""
    assert missing(way) == lacks


def test_every_feature_microsoft_compares_is_answered() -> None:
    """No row of Microsoft's comparison is left out, and none is made up."""
    if not COMPARISON.exists():
        pytest.skip("Microsoft's comparison is not beside the project")
    rows = re.findall(r"^\|([^|]+)\|", COMPARISON.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
    features = {row.strip() for row in rows[2:]}
    assert len(features) == 9
    assert {way.feature for way in COMPARED} == features


def test_the_readme_has_the_table(root: Path) -> None:
    """README's table of ways is the one made from the list; `python -m tests.ways` renews it."""
    readme = (root / "README.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- ways -->\n(.*?)<!-- /ways -->", readme, re.DOTALL)
    assert found is not None
    assert found[1].strip() == table()
