"""What a cloud gave out that no log, trace or metric may hold: each value is unique, so it is recognised anywhere."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping

KINDS = ("token", "secret", "link", "passcode", "number", "name", "upn", "text", "clientState", "code", "address")
"""`code`: what people sign in with, and the link to it; `address`: what nobody can guess of our own, and its keys."""


class Canaries:
    """Values by kind, from the start of a cloud on."""

    def __init__(self) -> None:
        self.given: dict[str, set[str]] = {kind: set() for kind in KINDS}

    def add(self, kind: str, value: str) -> str:
        """Remember a value and return it."""
        self.given[kind].add(value)
        return value

    def word(self, kind: str = "text") -> str:
        """Return a new word that stands nowhere else, to be said, or to be somebody's name."""
        return self.add(kind, f"Canary{secrets.token_hex(6)}")


def found(values: Mapping[str, Iterable[str]], text: str) -> list[str]:
    """Return the kinds of values that stand in a text, in order."""
    return [kind for kind in KINDS if any(value and value in text for value in values.get(kind, ()))]
