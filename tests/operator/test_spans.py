"""Events as spans of a request's trace, and as numbers."""

from __future__ import annotations

import hashlib
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.observe import Event, Value
from bot.telemetry.catalogue import EVENTS
from bot.telemetry.measures import INSTRUMENTS, Measure, Peer, measures
from bot.telemetry.spans import Span, span_of, trace_id

REF = "7F3K-92QD"
NOW = 1_790_000_000_000
GRAPH = Peer("graph.example", 443)
ANSWERED: dict[str, Value] = {
    "ref": REF,
    "method": "POST",
    "path": "/users/{id}/onlineMeetings/createOrGet",
    "client_request_id": "c1",
    "status": 201,
    "ms": 400,
    "request_id": "r1",
}
FIELDS = st.dictionaries(
    st.sampled_from(["ref", "ms", "at", "status", "error", "method", "path", "outcome", "kind", "receipt", "other"]),
    st.none() | st.integers(0, 2**40) | st.booleans(),
)


def spanned(name: str, level: int = logging.INFO, /, **fields: Value) -> Span:
    """Return the span of an event that has one."""
    taken = span_of(Event(name, {"ref": REF, **fields}, level), NOW, GRAPH.address)
    assert taken is not None
    return taken


def test_everybody_can_work_out_the_trace_of_a_reference() -> None:
    """The id is a hash of the reference, as infra/EVENTS.md says, so that two replicas agree without talking."""
    assert f"{trace_id(REF):032x}" == hashlib.sha256(f"muster|{REF}".encode()).hexdigest()[:32]


def test_the_door_opens_the_trace() -> None:
    """The first span is the POST, from when it came to when it was taken in; all others hang below it."""
    first = spanned("door.accepted", at=NOW - 30, receipt="new", kind="said")
    assert (first.name, first.kind, first.opens) == ("POST /api/messages", "SERVER", True)
    assert (first.started_at, first.ended_at) == (NOW - 30, NOW)
    later = spanned("turn.done", ms=5)
    assert (later.trace, later.first, later.opens) == (first.trace, first.first, False)


@pytest.mark.parametrize("fields", [{"receipt": "echo", "kind": "said"}, {"receipt": "new", "kind": "edited"}])
def test_a_trace_is_opened_once(fields: dict[str, Value]) -> None:
    """A copy, and an edit of what was said, are further spans of the same request."""
    assert not spanned("door.accepted", logging.INFO, **fields).opens


def test_graph_s_answer_is_found_by_both_ids() -> None:
    """Microsoft's support asks for the request id, ours is in Graph's own logs: the span has both, and no address."""
    taken = spanned("graph.answered", **ANSWERED)
    assert (taken.name, taken.kind) == ("POST /users/{id}/onlineMeetings/createOrGet", "CLIENT")
    assert taken.started_at == NOW - 400
    assert taken.attributes == {
        "server.address": "graph.example",
        "http.request.method": "POST",
        "url.template": "/users/{id}/onlineMeetings/createOrGet",
        "http.request.header.client-request-id": ("c1",),
        "http.response.status_code": 201,
        "http.response.header.request-id": ("r1",),
        "muster.reference": REF,
    }


def test_what_went_wrong_is_marked() -> None:
    """A warning's span is an error with its kind as its type, so that traces can be searched for it."""
    taken = spanned("turn.failed", logging.ERROR, error="KeyError in bot.dispatch:5", attempts=2)
    assert taken.error == "KeyError in bot.dispatch:5"
    assert taken.attributes["error.type"] == "KeyError"
    assert taken.attributes["muster.attempts"] == 2
    assert spanned("message.sent", logging.WARNING, outcome="refused: 403").error == "refused: 403"


def test_what_belongs_to_no_request_has_no_span() -> None:
    """The keys' daily renewal and what only `debug` tells open no traces."""
    assert span_of(Event("keys.loaded", {"count": 2}), NOW, "") is None
    assert span_of(Event("door.ignored", {"ref": REF}, logging.DEBUG), NOW, "") is None


@given(st.sampled_from(sorted(EVENTS)), FIELDS)
def test_whatever_an_event_holds_it_is_told(name: str, fields: dict[str, Value]) -> None:
    """No value of a field, and none that is missing, stops the telling."""
    taken = span_of(Event(name, fields), NOW, "")
    assert taken is None or taken.started_at <= taken.ended_at
    for measure in measures(Event(name, fields), GRAPH):
        assert measure.name in INSTRUMENTS


def counted(event: Event) -> dict[str, Measure]:
    """Return an event's measures by name."""
    return {measure.name: measure for measure in measures(event, GRAPH)}


def test_graph_s_answers_are_timed_by_operation() -> None:
    """How long Graph takes is known for each operation, in seconds, with the status and nobody's id."""
    told = counted(Event("graph.answered", ANSWERED))["http.client.request.duration"]
    assert told.value == 0.4
    assert told.attributes == {
        "http.request.method": "POST",
        "http.response.status_code": 201,
        "server.address": "graph.example",
        "server.port": 443,
        "url.template": "/users/{id}/onlineMeetings/createOrGet",
    }


@pytest.mark.parametrize(
    ("name", "fields", "kind"),
    [
        ("graph.answered", {"status": 404}, "404"),
        ("graph.no_answer", {"error": "ReadTimeout"}, "ReadTimeout"),
        ("http.served", {"status": 500, "error": "KeyError in bot.x:1"}, "KeyError"),
        ("http.served", {"status": 503}, "503"),
        ("http.served", {"status": 401}, None),
    ],
)
def test_errors_have_a_type(name: str, fields: dict[str, Value], kind: str | None) -> None:
    """Errors are counted by kind; a stranger's 401 at our door is not our error."""
    told = next(measure for measure in counted(Event(name, fields)).values() if measure.name.startswith("http."))
    assert told.attributes.get("error.type") == kind


def test_strangers_make_no_labels() -> None:
    """A method that somebody invented counts as `_OTHER`, an event that is not listed as `other`."""
    assert (
        counted(Event("http.served", {"method": "PWN1"}))["http.server.request.duration"].attributes[
            "http.request.method"
        ]
        == "_OTHER"
    )
    assert counted(Event("surprise"))["muster.events"].attributes["muster.event"] == "other"


def test_waits_are_measured_from_the_asking() -> None:
    """What people feel is timed: until the first card, and until the meeting is open."""
    card = counted(Event("message.sent", {"purpose": "card", "outcome": "posted", "since_asked_ms": 1_500}))
    assert card["muster.card.wait"].value == 1.5
    assert "error.type" not in card["messaging.client.operation.duration"].attributes
    assert card["muster.messages"].attributes == {"muster.purpose": "card", "muster.outcome": "posted"}
    opened = counted(Event("timer.done", {"kind": "open", "outcome": "open", "since_asked_ms": 2_000}))
    assert opened["muster.meeting.wait"].value == 2
    assert "muster.meeting.wait" not in counted(Event("timer.done", {"kind": "open"}))
    lost = counted(Event("message.sent", {"outcome": "refused: 403"}, logging.WARNING))
    assert lost["messaging.client.operation.duration"].attributes["error.type"] == "refused"
