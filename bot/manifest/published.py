"""Where Microsoft's schemas of a package are had: a file, Microsoft's site, or its npm package (facts/teams 6.4)."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp

from bot.errors import SettingsError
from bot.manifest import SCHEMA
from bot.manifest.places import parsed
from bot.manifest.schemas import Schemas

MANIFEST, LOCALIZATION = "MicrosoftTeams.schema", "MicrosoftTeams.Localization.schema"
"""How the names of the two files begin, at each of these places."""
NPM = Path("node_modules", "@microsoft", "app-manifest", "build", "json-schemas", "teams")
WITHIN = aiohttp.ClientTimeout(total=10)
"""Seconds."""
LARGEST = 4 * 1024**2
"""Bytes; the schema of 1.30 has a thirtieth of it."""
MOST_REDIRECTS = 3
MOVED = frozenset({301, 302, 303, 307, 308})


class NotPublished(Exception):
    """There is no schema at this place; the text says why."""


def given(file: Path) -> Schemas:
    """Return the schema in a file, and that of other languages if it stands beside it. Raises SettingsError."""
    try:
        manifest = _read(file)
    except NotPublished as error:
        raise SettingsError([f"--schema {file}: {error}."]) from None
    beside = file.with_name(file.name.replace(MANIFEST, LOCALIZATION))
    return Schemas(manifest, _read(beside) if beside != file and beside.is_file() else None, str(file))


def installed(version: str, folders: Iterable[Path]) -> Schemas | None:
    """Return the schemas in Microsoft's npm package `@microsoft/app-manifest` in one of these folders, if it is there.

    Raises NotPublished for a damaged one.
    """
    for folder in folders:
        file = folder / NPM / f"v{version}" / f"{MANIFEST}.json"
        if file.is_file():
            beside = file.with_name(f"{LOCALIZATION}.json")
            return Schemas(_read(file), _read(beside) if beside.is_file() else None, str(file))
    return None


async def fetched(version: str, trust: ssl.SSLContext, template: str = SCHEMA) -> Schemas:
    """Return the schemas at Microsoft's site; `template` is the address with {} for the version.

    A redirect is followed on the same host alone. Raises NotPublished.
    """
    address = template.format(version)
    connector = aiohttp.TCPConnector(ssl=trust)
    try:
        async with aiohttp.ClientSession(timeout=WITHIN, trust_env=True, connector=connector) as session:
            manifest = await _fetch(session, address)
            try:
                localization = await _fetch(session, address.replace(MANIFEST, LOCALIZATION))
            except NotPublished:
                localization = None
    except TimeoutError:
        raise NotPublished(f"{urlsplit(address).hostname} did not answer in time") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise NotPublished(f"{urlsplit(address).hostname} cannot be reached ({type(error).__name__})") from None
    return Schemas(manifest, localization, address)


async def _fetch(session: aiohttp.ClientSession, address: str) -> dict[str, Any]:
    host = urlsplit(address).hostname
    for _ in range(MOST_REDIRECTS + 1):
        async with session.get(address, allow_redirects=False) as answer:
            if answer.status in MOVED:
                address = urljoin(address, answer.headers.get("Location", ""))
                target = urlsplit(address)
                if (target.scheme, target.hostname) != ("https", host):
                    raise NotPublished(f"{host} sends to another place, {target.hostname}")
                continue
            if answer.status != 200:  # noqa: PLR2004 - HTTP for done
                raise NotPublished(f"{host} answers {answer.status}")
            body = bytearray()
            async for part in answer.content.iter_any():
                body += part
                if len(body) > LARGEST:
                    raise NotPublished(f"{host} sends more than a schema")
            return _object(bytes(body))
    raise NotPublished(f"{host} sends in circles")


def _read(file: Path) -> dict[str, Any]:
    try:
        return _object(file.read_bytes())
    except OSError as error:
        raise NotPublished(f"it cannot be read ({error.strerror})") from None


def _object(data: bytes) -> dict[str, Any]:
    content = parsed(data)
    if content is None or not isinstance(content.get("properties"), dict):
        raise NotPublished("it is no JSON schema")
    return content
