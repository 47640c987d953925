"""The app package against the settings: what was built for an upload is what these settings would build now."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bot.errors import SettingsError
from bot.manifest import build_from_settings


def problems(package: Path) -> tuple[str, ...] | None:
    """Return what of a built package does not fit the settings in the environment; None when none was built.

    What a tenant has uploaded cannot be seen without more permissions: the package on this disk stands for it.
    """
    if not package.exists():
        return None
    try:
        with TemporaryDirectory() as folder:
            wanted = _manifest(build_from_settings("", Path(folder) / package.name))
        found = _manifest(package)
    except SettingsError as error:
        return tuple(error.problems)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        return (f"{package.name} cannot be read: {type(error).__name__}",)
    differing = sorted(name for name in {*wanted, *found} if wanted.get(name) != found.get(name))
    if not differing:
        return ()
    return (f"{package.name} was built with other settings: its manifest differs in {', '.join(differing)}",)


def _manifest(package: Path) -> dict[str, Any]:
    with zipfile.ZipFile(package) as opened:
        read = json.loads(opened.read("manifest.json"))
    return read if isinstance(read, dict) else {}
