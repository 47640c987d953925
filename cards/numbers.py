"""Telephone numbers and ids: for the eye, for the finger and for the ear. Digits are always 0 to 9."""

from __future__ import annotations

import re

_LONGEST_GROUP = 4
_DIGITS = re.compile(r"[\d\s-]+")
_OTHERS = re.compile(r"[^0-9]+")


def digits(text: str) -> str:
    """Return the digits of a text as 0 to 9, also those of other scripts."""
    if text.isascii():
        return _OTHERS.sub("", text)
    return "".join(str(int(char)) for char in text if char.isdecimal())


def by_three(text: str) -> str:
    """Return an id as `234 567 890 12`; a text that is more than digits and separators stays as it is."""
    if not _DIGITS.fullmatch(text):
        return text
    return " ".join(_threes(digits(text)))


def one_tap(number: str, conference_id: str) -> str:
    """Return what a phone dials at one tap: `+442079460123,,123456789#` (two commas are a pause)."""
    plus = "+" if number.strip().startswith("+") else ""
    return f"{plus}{digits(number)},,{digits(conference_id)}#"


def groups(number: str) -> list[str]:
    """Return a number's digits in the groups it is written in; a group of more than four is cut into threes."""
    written = [digits(group) for group in re.findall(r"\d+", number)]
    return [part for group in written for part in ([group] if len(group) <= _LONGEST_GROUP else _threes(group))]


def _threes(text: str) -> list[str]:
    return [text[at : at + 3] for at in range(0, len(text), 3)]
