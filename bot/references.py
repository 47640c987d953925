"""References that people can read out, such as `7F3K-92QD` (EXPERIENCE 1.19)."""

from __future__ import annotations

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Digits and capitals without 0, O, 1, I and L."""


def reference(key: str) -> str:
    """Return the reference of a key in hex (a turn's or a room's): always the same for the same key."""
    number = int(key[:16], 16)
    letters = []
    for _ in range(8):
        number, place = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[place])
    return "".join(letters[:4]) + "-" + "".join(letters[4:])
