"""Numbers that are asked for, traces and numbers that are pushed."""

from __future__ import annotations

import asyncio
import io
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.parser import text_string_to_metric_families

from bot.observe import Event, Lines, both
from bot.telemetry.export import Telemetry, Wanted, start
from bot.telemetry.measures import INSTRUMENTS
from bot.telemetry.spans import trace_id

REF = "7F3K-92QD"
NOW = 1_790_000_000_000
GRAPH = "https://graph.example"
FIRST = Event("door.accepted", {"ref": REF, "kind": "said", "receipt": "new", "at": NOW - 20})
DONE = Event("turn.done", {"ref": REF, "kind": "said", "outcome": "opening", "ms": 3})


def now() -> int:
    """Return always the same time."""
    return NOW


async def test_two_replicas_tell_one_trace() -> None:
    """What one process began and another finished after a crash is one trace, in which the POST is the parent."""
    spans = InMemorySpanExporter()
    one, other = (Telemetry(GRAPH, now, processors=[SimpleSpanProcessor(spans)]) for _ in range(2))
    one(FIRST)
    other(DONE)
    one(Event("keys.loaded", {"count": 2}))
    first, done = spans.get_finished_spans()
    assert first.context is not None
    assert done.context is not None
    assert done.parent is not None
    assert first.context.trace_id == done.context.trace_id == trace_id(REF)
    assert first.parent is None
    assert done.parent.span_id == first.context.span_id != done.context.span_id
    assert (first.start_time, first.end_time) == ((NOW - 20) * 1_000_000, NOW * 1_000_000)
    await one.close()
    await other.close()


async def test_prometheus_finds_numbers() -> None:
    """Each metric is in Prometheus' format with its unit, and OpenMetrics is spoken to who asks for one there is."""
    telemetry = start(Wanted(scraped=True, collector="", graph_url=GRAPH), now)
    telemetry(DONE)
    page, content_type = telemetry.page("")
    families = {family.name: family for family in text_string_to_metric_families(page.decode())}
    assert content_type.startswith("text/plain")
    (turns,) = families["muster_turns"].samples
    assert (turns.labels, turns.value) == ({"muster_kind": "said", "muster_outcome": "opening"}, 1)
    assert "messaging_process_duration_seconds" in families
    assert telemetry.page("application/openmetrics-text")[1].startswith("application/openmetrics-text")
    assert telemetry.page("application/openmetrics-text; version=abc")[1] == content_type
    await telemetry.close()


async def test_a_bug_in_telling_costs_no_turn(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever counts must not break what is counted: the event goes on to the log, and the bug is said there."""
    seen: list[Event] = []
    telemetry = Telemetry(GRAPH, now)
    monkeypatch.delitem(telemetry._instruments, "muster.events")
    both(telemetry, seen.append)(DONE)
    assert seen == [DONE]
    assert "telemetry.failed error='KeyError in bot.telemetry.export:" in caplog.text
    await telemetry.close()


@pytest.fixture
async def collector() -> AsyncIterator[tuple[str, dict[str, bytes]]]:
    """Start a collector of OTLP over HTTP; what it was sent, by path."""
    got: dict[str, bytes] = {}

    async def take(request: web.Request) -> web.Response:
        got[request.path] = await request.read()
        return web.Response()

    application = web.Application()
    application.router.add_post("/v1/{signal}", take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}", got
    await runner.cleanup()


async def test_a_collector_is_told_by_otlp(
    collector: tuple[str, dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was not pushed yet is pushed at the end: spans and numbers, under the name that the administrator gave."""
    url, got = collector
    monkeypatch.setenv("OTEL_SERVICE_NAME", "muster-test")
    telemetry = start(Wanted(scraped=False, collector=url, graph_url=GRAPH), now)
    telemetry(DONE)
    monkeypatch.setattr("bot.telemetry.export.CLOSE_WITHIN_SECONDS", 30.0)
    await telemetry.close()
    (traces,) = ExportTraceServiceRequest.FromString(got["/v1/traces"]).resource_spans
    assert [span.name for span in traces.scope_spans[0].spans] == ["process inbox"]
    assert "muster-test" in str(traces.resource)
    (numbers,) = ExportMetricsServiceRequest.FromString(got["/v1/metrics"]).resource_metrics
    assert {metric.name for metric in numbers.scope_metrics[0].metrics} < set(INSTRUMENTS)


class Silent(SpanProcessor):
    """Pushes to a collector that does not answer until it is `released`, or for ten seconds."""

    def __init__(self) -> None:
        self.released, self.answered = threading.Event(), threading.Event()

    def shutdown(self) -> None:
        """Push what is left."""
        self.released.wait(10)
        self.answered.set()


async def test_a_collector_that_does_not_answer_does_not_hold_up_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A stop is done in its time, whatever the collector does."""
    silent = Silent()
    telemetry = Telemetry(GRAPH, now, processors=[silent])
    monkeypatch.setattr("bot.telemetry.export.CLOSE_WITHIN_SECONDS", 0.0)
    await telemetry.close()
    assert not silent.answered.is_set()
    (closing,) = [thread for thread in threading.enumerate() if thread.name == "telemetry-close"]
    silent.released.set()
    await asyncio.to_thread(closing.join)


async def test_a_collector_s_secret_is_in_no_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a header that cannot be read, nor an address with a key in it, nor what the collector answers is told."""
    said = io.StringIO()
    lines = Lines(said)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "Bearer canary-header")
    monkeypatch.setattr("bot.telemetry.export.PUSH_TIMEOUT_SECONDS", 0.2)
    monkeypatch.setattr("bot.telemetry.export.CLOSE_WITHIN_SECONDS", 30.0)
    logging.getLogger().addHandler(lines)
    try:
        async with refusing() as url:
            for collector in (f"{url}/canary-key", "http://127.0.0.1:1/canary-key"):
                telemetry = start(Wanted(scraped=False, collector=collector, graph_url=GRAPH), now)
                telemetry(DONE)
                await telemetry.close()
    finally:
        logging.getLogger().removeHandler(lines)
    assert "Failed to export" in said.getvalue()
    assert "418" in said.getvalue()
    assert "Header format invalid" in said.getvalue()
    assert "canary" not in said.getvalue()


async def test_a_collector_that_sends_on_is_not_followed() -> None:
    """What a redirect names gets neither numbers nor headers (ENGINE 4.6)."""
    asked: list[str] = []
    spans = InMemorySpanExporter()
    Telemetry(GRAPH, now, processors=[SimpleSpanProcessor(spans)])(DONE)
    async with refusing(asked=asked) as elsewhere, refusing(307, f"{elsewhere}/elsewhere", asked) as url:
        exporter = OTLPSpanExporter(f"{url}/here", timeout=1.0)
        await asyncio.to_thread(exporter.export, spans.get_finished_spans())
        exporter.shutdown()  # type: ignore[no-untyped-call]  # untyped there
    assert asked == ["/here"]


@asynccontextmanager
async def refusing(status: int = 418, to: str = "", asked: list[str] | None = None) -> AsyncIterator[str]:
    """Start a collector that takes nothing, and answers with words of its own or sends on; `asked` gets its paths."""

    async def refuse(request: web.Request) -> web.Response:
        if asked is not None:
            asked.append(request.path)
        return web.Response(status=status, reason="canary-reason", headers={"Location": to} if to else {})

    application = web.Application()
    application.router.add_post("/{tail:.*}", refuse)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()
