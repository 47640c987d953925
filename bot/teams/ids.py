"""Ids in activities: who, where, which message. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LONGEST_ID = 512
"""Bytes of UTF-8: several times what Teams' longest ids have (facts/teams 2.2); two of them fit into an index's row."""


def identifier(holder: Mapping[str, Any], key: str) -> str:
    """Return an id; "" for what is none, or longer than any: PostgreSQL could not keep it, now or at any retry."""
    found = holder.get(key)
    return found if isinstance(found, str) and len(found.encode(errors="replace")) <= LONGEST_ID else ""
