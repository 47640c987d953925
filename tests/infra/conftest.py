"""infra/'s templates, read once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.infra.templates import Parser, Template

INFRA = Path(__file__).resolve().parents[2] / "infra"


@pytest.fixture(scope="module", autouse=True)
def nothing_is_traced(untraced: None) -> None:
    """Judge files, of which none is run."""


@pytest.fixture(scope="session")
def bicep() -> Parser:
    """What reads Bicep."""
    pycep = pytest.importorskip("pycep", reason="pycep-parser, which reads Bicep, is not installed")
    parser: Parser = pycep.BicepParser()
    return parser


@pytest.fixture(scope="session")
def templates(bicep: Parser) -> dict[str, Template]:
    """Every template by its path in infra/."""
    paths = [INFRA / "main.bicep", *sorted((INFRA / "azure").glob("*.bicep"))]
    names = [path.relative_to(INFRA).as_posix() for path in paths]
    return {name: Template(name, (INFRA / name).read_text(encoding="utf-8"), bicep) for name in names}
