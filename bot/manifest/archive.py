"""An app package as a stranger's zip: its files by name, or why it is not opened. Nothing is written anywhere."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from pathlib import PurePosixPath

from bot.manifest.finding import Finding
from bot.manifest.places import shown

MOST_FILES = 64
LARGEST_PACKAGE = 4 * 1024**2
LARGEST_CONTENT = 8 * 1024**2
"""Bytes, unpacked. Microsoft names no limits: ours are far above any package of Muster, and hurt no reader."""
MANIFEST = "manifest.json"
BUILD = "build the package again: python app.py manifest build"
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
LOCKED = 1
"""The sign of a password (APPNOTE.TXT 4.4.4)."""
DAMAGED = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, RuntimeError)
"""What the standard library raises for damaged zips."""


def opened(package: bytes) -> tuple[dict[str, bytes], list[Finding]]:
    """Return the files of a package by their names, and what is wrong with it as a zip; with findings, no files."""
    if len(package) > LARGEST_PACKAGE:
        what = f"it has {len(package)} bytes, more than {LARGEST_PACKAGE}."
        return {}, [Finding("size", "the package", what, BUILD)]
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            entries = archive.infolist()
            found = _named(entries) or _misplaced([entry.filename for entry in entries])
            if found:
                return {}, found
            return _read(archive, entries)
    except DAMAGED as error:
        return {}, [Finding("zip", "the package", f"it cannot be read as a zip: {shown(str(error))}.", BUILD)]


def _read(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> tuple[dict[str, bytes], list[Finding]]:
    files, left = {}, LARGEST_CONTENT
    for entry in entries:
        with archive.open(entry) as packed:
            files[entry.filename] = packed.read(left + 1)  # never as much as a header promises
        left -= len(files[entry.filename])
        if left < 0:
            what = f"unpacked the files have more than {LARGEST_CONTENT} bytes."
            return {}, [Finding("size", "the package", what, BUILD)]
    return files, []


def _named(entries: list[zipfile.ZipInfo]) -> list[Finding]:
    """Return what is wrong with how many files there are, their names and their kinds."""
    if len(entries) > MOST_FILES:
        return [Finding("size", "the package", f"it has {len(entries)} files, more than {MOST_FILES}.", BUILD)]
    found, names = [], set()
    for entry in entries:
        if not inside(entry.orig_filename) or stat.S_ISLNK(entry.external_attr >> 16):
            found.append(Finding("path", shown(entry.orig_filename), "this name leads out of the package.", BUILD))
        if entry.compress_type not in METHODS or entry.flag_bits & LOCKED:
            what = "it is locked by a password, or packed by a method other than deflate."
            found.append(Finding("zip", shown(entry.filename), what, BUILD))
        if entry.filename in names:
            found.append(Finding("zip", shown(entry.filename), "it is in the package more than once.", BUILD))
        names.add(entry.filename)
    return found


def _misplaced(names: list[str]) -> list[Finding]:
    """Return what is said of a package whose manifest does not stand at its root."""
    if MANIFEST in names:
        return []
    folders = [name.removesuffix(MANIFEST) for name in names if name.endswith("/" + MANIFEST)]
    if not folders:
        return [Finding("manifest", "the package", f"it has no {MANIFEST}.", BUILD)]
    what = f"{MANIFEST} stands in this folder; Teams looks for it at the root of the zip."
    return [Finding("root", shown(folders[0]), what, "zip the files themselves, not the folder around them")]


def inside(name: str) -> bool:
    """Say whether a name stays within the package: relative, with forward slashes, and never upwards."""
    plain = name.isprintable() and "\\" not in name and ":" not in name
    return plain and bool(name) and not name.startswith("/") and ".." not in PurePosixPath(name).parts
