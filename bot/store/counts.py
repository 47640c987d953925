"""What there is, counted: for administrators."""

from __future__ import annotations

from bot.store.statements import Operation


def made(tenant: str, since: int) -> Operation[dict[str, int]]:
    """Count the meetings that were made for each host since then (ms UTC)."""
    found = yield "meetings_made", {"tenant": tenant, "since": since}
    return {row["host_oid"]: int(row["made"]) for row in found}
