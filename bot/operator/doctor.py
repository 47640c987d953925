"""`python app.py doctor`: what has to be right before a meeting can open, and the one next step (EXPERIENCE 1.20)."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging

from bot.checkup import Findings, next_line, well
from bot.doctor import packaged, report
from bot.doctor.opening import OneLook
from bot.errors import SettingsError, StoreError
from bot.observe import Event
from bot.operator.ids import guid
from bot.operator.manifest import PACKAGE
from bot.settings import Settings
from bot.store.opening import open_beside
from bot.system import SystemChance, SystemClock


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options of `doctor`."""
    parser.add_argument("--next", action="store_true", help="only the next step, on one line")
    parser.add_argument("--json", action="store_true", help="everything, for programs")
    parser.add_argument(
        "--host",
        metavar="OID",
        type=guid,
        help="whose meetings to try (default: the first of MUSTER_HOSTS, of MUSTER_ADMINS)",
    )


def run(options: argparse.Namespace) -> int:
    """Look at everything and say it: 0 all is well, 1 something is to do. Raises SettingsError (2)."""
    findings = asyncio.run(look(Settings.from_env(), options.host or "", packaged.problems(PACKAGE)))
    print("\n".join(said(findings, only_next=options.next, as_json=options.json)))
    return 0 if well(findings) else 1


def said(findings: Findings, *, only_next: bool = False, as_json: bool = False) -> list[str]:
    """Return what is printed."""
    if as_json:
        return [json.dumps(report.as_data(findings), ensure_ascii=False, indent=2)]
    return [next_line(findings)] if only_next else report.lines(findings)


async def look(settings: Settings, host: str = "", package: tuple[str, ...] | None = None) -> Findings:
    """Return what doctor finds with these settings, beside a Muster that may be running. Never raises."""
    store, problem = None, ""
    try:
        store = await open_beside(settings.store.reveal(), owner=SystemChance().token())
    except SettingsError as error:
        problem = " ".join(error.problems)
    except StoreError as error:
        problem = f"the store does not answer: {error}"
    try:
        return await OneLook(settings, SystemClock(), _quietly, store, problem, package).examine(host)
    finally:
        if store is not None:
            await store.close()


def _quietly(event: Event) -> None:
    """Say in the log what was asked, for who looks closer: the lines have all that matters."""
    logging.getLogger("muster").debug("%s", event.name)
