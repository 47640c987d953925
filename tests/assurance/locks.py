"""What the locks in infra/locks pin: names, versions, hashes, and who wants each package."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "infra" / "locks"
_PIN = re.compile(r"([A-Za-z0-9_.-]+)(?:\[[\w,-]+\])?==([^\s;]+)(?: *; *(.*?))? \\")
_HASH = re.compile(r"    --hash=sha256:([0-9a-f]{64})")
_VIA = re.compile(r"    #(?: via)?\s+([A-Za-z0-9_.-]+)(?: \(.*\))?")


@dataclass(frozen=True, slots=True)
class Pin:
    """One package of a lock. `marker` says where it is installed, "" everywhere; `wanted_by` names who needs it."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]
    wanted_by: tuple[str, ...]


def read_lock(text: str) -> list[Pin]:
    """Return the packages of a lock, in its order. Raises ValueError for a line that is understood otherwise."""
    pins: list[Pin] = []
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        if not line.startswith(" "):
            found = _PIN.fullmatch(line)
            if not found:
                raise ValueError(f"not a pin: {line}")
            pins.append(Pin(found[1], found[2], found[3] or "", (), ()))
        else:
            pins[-1] = _with(pins[-1], line)
    return pins


def _with(pin: Pin, line: str) -> Pin:
    """Return a pin with what an indented line says of it."""
    if found := _HASH.fullmatch(line.removesuffix(" \\")):
        return Pin(pin.name, pin.version, pin.marker, (*pin.hashes, found[1]), pin.wanted_by)
    if line.strip() == "# via":
        return pin
    if found := _VIA.fullmatch(line):
        return Pin(pin.name, pin.version, pin.marker, pin.hashes, (*pin.wanted_by, found[1]))
    raise ValueError(f"not a hash, nor who wants it: {line}")


def locked(*names: str) -> list[Pin]:
    """Return the packages of these sets (`serve`, `demo`, ...), each version once, by name."""
    return once(pin for name in names for pin in read_lock((FOLDER / f"{name}.txt").read_text(encoding="utf-8")))


def once(pins: Iterable[Pin]) -> list[Pin]:
    """Return packages sorted, each version once."""
    return sorted({(pin.name, pin.version): pin for pin in pins}.values(), key=lambda pin: (pin.name, pin.version))
