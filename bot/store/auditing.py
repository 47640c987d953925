"""The audit: who did what to which meeting, by object ids; written with what it tells of, and only read here."""

from __future__ import annotations

from dataclasses import dataclass

from bot.decisions import Record
from bot.store.statements import Operation, Statement, Value

PAGE = 1_000
"""Lines read at once."""
EVER = 2**62
"""A time that never comes."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that somebody did. `at` is ms UTC; what does not apply is ""."""

    audit_id: str
    tenant: str
    at: int
    actor_oid: str
    action: str
    room_id: str
    thread_id: str
    detail: str
    reference: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines: of one tenant or ("") of all, from `since` up to but without `until` (ms UTC), `after` an id."""

    tenant: str = ""
    since: int = 0
    until: int = EVER
    after: str = ""


def insert(record: Record, now: int, unique: str) -> Statement:
    """Return the statement that writes a line: ordered by time, and `unique` among those of that moment."""
    line: dict[str, Value] = {name: getattr(record, name) for name in Record.__dataclass_fields__}
    return "audit_insert", {**line, "now": now, "audit_id": f"{_first(now)}-{unique}"}


def _first(at: int) -> str:
    """Return what the ids of a moment (ms UTC) begin with."""
    return f"{at:015d}"


def lines(wanted: Wanted) -> Operation[list[Line]]:
    """Return the next lines, oldest first."""
    after = wanted.after or _first(wanted.since)
    span: dict[str, Value] = {"since": wanted.since, "until": wanted.until, "after": after, "most": PAGE}
    if wanted.tenant:
        found = yield "audit_page", {**span, "tenant": wanted.tenant}
    else:
        found = yield "audit_page_of_all", span
    return [Line(**{name: row[name] for name in Line.__dataclass_fields__}) for row in found]


def sweep(before: int, most: int) -> Operation[None]:
    """Forget lines older than `before` (ms UTC), at most so many at once."""
    yield "audit_sweep", {"before": _first(before), "most": most}
