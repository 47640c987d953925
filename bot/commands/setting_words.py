"""Settings as people write them and as the dialog sends them: `duration: 45m`, `start: owners`. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bot import preferences
from bot.commands import options
from bot.commands.grammar import fold
from bot.errors import UsageError
from bot.model import LobbyScope
from cards.words import preferred

ME = "me"
LONGEST_BRIDGE = 200
MOST_PEOPLE = 20
"""People on a ring list: as many as one command rings (ENGINE 2.10)."""
ON, OFF, DEFAULT = ("on", "yes", "true", "1"), ("off", "no", "false", "0"), ("", "default", "standard")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}")
_OID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

Changes = dict[str, Any]
"""New values by key; None takes a setting back."""


def _duration(value: str) -> int | None:
    length = f"{value}m" if value.isdigit() else value
    try:
        minutes = options.parse(f"for {length}").minutes
    except UsageError:
        minutes = 0
    if not minutes:
        raise ValueError(value)
    return minutes


def _lobby(value: str) -> str:
    scopes = {scope.value.casefold(): scope for scope in LobbyScope} | dict(options.SCOPES)
    return scopes[value.casefold()].value


def _switch(value: str) -> bool | None:
    folded = value.casefold()
    if folded in OFF:
        return None
    if folded in ON:
        return True
    raise ValueError(value)


def _one_of(*values: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value.casefold() not in values:
            raise ValueError(value)
        return value.casefold()

    return read


def _language(value: str) -> str:
    if not _LANGUAGE.fullmatch(value):
        raise ValueError(value)
    return value


def _bridge(value: str) -> str:
    return " ".join(value.split())[:LONGEST_BRIDGE]


def oids(value: str) -> list[str]:
    """Return the object ids of a people picker's answer, each once: they are separated by commas."""
    found = dict.fromkeys(part.strip().lower() for part in value.split(",") if _OID.fullmatch(part.strip()))
    return list(found)[:MOST_PEOPLE]


CHAT: Mapping[str, Callable[[str], Any]] = {
    "duration": _duration,
    "lobby": _lobby,
    "passcode": _switch,
    "record": _switch,
    "start": _one_of(*preferences.STARTERS),
    "ring": oids,
    "language": _language,
    "backup_bridge": _bridge,
    "dial_in": _one_of(*preferences.DIAL_IN),
    "roster": _one_of(*preferences.ROSTERS),
}
"""What reads each of a chat's settings; raises ValueError or KeyError."""
PERSON: Mapping[str, Callable[[str], Any]] = {"language": _language, "plain": _switch}
"""What reads each of a person's own."""
NAMES: Mapping[str, str] = {
    "duration": "duration",
    "lobby": "lobby",
    "passcode": "passcode",
    "record": "record",
    "recording": "record",
    "start": "start",
    "language": "language",
    "bridge": "backup_bridge",
    "backup bridge": "backup_bridge",
    "dial-in": "dial_in",
    "numbers": "dial_in",
    "roster": "roster",
}
"""The words for a chat's settings; whom to ring is chosen in the dialog, because a mention holds no object id."""
_MINE: Mapping[str, Changes] = {"plain text": {"plain": True}, "text": {"plain": True}, "cards": {"plain": None}}


def said(line: str, languages: Sequence[str]) -> tuple[bool, Changes]:
    """Return whether somebody's own settings are meant, and the changes, of what follows `settings`.

    `languages` are those that are switched on. Raises UsageError with the nearest line that would do.
    """
    first, colon, rest = line.partition(":")
    name, value = " ".join(first.casefold().split()), " ".join(rest.split())
    if name == ME and value.casefold() in _MINE:
        return True, dict(_MINE[value.casefold()])
    mine = name.startswith(f"{ME} ")
    key = NAMES.get(name.removeprefix(f"{ME} "), "")
    known = PERSON if mine else CHAT
    if not colon or key not in known:
        raise UsageError(f"settings {line}"[:60], "settings")
    try:
        return mine, {key: None if fold(value) in DEFAULT else _value(key, known[key](value), languages)}
    except (ValueError, KeyError):
        raise UsageError(f"settings {line}"[:60], "settings") from None


def submitted(data: Mapping[str, str], languages: Sequence[str]) -> tuple[Changes, Changes]:
    """Return what a submitted dialog changes of the chat's and of the person's settings; `languages` are those on.

    It is a client's input: what cannot be read is left out. `was` is what the dialog showed: whatever is still so was
    not changed in it, and somebody else may have changed it meanwhile.
    """
    shown = _shown(data.get("was", ""))
    data = {name: value for name, value in data.items() if shown.get(name) != value}
    return _read(data, "chat.", CHAT, languages), _read(data, "me.", PERSON, languages)


def _value(key: str, value: Any, languages: Sequence[str]) -> Any:  # noqa: ANN401 - whatever a setting holds
    """Return a setting's value. ValueError for a language that would be English after all."""
    if key == "language" and preferred(value, languages) != value:
        raise ValueError(value)
    return value


def _shown(text: str) -> Mapping[str, Any]:
    try:
        shown = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return shown if isinstance(shown, dict) else {}


def _read(
    data: Mapping[str, str], prefix: str, readers: Mapping[str, Callable[[str], Any]], languages: Sequence[str]
) -> Changes:
    changes: Changes = {}
    for key, read in readers.items():
        value = data.get(prefix + key)
        if value is None:
            continue
        try:
            changes[key] = None if fold(value) in DEFAULT else _value(key, read(value), languages) or None
        except (ValueError, KeyError):
            continue
    return changes


def changed(before: Mapping[str, Any], changes: Changes) -> tuple[dict[str, Any], list[str]]:
    """Return the settings after the changes, and the keys of those that really changed."""
    after = {key: value for key, value in {**before, **changes}.items() if value is not None}
    return after, sorted(key for key in changes if before.get(key) != after.get(key))
