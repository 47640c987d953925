"""From an event to what is counted and timed. Pure: events in, values out.

No label names a tenant, a chat or a person, and each has few values: words of ours, methods, routes and statuses
(ENGINE 4.8). Names are OpenTelemetry's where it has one (https://opentelemetry.io/docs/specs/semconv/http/http-metrics/
and .../messaging/messaging-metrics/), else `muster.…`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from bot.observe import Event
from bot.telemetry.catalogue import EVENTS
from bot.telemetry.spans import Attribute, kind_of, messaging

_SERVED, _ASKED = "http.server.request.duration", "http.client.request.duration"
_PROCESSED, _SENT = "messaging.process.duration", "messaging.client.operation.duration"
_HTTP = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
_WAITS = (0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 20, 30, 60, 120, 180)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"})
FAILED = 500


@dataclass(frozen=True, slots=True)
class Instrument:
    """What is measured: `bounds` are the upper bounds of a histogram's buckets, none for a counter."""

    unit: str
    means: str
    bounds: tuple[float, ...] = ()


INSTRUMENTS = {
    _SERVED: Instrument("s", "Duration of HTTP server requests.", _HTTP),
    _ASKED: Instrument("s", "Duration of HTTP client requests (to Microsoft Graph).", _HTTP),
    _PROCESSED: Instrument("s", "Duration of processing operation (turns and timers).", _HTTP),
    _SENT: Instrument("s", "Duration of messaging operation (posts, edits and whispers).", _HTTP),
    "muster.card.wait": Instrument("s", "From the asking to the first card in the chat.", _WAITS),
    "muster.meeting.wait": Instrument("s", "From the asking to the open meeting.", _WAITS),
    "muster.turns": Instrument("{turn}", "Turns that were decided, by kind and outcome."),
    "muster.timers": Instrument("{timer}", "Timers that ran, by kind and outcome."),
    "muster.messages": Instrument("{message}", "Attempts to post, edit or whisper, by purpose and outcome."),
    "muster.events": Instrument("{event}", "Events, by name: infra/EVENTS.md has them all."),
}


@dataclass(frozen=True, slots=True)
class Measure:
    """One number more: `value` in the instrument's unit."""

    name: str
    value: float
    attributes: Mapping[str, Attribute]


class Peer(NamedTuple):
    """Where Graph is asked."""

    address: str
    port: int


def nothing_yet() -> Iterator[Measure]:
    """Yield a zero for each event, so that the first of its kind is seen as one more: what begins at 1 has no rise."""
    for name in EVENTS:
        yield Measure("muster.events", 0, {"muster.event": name})


def measures(event: Event, graph: Peer) -> Iterator[Measure]:
    """Yield what an event adds."""
    name = event.name if event.name in EVENTS else "other"
    yield Measure("muster.events", 1, {"muster.event": name})
    match event.name:
        case "http.served":
            yield _timed(_SERVED, event, _http(event) | {"http.route": _text(event, "route"), "url.scheme": "http"})
        case "graph.answered" | "graph.no_answer":
            peer: dict[str, Attribute] = {"server.address": graph.address, "server.port": graph.port}
            yield _timed(_ASKED, event, _http(event) | peer | {"url.template": _text(event, "path")})
        case "turn.done":
            yield _timed(_PROCESSED, event, messaging("process", "inbox"))
            yield Measure("muster.turns", 1, _outcome(event, "kind"))
        case "timer.done":
            yield _timed(_PROCESSED, event, messaging("process", "timers"))
            yield Measure("muster.timers", 1, _outcome(event, "kind"))
            yield from _waited("muster.meeting.wait", event)
        case "message.sent":
            failed: dict[str, Attribute] = {"error.type": kind_of(event.fields.get("outcome"))}
            yield _timed(_SENT, event, messaging("send", "messages") | (failed if event.level > logging.INFO else {}))
            yield Measure("muster.messages", 1, _outcome(event, "purpose"))
            yield from _waited("muster.card.wait", event)


def _text(event: Event, field: str) -> str:
    return str(event.fields.get(field) or "")


def _outcome(event: Event, kind: str) -> dict[str, Attribute]:
    return {f"muster.{kind}": _text(event, kind), "muster.outcome": _text(event, "outcome")}


def _timed(name: str, event: Event, attributes: Mapping[str, Attribute]) -> Measure:
    return Measure(name, int(event.fields.get("ms") or 0) / 1000, attributes)


def _waited(name: str, event: Event) -> Iterator[Measure]:
    waited = event.fields.get("since_asked_ms")
    if waited is not None:
        yield Measure(name, int(waited) / 1000, {})


def _http(event: Event) -> dict[str, Attribute]:
    """Return method, status and, where it failed, why: the kind of error, or the status."""
    method, status = _text(event, "method"), int(event.fields.get("status") or 0)
    told: dict[str, Attribute] = {"http.request.method": method if method in _METHODS else "_OTHER"}
    if status:
        told["http.response.status_code"] = status
    error = event.fields.get("error")
    # A server's 4xx is the caller's error and not its own; a client's is one (semantic conventions, HTTP).
    worst = FAILED if event.name == "http.served" else 400
    if error or status >= worst:
        told["error.type"] = kind_of(error) if error else str(status)
    return told
