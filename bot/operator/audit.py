"""`python app.py audit`: who did what when, by object ids, out of the store (DESIGN 8, ENGINE R23)."""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from bot.errors import UsageError
from bot.operator.values import guid, iso
from bot.settings import Settings
from bot.store.auditing import EVER, PAGE, Line, Wanted
from bot.store.records import Records, open_records
from cards.times import exact

DAY_MS = 86_400_000
COLUMNS = ("at", "tenant", "actor", "action", "meeting", "thread", "detail", "reference")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options of `audit`."""
    parser.add_argument("--tenant", metavar="ID", type=guid, help="only this tenant's lines (default: all)")
    parser.add_argument("--since", default="", metavar="WHEN", help="such as 2026-11-01 or 2026-11-01T09:30Z, in UTC")
    parser.add_argument("--until", default="", metavar="WHEN", help="the same; a day counts as a whole")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object a line")
    form.add_argument("--csv", action="store_true", help="comma-separated values with a heading")


def run(options: argparse.Namespace) -> int:
    """Print the audit from the store of the settings. Raises SettingsError, StoreError."""
    try:
        since = moment(options.since, "--since") if options.since else 0
        until = moment(options.until, "--until", whole_day=True) if options.until else EVER
    except UsageError as error:
        print(error.meant, file=sys.stderr)
        return 2
    form = "json" if options.json else "csv" if options.csv else "table"
    asyncio.run(_print(Wanted(options.tenant or "", since, until), form))
    return 0


async def _print(wanted: Wanted, form: str) -> None:
    records = await open_records(Settings.from_env().store.reveal())
    try:
        await written(records, wanted, form)
    finally:
        await records.close()


async def written(records: Records, wanted: Wanted, form: str) -> None:
    """Print what is wanted page by page, oldest first, as `json` (a line each), `csv` or `table`."""
    if form == "csv":
        csv.writer(sys.stdout, lineterminator="\n").writerow(COLUMNS)
    count = 0
    while lines := await records.audit(wanted):
        _page([cells(line, exact if form == "table" else iso) for line in lines], form)
        count += len(lines)
        wanted = replace(wanted, since=lines[-1].at, after=lines[-1].audit_id)
        if len(lines) < PAGE:
            break
    if form == "table":
        print("Nobody did anything then." if not count else f"{count} line{'' if count == 1 else 's'}.")


def _page(rows: Sequence[dict[str, str]], form: str) -> None:
    if form == "csv":
        csv.writer(sys.stdout, lineterminator="\n").writerows(row.values() for row in rows)
        return
    for row in rows:
        print(json.dumps(row) if form == "json" else "  ".join(value or "-" for value in row.values()))


def cells(line: Line, at: Callable[[int], str] = iso) -> dict[str, str]:
    """Return a line by the names of its columns, its time as `at` writes ms UTC."""
    whom = (line.actor_oid, line.action, line.room_id, line.thread_id, line.detail, line.reference)
    return dict(zip(COLUMNS, (at(line.at), line.tenant, *whom), strict=True))


def moment(text: str, option: str, *, whole_day: bool = False) -> int:
    """Return a time in ISO 8601 as ms UTC; without an offset it is UTC, and `whole_day` is the end of a mere date.

    Raises UsageError for anything else.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        problem = f"{option} is {text!r}; it may be such as 2026-11-01 or 2026-11-01T09:30Z."
        raise UsageError(text, problem) from error
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    day = whole_day and len(text) <= len("2026-11-01")
    return round(at.timestamp() * 1000) + int(day) * DAY_MS
