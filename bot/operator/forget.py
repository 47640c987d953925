"""`python app.py forget --tenant T [--user OID] [--yes]`: a person or a whole tenant leaves the store (ENGINE 2.17)."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import time
from collections.abc import Mapping

from bot.operator.ids import guid
from bot.settings import Settings
from bot.store.records import Records, open_records


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options of `forget`."""
    parser.add_argument("--tenant", required=True, type=guid, help="the tenant's id")
    user = "a person's object id (default: the whole tenant)"
    parser.add_argument("--user", type=guid, metavar="OID", help=user)
    parser.add_argument("--yes", action="store_true", help="do it; without, only say what would be done")


def run(options: argparse.Namespace) -> int:
    """Forget, or say what would be. Raises SettingsError, StoreError."""
    print("\n".join(asyncio.run(_run(options.tenant, options.user or "", act=options.yes))))
    return 0


async def _run(tenant: str, user: str, *, act: bool) -> list[str]:
    records = await open_records(Settings.from_env().store.reveal(), writing=act)
    try:
        return await done(records, tenant, user, act=act)
    finally:
        await records.close()


async def done(records: Records, tenant: str, user: str, *, act: bool) -> list[str]:
    """Forget a person, or with user "" the tenant, or (not `act`) only count; return the lines to print."""
    found = await (records.of_person(tenant, user, act=act) if user else records.of_tenant(tenant, act=act))
    if act and user and any(found.values()):
        await records.forgot(tenant, "a person", int(time.time() * 1000), secrets.token_hex(16))
    return [*_counted(found), _said(sum(found.values()), "this person" if user else "this tenant", act=act)]


def _counted(found: Mapping[str, int]) -> list[str]:
    return [f"{name}: {_rows(count)}" for name, count in found.items() if count]


def _said(count: int, whom: str, *, act: bool) -> str:
    if not count:
        return f"Nothing names {whom}."
    if act:
        return f"Done: {_rows(count)} without {whom} now. What was posted in Teams stays there."
    return f"{_rows(count)} would change. Nothing was changed; add --yes, and stop a bot that uses SQLite first."


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"
