"""What doctor found, for a terminal and for programs. Pure."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from bot.checkup import Finding, Findings, Status, Step, next_line, place_of, well

MARKS = {Status.OK: "ok", Status.TODO: "TO DO", Status.UNKNOWN: "?", Status.OFF: "-"}
SHAPE = 1
"""The version of the JSON: it rises when something leaves it or means something else."""


def lines(findings: Findings) -> list[str]:
    """Return every line, and the next step at the end."""
    wide = max(len(finding.check) for finding in findings)
    told = [line for finding in findings for line in _lines(finding, wide)]
    return [*told, "", "All is well." if well(findings) else next_line(findings)]


def _lines(finding: Finding, wide: int) -> list[str]:
    says = f"not known until: {finding.until}" if finding.status is Status.UNKNOWN else finding.says
    head = f"{MARKS[finding.status]:<5}  {finding.check:<{wide}}  {says}"
    return [head, *(f"{'':<{wide + 9}}{line}" for line in (_step(finding.step) if finding.step else ()))]


def _step(step: Step) -> tuple[str, ...]:
    after = (step.after,) if step.after else ()
    return (f"Who: {step.who}. Where: {step.do}", *(f"  {line}" for line in step.lines), *after)


def as_data(findings: Findings) -> dict[str, Any]:
    """Return the same as JSON has it: `version`, `well`, `next`, and `checks` in their order.

    A check has `check`, `status` (`ok`, `to do`, `not known`, `off`), `says`, `stage` (its part of the set-up and how
    many there are, null for what is off), `step` (or null: `do`, `who`, `minutes`, `lines`, `after`) and `until`.
    """
    told = []
    for finding in findings:
        stage = None if finding.status is Status.OFF else list(place_of(finding, findings))
        told.append({**asdict(finding), "stage": stage})
    return {"version": SHAPE, "well": well(findings), "next": next_line(findings), "checks": told}
