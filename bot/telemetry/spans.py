"""From an event to a span of a request's trace. Pure: events in, values out.

All spans of one request share a trace, whichever process took them and before whichever restart: its id is made of the
reference that people read out. Names of attributes are OpenTelemetry's where it has one
(https://opentelemetry.io/docs/specs/semconv/http/http-spans/ and .../messaging/messaging-spans/), else `muster.…`.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from bot.observe import Event, Value

Attribute = str | int | float | bool | tuple[str, ...]
LATER_ON = frozenset({"edited", "deleted"})
"""Turns that have the reference of the message they are about: that one is the trace's first span."""
_OWN_PLACE = frozenset({"ref", "ms", "at"})
_NAMES = {
    "method": "http.request.method",
    "path": "url.template",
    "status": "http.response.status_code",
    "error": "error.type",
}
_HEADERS = {
    "request_id": "http.response.header.request-id",
    "client_request_id": "http.request.header.client-request-id",
}
_KINDS = {
    "door.accepted": "SERVER",
    "graph.answered": "CLIENT",
    "graph.no_answer": "CLIENT",
    "message.sent": "PRODUCER",
    "turn.done": "CONSUMER",
    "turn.failed": "CONSUMER",
    "timer.done": "CONSUMER",
}


@dataclass(frozen=True, slots=True)
class Span:
    """One step of a request: `trace` and `first` are ids, `first` that of its first span; times in ms UTC.

    `opens` says that this is the first span itself. `error` is "" or why it did not go well.
    """

    name: str
    kind: str
    trace: int
    first: int
    opens: bool
    started_at: int
    ended_at: int
    attributes: Mapping[str, Attribute]
    error: str = ""


def trace_id(reference: str) -> int:
    """Return the 128-bit id of a request's trace: always the same for the same reference."""
    return int.from_bytes(_digest(reference)[:16]) or 1


def span_of(event: Event, now: int, server: str) -> Span | None:
    """Return an event's span; None for one that belongs to no request. `now` is ms UTC, `server` Graph's host."""
    reference = event.fields.get("ref")
    if not reference or event.level < logging.INFO:
        return None
    fields = event.fields
    digest = _digest(str(reference))
    lasted = int(fields.get("ms") or 0)
    kind = _KINDS.get(event.name, "INTERNAL")
    return Span(
        _name(event),
        kind,
        trace_id(str(reference)),
        int.from_bytes(digest[16:24]) or 1,
        event.name == "door.accepted" and fields.get("receipt") == "new" and fields.get("kind") not in LATER_ON,
        min(int(fields.get("at") or now - lasted), now),
        now,
        {**_usual(event.name, server), **_own(event), "muster.reference": str(reference)},
        _error(event),
    )


def _digest(reference: str) -> bytes:
    return hashlib.sha256(f"muster|{reference}".encode()).digest()


def _name(event: Event) -> str:
    """Return a span's name as the conventions have it: what is done, and to which kind of thing."""
    match event.name:
        case "door.accepted":
            return "POST /api/messages"
        case "graph.answered" | "graph.no_answer":
            return f"{event.fields.get('method')} {event.fields.get('path')}"
        case "turn.done" | "turn.failed":
            return "process inbox"
        case "timer.done":
            return "process timers"
        case "message.sent":
            return "send messages"
        case other:
            return other


def _usual(name: str, server: str) -> dict[str, Attribute]:
    """Return what the conventions want to be said of such a span."""
    match name:
        case "door.accepted":
            return {"http.request.method": "POST", "http.route": "/api/messages", "url.path": "/api/messages"}
        case "graph.answered" | "graph.no_answer":
            return {"server.address": server}
        case "turn.done" | "turn.failed" | "timer.done":
            return messaging("process", "timers" if name == "timer.done" else "inbox")
        case "message.sent":
            return messaging("send", "messages")
        case _:
            return {}


def messaging(operation: str, table: str) -> dict[str, Attribute]:
    """Return the attributes of work with one of the store's queues, which are its tables."""
    return {
        "messaging.system": "muster",
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
        "messaging.destination.name": table,
    }


def _own(event: Event) -> dict[str, Attribute]:
    """Return what the event says itself."""
    told: dict[str, Attribute] = {}
    for name, value in event.fields.items():
        if name in _OWN_PLACE or value is None or value == "":
            continue
        if name in _HEADERS:
            told[_HEADERS[name]] = (str(value),)
        else:
            told[_NAMES.get(name, f"muster.{name}")] = kind_of(value) if name == "error" else _plain(value)
    return told


def _plain(value: Value) -> Attribute:
    # An enum's member is its text: exporters know plain types only.
    return value if isinstance(value, bool | int | float) else str(value)


def kind_of(error: Value) -> str:
    """Return the kind of error out of what `bot.errors.told` says of it: few values, for a label."""
    return str(error).partition(":")[0].partition(" ")[0]


def _error(event: Event) -> str:
    if event.level < logging.WARNING:
        return ""
    return str(event.fields.get("error") or event.fields.get("outcome") or event.name)
