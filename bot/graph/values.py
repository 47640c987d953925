"""JSON: read however it is spelt (any value goes in, nothing is raised, facts/graph 1.8), written in one way."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

Fields = Mapping[str, Any]
"""The properties of a JSON object by their names in lower case, without those that are null."""

_URL = re.compile(r"https://[^\s\x00-\x1f\x7f<>\"]+", re.IGNORECASE)
_OTHERS = re.compile(r"[^0-9]+")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS_OF_AN_INTEGER = 20


def fields(value: object) -> dict[str, Any]:
    """Return the properties of an object; the documentation's own samples disagree about capitals."""
    if not isinstance(value, dict):  # JSON brings nothing else; whether something is a Mapping takes long to say
        return {}
    # The first of several spellings counts, so it comes last.
    return {str(name).lower(): item for name, item in reversed(value.items()) if item is not None}


def part(found: Fields, *path: str) -> Fields:
    """Return an object inside an object, empty when there is none."""
    for name in path:
        found = fields(found.get(name))
    return found


def text(found: Fields, *names: str) -> str:
    """Return the first of these properties that has text (or a whole number), else empty text."""
    for name in names:
        value = found.get(name)
        if isinstance(value, str) and value.strip():
            return whole(value).strip()
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**_DIGITS_OF_AN_INTEGER:
            return str(value)
    return ""


def texts(found: Fields, *names: str) -> list[str]:
    """Return the texts of these properties, each of which may be one text or a list of them."""
    values: list[str] = []
    for name in names:
        value = found.get(name)
        listed = value if isinstance(value, list) else [value]
        values += [whole(item).strip() for item in listed if isinstance(item, str) and item.strip()]
    return values


def link(found: Fields, *names: str) -> str:
    """Return the first of these properties that is an https address, unchanged; else empty text."""
    return next((value for name in names if _URL.fullmatch(value := text(found, name))), "")


def digits(value: str) -> str:
    """Return the ASCII digits of a text."""
    return _OTHERS.sub("", value)


def moment(value: object) -> int | None:
    """Return ms UTC of an ISO 8601 time, or of an event's `{dateTime, timeZone}` in UTC; None for anything else.

    Graph writes seven digits of a second; a time without an offset is UTC; year 1 means not set (facts/graph 1.1).
    """
    if isinstance(value, Mapping):
        written = fields(value)
        zone = text(written, "timezone").casefold() or "utc"
        return moment(written.get("datetime")) if zone in {"utc", "etc/utc", "gmt"} else None
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    since = (at if at.tzinfo else at.replace(tzinfo=UTC)) - _EPOCH
    return since // timedelta(milliseconds=1) if at.year > 1 else None


def truth(found: Fields, *names: str) -> bool | None:
    """Return the first of these properties that is true or false, None when none is."""
    return next((value for name in names if isinstance(value := found.get(name), bool)), None)


def instant(at: int) -> str:
    """Return ms UTC as Graph takes it, in whole seconds (Edm.DateTimeOffset)."""
    return (_EPOCH + timedelta(seconds=at // 1000)).strftime("%Y-%m-%dT%H:%M:%SZ")


def written(body: Mapping[str, Any]) -> str:
    """Return a body as JSON text that can be sent."""
    return whole(json.dumps(body, ensure_ascii=False, separators=(",", ":")))


def whole(value: str) -> str:
    """Return a text without halves of surrogate pairs, which JSON can hold and neither UTF-8 nor a database can."""
    return value if value.isascii() else value.encode(errors="replace").decode()
