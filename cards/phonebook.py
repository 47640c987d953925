"""Telephone numbers as people write them, and the places they belong to.

Numbering plans come from `phonenumbers`: 7 MiB and 50 ms, so it is imported at the first number. Its own geocoder loads
the names of the whole world (112 MiB, 3 s), so a name is read from the one file of that data that has it, and only
the answer is kept. Without the package, or without its data, numbers stay as given and no place is known.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

_FIRST_ENTRY = re.compile(rb"^ '(\d+)':", re.MULTILINE)
_LITERAL = re.compile(r"""\bu\(('[^']*'|"[^"]*")\)""")
_HEAD = 4096
"""Bytes of a data file in which its first entry stands, behind the licence."""
_LONGEST_NUMBER = 20


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)


@lru_cache(maxsize=1024)
def formatted(number: str) -> str:
    """Return an international number in its country's groups, `+44 20 7946 0123`; any other text as it is.

    The result has exactly the digits of `number`: people dial what Microsoft gave.
    """
    if not number.startswith("+") or len(_digits(number)) > _LONGEST_NUMBER or find_spec("phonenumbers") is None:
        return number
    # Not needed before the first meeting with numbers.
    import phonenumbers  # noqa: PLC0415 - see above

    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return number
    if not phonenumbers.is_possible_number(parsed):
        return number
    shown = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return shown if _digits(shown) == _digits(number) else number


@lru_cache(maxsize=1024)
def place(number: str, language: str) -> str:
    """Return where an international number belongs, such as `London`, or "".

    The name is in `language` (BCP 47) where the data has it, else in English.
    """
    digits = _digits(number)
    if not number.startswith("+") or not 0 < len(digits) <= _LONGEST_NUMBER:
        return ""
    names = _names(digits)
    return names.get(language.partition("-")[0].lower()) or names.get("en", "")


def _names(digits: str) -> dict[str, str]:
    """Return the names of the longest prefix that has any, by language."""
    files = _files()
    opened: dict[Path, bytes] = {}
    for size in range(len(digits), 0, -1):
        prefix = digits[:size]
        # The entries of all files together are in the order of their prefixes as text.
        at = bisect_right(files, prefix, key=lambda entry: entry[0]) - 1
        file = files[at][1] if at >= 0 else None
        if file and file not in opened:
            opened[file] = file.read_bytes()
        found = _entry(opened[file], prefix) if file else {}
        if found:
            return found
    return {}


def _entry(content: bytes, prefix: str) -> dict[str, str]:
    """Return the names in the line ` '4420':{'en': 'London'},`."""
    start = content.find(f"\n '{prefix}':".encode())
    if start < 0:
        return {}
    line = content[start : content.index(b"\n", start + 1)].decode()
    # The data writes letters beyond ASCII as u('...'), which is the plain literal.
    return dict(ast.literal_eval(_LITERAL.sub(r"\1", line.partition(":")[2]).rstrip(",")))


@lru_cache(maxsize=1)
def _files() -> list[tuple[str, Path]]:
    """Return the data files by the first prefix of each: an entry is in the last one that begins no later."""
    spec = find_spec("phonenumbers")
    folders = [Path(place) / "geodata" for place in (spec.submodule_search_locations or ())] if spec else []
    files = []
    for file in [found for folder in folders for found in folder.glob("data[0-9]*.py")]:
        with file.open("rb") as opened:
            first = _FIRST_ENTRY.search(opened.read(_HEAD))
        if first:
            files.append((first[1].decode(), file))
    return sorted(files)
