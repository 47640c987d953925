"""What administrators type and read in every line of theirs alike: ids and times."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from bot.variables import GUID


def guid(said: str) -> str:
    """Return an id of Entra's as the store has it, in small letters. Raises ArgumentTypeError for what is none.

    Nothing at all is refused too: `--user "$OID"` where OID is not set is not to mean everybody.
    """
    if not GUID.fullmatch(said):
        raise argparse.ArgumentTypeError(f"{said!r} is no id such as 00000000-0000-0000-0000-000000000000")
    return said.lower()


def iso(ms: int) -> str:
    """Return a time (ms UTC) as ISO 8601."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
