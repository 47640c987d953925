"""Service URLs: the base addresses a bot is told to answer to, and may only answer to when they are on the list."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from urllib.parse import urlsplit

LONGEST = 4096
REMEMBERED = 128
"""Characters up to which an address is remembered; with a conversation behind it, it is a longer one, and new."""
HTTPS_PORT = 443
_HOST = re.compile(r"[a-z0-9.-]+")
_PATH = re.compile(r"[A-Za-z0-9._~/%:@!,+=&-]*")


def normal(url: object) -> str:
    """Return a service URL with its host in small letters and no slash at the end; "" if it is not a plain https one.

    What is returned is put together from what was checked, so nothing unread travels along.
    """
    if not isinstance(url, str) or len(url) > LONGEST:
        return ""
    return _known(url) if len(url) <= REMEMBERED else _checked(url)


@lru_cache(maxsize=256)
def _known(url: str) -> str:
    """The same few addresses come with every activity."""
    return _checked(url)


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    host = (parts.hostname or "").lower()
    plain = parts.scheme == "https" and _HOST.fullmatch(host) and _PATH.fullmatch(parts.path)
    if not plain or "@" in parts.netloc or parts.query or parts.fragment:
        return ""
    netloc = host if port in (None, HTTPS_PORT) else f"{host}:{port}"
    return f"https://{netloc}{parts.path.rstrip('/')}"


def permitted(url: object, hosts: Collection[str]) -> str:
    """Return the normal form of a URL whose host is exactly one of `hosts`, else "" (ENGINE 4.6)."""
    found = normal(url)
    return found if found and urlsplit(found).hostname in hosts else ""
