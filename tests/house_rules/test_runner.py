"""`make test` itself: it says which gate failed, what repairs it, and how pytest closed."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

CLOSING = "==== 3 passed in 0.10s ===="


@pytest.fixture(scope="module")
def runner(root: Path) -> ModuleType:
    """tests/__main__.py as a module."""
    spec = importlib.util.spec_from_file_location("muster_gates", root / "tests" / "__main__.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def prints(text: str, code: int = 0) -> tuple[str, ...]:
    """A step that prints a text and exits."""
    return (sys.executable, "-c", f"import sys; print({text!r}); sys.exit({code})")


def test_when_all_gates_pass_pytest_s_line_comes_last(runner: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """A reader of the last line sees how many tests passed, and the exit status is 0."""
    gates = (
        runner.Gate("tests", (prints(CLOSING), prints("TOTAL 10 0 97%")), "-"),
        runner.Gate("lint", (prints("x"),), "-"),
    )
    assert runner.run_all(gates, {}) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[-1] == CLOSING
    assert any("3 passed in 0.10s, branches covered 97%" in line for line in shown)
    assert shown[-2].startswith("all gates passed in ")


def test_a_failed_gate_shows_its_output_and_its_repair(runner: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """One failing gate fails the run; what it printed and what repairs it are shown, and the other gates still run."""
    steps = (prints("line 7 is wrong", 3), prints("never reached"))
    gates = (runner.Gate("lint", steps, "make format"), runner.Gate("types", (prints("fine"),), "-"))
    assert runner.run_all(gates, {}) == 1
    shown = capsys.readouterr().out
    assert "line 7 is wrong" in shown
    assert "repair lint: make format" in shown
    assert "never reached" not in shown
    assert "ok    types" in shown


def test_the_machine_s_own_settings_do_not_reach_the_tests(
    runner: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a developer has set, such as MUSTER_STORE, never reaches the tests, which say how they are kept offline."""
    monkeypatch.setenv("MicrosoftAppId", "mine")
    monkeypatch.setenv("MUSTER_STORE", "mine")
    monkeypatch.setenv("SSL_CERT_FILE", "mine")
    _, environ = runner.offline()
    assert "mine" not in environ.values()
    assert environ["MUSTER_SETUP"] == "off"
    assert capsys.readouterr().out.startswith("network: a ")
