"""The app package against the settings: what was built for an upload is what these settings ask for now."""

from __future__ import annotations

from pathlib import Path

from bot.errors import SettingsError
from bot.manifest.check import findings
from bot.manifest.wanted import wanted


def problems(package: Path) -> tuple[str, ...] | None:
    """Return what of a built package does not fit the settings in the environment; None when none was built.

    What a tenant has uploaded cannot be seen without more permissions: the package on this disk stands for it.
    """
    try:
        return tuple(f"{package.name}: {found.line}" for found in findings(package.read_bytes(), wanted()))
    except FileNotFoundError:
        return None
    except OSError as error:
        return (f"{package.name} cannot be read: {error.strerror}",)
    except SettingsError as error:
        return tuple(error.problems)
