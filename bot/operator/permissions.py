"""`python app.py permissions`: what Muster asks Microsoft 365 for, for whoever has to judge that (EXPERIENCE 1.21)."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Sequence

from bot.errors import SettingsError
from bot.permissions import PERMISSIONS, Feature, Permission, as_data, features_on, kind_of, with_it
from bot.settings import Settings

NOT_KNOWN = (
    "Which of them your settings use is not known: the settings are not complete. The rest is true all the same."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options of `permissions`."""
    parser.add_argument(
        "--json", action="store_true", help="the same for programs, with the ids that Graph knows them by"
    )


def run(options: argparse.Namespace) -> int:
    """Print the table; without usable settings too, for whoever reads it before there are any."""
    try:
        on = features_on(Settings.from_env())
    except SettingsError:
        on = None
    print(json.dumps(as_data(on), indent=2) if options.json else "\n".join(lines(on)))
    return 0


def lines(on: frozenset[Feature] | None, permissions: Sequence[Permission] = PERMISSIONS) -> list[str]:
    """Return the lines to print: what the settings use first; `on` is what they switch on, None for not known."""
    ordered = sorted(permissions, key=lambda one: on is not None and one.feature not in on)
    shown = [line for one in ordered for line in (*_entry(one, on), "")]
    return shown[:-1] if on is not None else [*shown, NOT_KNOWN]


def _entry(one: Permission, on: frozenset[Feature] | None) -> list[str]:
    used = "" if on is None else ": used by your settings" if one.feature in on else ": not used by your settings"
    told = {"with it": with_it(one), "without it": one.without, "stolen": one.radius}
    return [
        f"{one.name} ({kind_of(one)}){used}",
        *(f"  {label + ':':<12}{_plain(text)}" for label, text in told.items()),
    ]


def _plain(text: str) -> str:
    return re.sub(r"[`*]", "", text)
