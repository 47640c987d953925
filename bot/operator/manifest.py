"""`python app.py manifest`: make the Teams app package, and say what is wrong with one."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bot.errors import SettingsError
from bot.manifest import FOLDER, build
from bot.manifest.wanted import FEATURES, NEWEST, VERSIONS, Wanted, wanted

PACKAGE = FOLDER.parent / "build" / "muster.zip"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options of `manifest`."""
    steps = parser.add_subparsers(dest="step", metavar="STEP", required=True)
    make = steps.add_parser("build", help="write the package that an administrator uploads")
    make.add_argument("--out", type=Path, default=PACKAGE, metavar="FILE")
    make.add_argument(
        "--version",
        default=NEWEST,
        choices=VERSIONS,
        help=f"Microsoft's manifest schema (default: {NEWEST}); an older one leaves out what it does not know",
    )
    _configured(make)


def _configured(step: argparse.ArgumentParser) -> None:
    step.add_argument("--app-id", default="", help="the bot's app id (default: MicrosoftAppId)")
    names = ", ".join(feature.name for feature in FEATURES)
    step.add_argument(
        "--features", metavar="NAMES", help=f'instead of what the settings switch on: "" or some of {names}'
    )


def run(options: argparse.Namespace) -> int:
    """Do the step with the settings of the environment; 2: it could not be done."""
    try:
        return _build(options)
    except SettingsError as error:
        print("\n".join(error.problems), file=sys.stderr)
        return 2


def _build(options: argparse.Namespace) -> int:
    asked = wanted(app_id=options.app_id, schema=options.version, features=options.features)
    print("\n".join(next_steps(build(asked, options.out), asked)))
    return 0


def next_steps(package: Path, asked: Wanted) -> list[str]:
    """Return what an administrator reads once a package is written: what it has, and what to do with it."""
    names = ", ".join(feature.name for feature in asked.features) or "none"
    return [
        f"{package}: schema {asked.schema}, features: {names}.",
        f"Next: upload {package.name} in the Teams admin center, Teams apps, Manage apps.",
    ]
