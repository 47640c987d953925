"""Places in JSON of anybody's: what stands there, what they are called, and values as they may stand in a line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeGuard

Place = tuple[str | int, ...]
LONGEST_SHOWN = 80


def at(content: object, place: Place) -> Any:  # noqa: ANN401 - whatever JSON says
    """Return what stands at a place, None where nothing does or the way there is another than thought."""
    for step in place:
        fits = isinstance(content, Mapping if isinstance(step, str) else list)
        try:
            content = content[step] if fits else None  # type: ignore[index]  # it is one of the two
        except (KeyError, IndexError):
            return None
    return content


def called(place: Place) -> str:
    """Return a place as Microsoft writes it: `bots[0].botId`."""
    name = ""
    for step in place:
        name += f"[{step}]" if isinstance(step, int) else f".{shown(step)}"
    return name.removeprefix(".")


def shown(text: str) -> str:
    """Return foreign text as it may stand in a line: bounded, without signs that a terminal obeys."""
    return ascii(text)[1:-1][:LONGEST_SHOWN]


def value(content: object) -> str:
    """Return a value as JSON, bounded; "not there" for nothing."""
    return "not there" if content is None else json.dumps(content)[:LONGEST_SHOWN]


def parsed(data: bytes) -> dict[str, Any] | None:
    """Return a JSON object, None for bytes that are none."""
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def same(one: object, other: object) -> bool:
    """Say whether two values mean the same to Teams: nothing is false, and a list of words has no order."""
    if _words(one) and _words(other):
        return sorted(one) == sorted(other)
    return (one or False) == (other or False)


def _words(content: object) -> TypeGuard[list[str]]:
    return isinstance(content, list) and all(isinstance(word, str) for word in content)
