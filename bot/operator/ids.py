"""Ids at the command line: who mistypes one is told, instead of that nothing was found."""

from __future__ import annotations

from argparse import ArgumentTypeError

from bot.variables import GUID


def guid(typed: str) -> str:
    """Return a tenant's or a person's id in small letters, as the store has it. Raises ArgumentTypeError.

    Nothing at all is refused too: `--user "$OID"` where OID is not set is not to mean everybody.
    """
    if not GUID.fullmatch(typed):
        raise ArgumentTypeError(f"{typed!r} is no id such as 00000000-0000-0000-0000-000000000000")
    return typed.lower()
