"""Whether anything that is locked has a known vulnerability: pip-audit over every version of every lock.

It asks PyPI, then OSV; where neither can be reached nothing is known, and that is what is said.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.assurance import advisories
from tests.assurance.locks import Pin

UNREACHED = "advisories could not be reached"
SERVICES = (("-s", "pypi"), ("-s", "osv"))


@dataclass(frozen=True, slots=True)
class Audited:
    """What was found: `known` is False where nobody could be asked, and `why`; else one line for each vulnerability."""

    known: bool
    why: str
    vulnerable: tuple[str, ...] = ()


def audit(pins: Sequence[Pin], file: Path | None, services: Sequence[tuple[str, ...]] = SERVICES) -> Audited:
    """Return what is known of these packages, from a file of OSV's records or from the services.

    Raises OSError or ValueError for a file that is none.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if file is not None:
            url = stack.enter_context(advisories.served(advisories.read_records(file)))
            services = (("-s", "osv", "--osv-url", url),)
        lists = _written(pins, folder)
        why = ""
        for service in services:
            packages: list[dict[str, Any]] = []
            for one in lists:
                said, why = _asked(["-r", str(one), *service, "--cache-dir", str(folder / "cache")])
                if said is None:
                    break
                packages += said
            else:
                found = _read(packages, len(pins))
                if found.known:
                    return found
                why = found.why
    return Audited(known=False, why=f"{UNREACHED}: {why}")


def _written(pins: Sequence[Pin], folder: Path) -> list[Path]:
    """Write lists in each of which no package stands twice, without markers: other systems' packages count too."""
    lists: list[dict[str, Pin]] = []
    for pin in pins:
        room = next((one for one in lists if pin.name not in one), None)
        if room is None:
            room = {}
            lists.append(room)
        room[pin.name] = pin
    written = []
    for number, one in enumerate(lists):
        lines = [f"{pin.name}=={pin.version} --hash=sha256:{pin.hashes[0]}" for pin in one.values()]
        written.append(folder / f"list-{number}.txt")
        written[-1].write_text("\n".join(lines), encoding="utf-8")
    return written


def _asked(words: Sequence[str]) -> tuple[list[dict[str, Any]] | None, str]:
    """Run pip-audit and return what it says of each package, or None and why not.

    Its status tells nothing: it is 1 for findings and for failures.
    """
    command = (sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip", "-f", "json")
    done = subprocess.run(  # noqa: S603 - pip-audit, with words of ours
        [*command, "--progress-spinner", "off", "--timeout", "10", *words], capture_output=True, text=True, check=False
    )
    try:
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        said = [line for line in done.stderr.splitlines() if line.strip()] or ["it said nothing"]
        return None, said[-1][:120]
    return packages, ""


def _read(packages: Sequence[dict[str, Any]], wanted: int) -> Audited:
    looked_at = [one for one in packages if "vulns" in one]
    vulnerable = tuple(
        f"{one['name']} {one['version']}: {found['id']}, mended in {', '.join(found['fix_versions']) or 'no version'}"
        for one in looked_at
        for found in one["vulns"]
    )
    known = len(looked_at) == wanted
    why = f"{len(looked_at)} of {wanted} packages looked up"
    return Audited(known or bool(vulnerable), why, vulnerable)
