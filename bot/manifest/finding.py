"""One thing that is wrong with an app package."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """`rule` is a word for machines, `where` the file and the place in it, `what` is wrong there, `repair` mends it."""

    rule: str
    where: str
    what: str
    repair: str

    @property
    def line(self) -> str:
        """Return it as one line, whatever the package's own names contain."""
        return " ".join(f"{self.where}: {self.what} Repair: {self.repair}".split())
