"""`python app.py manifest`: make the Teams app package, and say what is wrong with one."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from pathlib import Path

from bot.errors import SettingsError
from bot.manifest import FOLDER, build
from bot.manifest.check import findings, version_of
from bot.manifest.finding import Finding
from bot.manifest.published import NotPublished, fetched, given, installed
from bot.manifest.schemas import Schemas
from bot.manifest.wanted import (
    CHANNELS_SINCE,
    FEATURES,
    MEETING_EVENTS,
    NEWEST,
    RINGING,
    SLASH_SINCE,
    VERSIONS,
    Wanted,
    wanted,
)
from bot.system import trust
from bot.variables import Variables

ROOT = FOLDER.parent
PACKAGE = ROOT / "build" / "muster.zip"
BUILD = " Build one: python app.py manifest build"
NO_SCHEMA = "Repair: --schema FILE, or  npm install @microsoft/app-manifest  here."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options of `manifest`."""
    steps = parser.add_subparsers(dest="step", metavar="STEP", required=True)
    make = steps.add_parser("build", help="write the package that an administrator uploads")
    make.add_argument("--out", type=Path, default=PACKAGE, metavar="FILE")
    older = f"Microsoft's manifest schema (default: {NEWEST}); an older one leaves out what it does not know"
    make.add_argument("--version", default=NEWEST, choices=VERSIONS, help=older)
    check = steps.add_parser("check", help="say what is wrong with a package; 0: nothing, 1: something")
    check.add_argument("file", type=Path, nargs="?", default=PACKAGE, metavar="FILE")
    source = (
        "Microsoft's schema (default: from Microsoft's site, else from npm's @microsoft/app-manifest if it is here)"
    )
    check.add_argument("--schema", type=Path, metavar="FILE", help=source)
    check.add_argument("--json", action="store_true", help="the findings as JSON")
    for step in (make, check):
        step.add_argument("--app-id", default="", help="the bot's app id (default: MicrosoftAppId)")
        names = ", ".join(feature.name for feature in FEATURES)
        instead = f'instead of what the settings switch on: "" or some of {names}'
        step.add_argument("--features", metavar="NAMES", help=instead)


def run(options: argparse.Namespace) -> int:
    """Do the step with the settings of the environment and return 0, 1 for findings, 2 if it cannot be done."""
    try:
        return _check(options) if options.step == "check" else _build(options)
    except SettingsError as error:
        print("\n".join(error.problems), file=sys.stderr)
    except OSError as error:
        absent = options.step == "check" and isinstance(error, FileNotFoundError)
        print(f"{error.filename}: {error.strerror}.{BUILD if absent else ''}", file=sys.stderr)
    return 2


def _build(options: argparse.Namespace) -> int:
    asked = wanted(app_id=options.app_id, schema=options.version, features=options.features)
    print("\n".join(next_steps(build(asked, options.out), asked)))
    return 0


def next_steps(package: Path, asked: Wanted) -> list[str]:
    """Return what an administrator reads when a package is written: what it asks for, and what to do with it."""
    names = ", ".join(feature.name for feature in asked.features) or "none"
    lines = [f"{package}: schema {asked.schema}, languages {', '.join(asked.languages)}, features {names}."]
    if not asked.channels:
        lines.append(f"  Without private and shared channels: those need schema {CHANNELS_SINCE}.")
    if not asked.slash:
        lines.append(f"  Without slash commands and questions in private: those need schema {SLASH_SINCE}.")
    lines.append("Next: upload it in the Teams admin center, Teams apps, Manage apps, Upload new app.")
    if asked.grants:
        lines.append(f"  Who adds it to a team or chat consents to {', '.join(asked.grants)}.")
    if MEETING_EVENTS in asked.features:
        lines.append("  Tick the meeting event subscriptions in the Developer Portal for Teams, too.")
    if RINGING in asked.features:
        lines.append("  Switch calling on: Azure Bot, Channels, Microsoft Teams, Calling; webhook https://…/api/calls.")
    return lines


def _check(options: argparse.Namespace) -> int:
    asked = wanted(app_id=options.app_id, features=options.features)
    package = options.file.read_bytes()
    schemas, why = given(options.schema) if options.schema else None, ""
    version = version_of(package)
    if not version:
        schemas = None  # nothing can be compared with any
    elif schemas is None:
        schemas, why = asyncio.run(_published(version))
    found = findings(package, asked, schemas)
    print(
        _as_json(options.file, found, schemas) if options.json else "\n".join(_told(options.file, found, schemas, why))
    )
    return 1 if found else 0


async def _published(version: str) -> tuple[Schemas | None, str]:
    """Return Microsoft's schemas, or why there are none."""
    trusted = Variables(os.environ).files("MUSTER_CA_FILE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
    try:
        return await fetched(version, trust(trusted)), ""
    except NotPublished as error:
        why = str(error)
    try:
        return installed(version, (Path.cwd(), ROOT)), why
    except NotPublished as error:
        return None, f"{why}; of npm's @microsoft/app-manifest: {error}"


def _told(file: Path, found: list[Finding], schemas: Schemas | None, why: str) -> list[str]:
    lines = [finding.line for finding in found]
    if schemas is not None:
        lines.append(f"Compared with Microsoft's schema: {schemas.source}")
    elif why:
        lines.append(f"Not compared with Microsoft's schema: {why}. {NO_SCHEMA}")
    return [*lines, f"{file}: {len(found)} to mend." if found else f"{file}: all well."]


def _as_json(file: Path, found: list[Finding], schemas: Schemas | None) -> str:
    listed = [{"rule": one.rule, "where": one.where, "what": one.what, "repair": one.repair} for one in found]
    content = {"file": str(file), "schema": schemas.source if schemas else None, "findings": listed}
    return json.dumps(content, indent=2)
