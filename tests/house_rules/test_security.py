"""The reviewer's page: no threat without a control and a test that is there, and no rule of the doors left out."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ENGINE_4 = [f"4.{number}" for number in range(1, 13)]
"""What ENGINE 4 counts up."""
DOORS = [f"door {number}" for number in range(1, 6)]
"""The lines of DESIGN 9: tokens, the app id, allow-lists and limits, callbacks, secrets."""
Row = tuple[str, str, str, str]


def rows(page: str) -> list[Row]:
    """Return the table of threats: the rule, the threat, the control and the proofs."""
    section = page.partition("## Threats, controls, proofs")[2].partition("\n## ")[0]
    found = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]*) \|$", section, re.MULTILINE)
    return [row for row in found if row[0] not in {"Rule", "---"}]


def proofs(cell: str) -> list[tuple[str, str]]:
    """Return the tests a row names, each as its file below the top and its function."""
    return [
        ("tests/" + file, f"test_{name.replace(' ', '_')}")
        for name, file in re.findall(r"\[([^]]+)\]\(\.\./tests/([^)]+)\)", cell)
    ]


def unproven(row: Row, root: Path) -> list[str]:
    """Return which of a row's tests are not there; a row without any has that to say."""
    named = proofs(row[3])
    missing = [f"{file}::{name}" for file, name in named if name not in promises(root / file)]
    return missing if named else ["no proof"]


def promises(file: Path) -> set[str]:
    """Return the tests that a file has, none if there is no such file."""
    tree = ast.parse(file.read_text(encoding="utf-8") if file.is_file() else "")
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.fixture(scope="module")
def page(root: Path) -> str:
    """What a reviewer reads."""
    return (root / "infra" / "SECURITY.md").read_text(encoding="utf-8")


def test_every_threat_has_a_control_and_a_proof(page: str, root: Path) -> None:
    """Each row of the page names a threat, what stands against it, and tests that exist."""
    found = rows(page)
    assert all(threat.strip() and control.strip() for _, threat, control, _ in found)
    assert {row[0]: lacking for row in found if (lacking := unproven(row, root))} == {}


def test_no_rule_of_the_doors_is_left_out(page: str) -> None:
    """Every line of the engine's list of doors and secrets, R26 and the five lines of the design each have a row."""
    named = [row[0] for row in rows(page)]
    assert len(named) == len(set(named))
    assert [rule for rule in (*ENGINE_4, "R26", *DOORS) if rule not in named] == []


@pytest.mark.parametrize(
    ("cell", "lacking"),
    [
        ("", ["no proof"]),
        ("a promise without a link", ["no proof"]),
        (
            "[nobody wrote this](../tests/teams/test_teams_door.py)",
            ["tests/teams/test_teams_door.py::test_nobody_wrote_this"],
        ),
        ("[expired](../tests/teams/no_such_file.py)", ["tests/teams/no_such_file.py::test_expired"]),
        ("[expired](../tests/teams/test_teams_door.py)", []),
    ],
)
def test_a_threat_without_a_proof_is_found(cell: str, lacking: list[str], root: Path) -> None:
    """A row that names no test, or one that is not there, does not pass."""
    assert unproven(("4.1", "threat", "control", cell), root) == lacking


def test_a_rule_that_was_dropped_is_found(page: str) -> None:
    """Taking one row out of the page turns the rule red."""
    without = re.sub(r"^\| 4\.6 \|.*\n", "", page, flags=re.MULTILINE)
    assert {row[0] for row in rows(page)} - {row[0] for row in rows(without)} == {"4.6"}
