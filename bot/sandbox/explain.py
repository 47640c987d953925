"""What went over the wire, for people to read: every exchange with its bodies, and nothing that is secret."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from bot.sandbox.journal import Exchange
from bot.sandbox.lines import printable

_NAMES = {"entra": "Entra", "graph": "Graph", "teams": "Teams", "tokens": "the Token Service", "bot": "Muster"}
_FROM = {"bot": "Teams", "front": "Graph"}
"""Who asks Muster; everybody else is asked by it."""
_CHOSEN = re.compile(r'\bgraph\.chosen\b.*?\bcall=(?P<call>\S+) why="(?P<why>[^"]*)"')
_TROUBLE = re.compile(r' (?:WARNING|ERROR) .*? error="(?:\w+: )?(?P<why>[^"]*)"')
_LINES = 40
_CHARACTERS = 118
_SECRET_NAME = re.compile(
    r"(?i)authorization|cookie|assertion|secret|password|passcode|clientState|token(?!_?type|_?endpoint)"
)
_JWT = re.compile(r"\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?")
_JOIN = re.compile(r"([?&](?:p|code|state)=)[^\s\"&)]+")


def explained(exchange: Exchange) -> str:
    """Return an exchange as text: who asked whom for what, the answer, and both bodies, bounded and masked."""
    caller = _FROM.get(exchange.server)
    asker, asked = (caller, "Muster") if caller else ("Muster", _NAMES[exchange.server])
    status = "no answer" if exchange.status is None else str(exchange.status)
    fault = f"  (fault: {exchange.fault})" if exchange.fault else ""
    path = _JOIN.sub(r"\1***", exchange.path)
    lines = [printable(f"{asker} -> {asked}  {exchange.method} {path}  {status}  {exchange.ms:.0f} ms{fault}")]
    lines += _body(">", exchange.request) + _body("<", exchange.response)
    return "\n".join(lines)


def report(exchanges: Iterable[Exchange]) -> str:
    """Return several exchanges, oldest first, with an empty line between them."""
    return "\n\n".join(explained(exchange) for exchange in exchanges)


def chosen(log: Iterable[str]) -> str:
    """Return which of Graph's calls Muster chose and why, one line each, as its log says it; "" for none."""
    found = [match for line in log if (match := _CHOSEN.search(line))]
    return "\n".join(printable(f"Muster chose {match['call']}: {match['why']}.") for match in found)


def silence(log: Iterable[str]) -> str:
    """Return what is said where Muster has shown nothing yet, with what its log says stands in the way."""
    why = dict.fromkeys(match["why"] for line in log if (match := _TROUBLE.search(line)))
    nothing = "  Muster has shown nothing yet. What comes later appears here; /explain lists the calls."
    return "\n".join([nothing, *(printable(f"  Its log: {one}") for one in why)])


def safe(data: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return JSON data with every secret hidden: by the name of its field, and tokens and passcodes in any text."""
    if isinstance(data, dict):
        return {key: _hidden(key, value) for key, value in data.items()}
    if isinstance(data, list):
        return [safe(item) for item in data]
    return _JOIN.sub(r"\1***", _JWT.sub("***", data)) if isinstance(data, str) else data


def _hidden(name: str, value: Any) -> Any:  # noqa: ANN401 - any JSON
    return "***" if isinstance(value, str) and value and _SECRET_NAME.search(name) else safe(value)


def _body(mark: str, data: Any) -> list[str]:  # noqa: ANN401 - any JSON
    if data in (None, "", {}):
        return []
    data = safe(data)
    text = data if isinstance(data, str) else json.dumps(data, indent=2, ensure_ascii=False)
    lines = printable(text).split("\n")
    more = [f"  {mark} … {len(lines) - _LINES} more lines"] if len(lines) > _LINES else []
    return [f"  {mark} {_cut(line)}" for line in lines[:_LINES]] + more


def _cut(line: str) -> str:
    return line if len(line) <= _CHARACTERS else line[: _CHARACTERS - 1] + "…"
