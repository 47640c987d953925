"""The one file that imports OpenTelemetry: numbers to be asked for at `/metrics`, and what is pushed to a collector.

It is loaded only where a setting wants it: its import takes 60 ms and 9 MB.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from opentelemetry.context import Context
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.metrics import CallbackOptions, Meter, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder

from bot.errors import told
from bot.observe import Event
from bot.telemetry.measures import INSTRUMENTS, Instrument, Peer, measures, nothing_yet
from bot.telemetry.spans import Attribute, Span, span_of

CLOSE_WITHIN_SECONDS = 1.5
"""What a collector that is away may cost at the end: the last spans then stay untold (ENGINE R25)."""
PUSH_TIMEOUT_SECONDS = 5.0
_MS = 1_000_000
_LOGGER = logging.getLogger("muster")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What settings ask for: `scraped` whether `/metrics` is asked, `collector` where OTLP goes over HTTP, "" nowhere.

    `graph_url` is the address of Graph.
    """

    scraped: bool
    collector: str
    graph_url: str


class Telemetry:
    """An observer that counts, times and traces. `now` returns ms UTC; `readers` and `processors` take it from here."""

    def __init__(
        self,
        graph_url: str,
        now: Callable[[], int],
        readers: Sequence[MetricReader] = (),
        processors: Sequence[SpanProcessor] = (),
        registry: CollectorRegistry | None = None,
    ) -> None:
        parts = urlsplit(graph_url)
        self._peer = Peer(parts.hostname or "", parts.port or 443)
        self._now = now
        self._registry = registry or CollectorRegistry()
        # Who runs it may name it otherwise, by OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES.
        resource = Resource({"service.name": "muster"}).merge(OTELResourceDetector().detect())
        self._meters = MeterProvider(readers, resource, shutdown_on_exit=False)
        meter = self._meters.get_meter("muster")
        self._instruments = {name: _instrument(meter, name, told) for name, told in INSTRUMENTS.items()}
        for measure in nothing_yet():
            self._instruments[measure.name](measure.value, measure.attributes)
        self._ids = _Ids()
        self._tracers = TracerProvider(resource=resource, id_generator=self._ids, shutdown_on_exit=False)
        for processor in processors:
            self._tracers.add_span_processor(processor)
        self._tracer = self._tracers.get_tracer("muster") if processors else None

    def __call__(self, event: Event) -> None:
        """Take an event in. A bug here costs numbers, never a turn."""
        try:
            for measure in measures(event, self._peer):
                self._instruments[measure.name](measure.value, measure.attributes)
            if self._tracer is not None and (taken := span_of(event, self._now(), self._peer.address)):
                self._span(taken)
        except Exception as error:  # noqa: BLE001 - whoever observes must not break what is observed
            _LOGGER.error("telemetry.failed error=%r", told(error))  # noqa: TRY400 - an error's own words are not logged

    def _span(self, taken: Span) -> None:
        first = SpanContext(taken.trace, taken.first, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
        parent = Context() if taken.opens else set_span_in_context(NonRecordingSpan(first), Context())
        self._ids.next = first if taken.opens else None
        span = self._tracer.start_span(  # type: ignore[union-attr]  # asked for where this is called
            taken.name, parent, SpanKind[taken.kind], taken.attributes, start_time=taken.started_at * _MS
        )
        if taken.error:
            span.set_status(Status(StatusCode.ERROR, taken.error))
        span.end(taken.ended_at * _MS)

    def page(self, accept: str) -> tuple[bytes, str]:
        """Return all numbers in Prometheus' text format, or OpenMetrics', and its content type."""
        try:
            encode, content_type = choose_encoder(accept)
        except TypeError:  # of a version of OpenMetrics that is none, such as `version=abc`
            encode, content_type = choose_encoder("")
        return encode(self._registry), content_type

    async def close(self) -> None:
        """Push what was not pushed yet, for 1.5 s at most."""
        loop, done = asyncio.get_running_loop(), asyncio.Event()

        def close() -> None:
            self._tracers.shutdown()
            self._meters.shutdown(CLOSE_WITHIN_SECONDS * 1000)
            if not loop.is_closed():
                loop.call_soon_threadsafe(done.set)

        # A thread that nobody waits for at the end of the process: the collector may be away.
        threading.Thread(target=close, name="telemetry-close", daemon=True).start()
        await asyncio.wait([asyncio.ensure_future(done.wait())], timeout=CLOSE_WITHIN_SECONDS)


def start(wanted: Wanted, now: Callable[[], int]) -> Telemetry:
    """Return what was asked for, running. OTLP takes the other OTEL_EXPORTER_OTLP_… variables too."""
    registry = CollectorRegistry()
    readers: list[MetricReader] = []
    processors: list[SpanProcessor] = []
    if wanted.scraped:
        ProcessCollector(registry=registry)
        readers.append(PrometheusMetricReader(registry=registry, scope_info_enabled=False))
    if wanted.collector:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter  # noqa: PLC0415 - it takes 20 ms
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - the same

        limit = PUSH_TIMEOUT_SECONDS
        spans = OTLPSpanExporter(f"{wanted.collector}/v1/traces", timeout=limit)
        processors.append(BatchSpanProcessor(spans))
        numbers = OTLPMetricExporter(f"{wanted.collector}/v1/metrics", timeout=limit)
        readers.append(PeriodicExportingMetricReader(numbers))
    return Telemetry(wanted.graph_url, now, readers, processors, registry)


class _Ids(IdGenerator):
    """Random ids, but for a request's first span, whose ids are made of its reference."""

    def __init__(self) -> None:
        self.next: SpanContext | None = None
        self._random = RandomIdGenerator()

    def generate_span_id(self) -> int:
        """Return the next span's id."""
        return self.next.span_id if self.next else self._random.generate_span_id()

    def generate_trace_id(self) -> int:
        """Return the next trace's id."""
        return self.next.trace_id if self.next else self._random.generate_trace_id()


class _Count:
    """A counter that is added up here and asked for when somebody looks: a tenth of the cost of adding up there."""

    def __init__(self, meter: Meter, name: str, told: Instrument) -> None:
        self._counts: dict[tuple[tuple[str, Attribute], ...], float] = {}
        meter.create_observable_counter(name, [self._observed], told.unit, told.means)

    def add(self, value: float, attributes: Mapping[str, Attribute]) -> None:
        """Count on."""
        key = tuple(attributes.items())
        self._counts[key] = self._counts.get(key, 0) + value

    def _observed(self, _: CallbackOptions) -> list[Observation]:
        # A copy: a collector is told by a thread of its own.
        return [Observation(value, dict(key)) for key, value in self._counts.copy().items()]


def _instrument(meter: Meter, name: str, told: Instrument) -> Callable[[float, Mapping[str, Attribute]], None]:
    if not told.bounds:
        return _Count(meter, name, told).add
    bounds = list(told.bounds)
    return meter.create_histogram(name, told.unit, told.means, explicit_bucket_boundaries_advisory=bounds).record
