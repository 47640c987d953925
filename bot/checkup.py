"""What a doctor finds: one line for each thing that has to be right, with the one next step where it is not. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bot.model import Turn


class Status(StrEnum):
    """How one thing is. UNKNOWN: it cannot be seen before something else is right; OFF: these settings go without."""

    OK = "ok"
    TODO = "to do"
    UNKNOWN = "not known"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Step:
    """What to do next: `do` is a console path or a setting, `who` may do it (Microsoft's role names), about `minutes`.

    `lines` are typed there; `after` says when it works, and what else would.
    """

    do: str
    who: str
    minutes: int
    lines: tuple[str, ...] = ()
    after: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line. `stage` is the part of the set-up it belongs to, from 1; `until` what has to be right first."""

    check: str
    stage: int
    status: Status
    says: str
    step: Step | None = None
    until: str = ""


Findings = tuple[Finding, ...]


def well(findings: Findings) -> bool:
    """Say whether nothing is to do, and nothing unknown."""
    return all(finding.status in {Status.OK, Status.OFF} for finding in findings)


def place_of(finding: Finding, findings: Findings) -> tuple[int, int]:
    """Return which part of the set-up a finding belongs to, and how many there are: what is off is no part of it."""
    stages = sorted({one.stage for one in findings if one.status is not Status.OFF})
    return stages.index(finding.stage) + 1, len(stages)


def next_line(findings: Findings) -> str:
    """Return what to do next as one line (EXPERIENCE 1.20)."""
    for finding in findings:
        if finding.status is Status.TODO and (step := finding.step):
            number, count = place_of(finding, findings)
            typed = f": {'; '.join(step.lines)}" if step.lines else ""
            minutes = f"{step.minutes} minute{'' if step.minutes == 1 else 's'}"
            return f"Step {number} of {count}, about {minutes}: {step.do}{typed}. Needs: {step.who}."
    return "Nothing is left to do."


class Doctor(Protocol):
    """Looks at everything that has to be right. Leaves nothing behind and takes no longer than a minute."""

    async def examine(self, host: str = "", turn: Turn | None = None) -> Findings:
        """Return what there is to say; `host` (an object id) is who is to host, `turn` asks in a chat. Never raises."""
        ...
