"""Traces over OTLP, by the standard `OTEL_*` variables.

The decision whether to sample comes before any span exists (decision 0002): a request that is
not sampled pays for the decision and for the ids in its log line, and for nothing else.
"""

import importlib
import os
from collections.abc import Sequence
from contextvars import ContextVar, Token
from dataclasses import dataclass
from random import getrandbits
from typing import Any, Final

from opentelemetry import context as otel_context
from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_ON,
    Sampler,
    StaticSampler,
    TraceIdRatioBased,
)
from opentelemetry.trace import INVALID_SPAN_CONTEXT, NonRecordingSpan, Span, SpanContext
from starlette.types import Scope

from burnrate.telemetry.context import RequestInfo, current
from burnrate.telemetry.metrics import SPAN_OUTCOMES, Metrics
from burnrate.telemetry.spans import ServerSpans

# Instrumentation package and class; one whose library is not installed is left out.
_CLIENTS: Final = (
    ("asyncpg", "opentelemetry.instrumentation.asyncpg", "AsyncPGInstrumentor"),
    ("redis", "opentelemetry.instrumentation.redis", "RedisInstrumentor"),
    ("httpx", "opentelemetry.instrumentation.httpx", "HTTPXClientInstrumentor"),
    ("httpx2", "opentelemetry.instrumentation.httpx", "HTTPX2ClientInstrumentor"),
)
_ENDPOINT_VARIABLES: Final = (
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
)
_random = RandomIdGenerator()
# What RequestInfo(...) calls, without the Python function around it.
_new: Final = tuple.__new__


@dataclass(slots=True)
class _Chosen:
    """The ids the decision was made for; the server span must carry them."""

    trace_id: int
    span_id: int | None


_chosen: ContextVar[_Chosen | None] = ContextVar("burnrate_chosen_ids", default=None)


class _ChosenIdGenerator(IdGenerator):
    """Gives a request's first span, the server's, the ids that were chosen before it."""

    def generate_span_id(self) -> int:
        chosen = _chosen.get()
        if chosen is None or chosen.span_id is None:
            return _random.generate_span_id()
        span_id, chosen.span_id = chosen.span_id, None
        return span_id

    def generate_trace_id(self) -> int:
        chosen = _chosen.get()
        return _random.generate_trace_id() if chosen is None else chosen.trace_id


class _UnsampledSpan(NonRecordingSpan):
    """The span of a request that has none: clients make no spans below it, yet pass its ids on.

    It is asked for its ids only where they go on to another service, so one serves all requests.
    """

    def __init__(self) -> None:
        super().__init__(INVALID_SPAN_CONTEXT)

    def get_span_context(self) -> SpanContext:
        request = current.get()
        if request is None:
            return INVALID_SPAN_CONTEXT
        return SpanContext(int(request.trace_id, 16), int(request.span_id, 16), is_remote=False)


_UNSAMPLED: Final = trace.set_span_in_context(_UnsampledSpan(), Context())


class Tracing:
    """The tracer provider of this process and the decision for each request."""

    def __init__(self, provider: TracerProvider) -> None:
        self.provider = provider
        self._root_bound = _root_bound(provider.sampler)
        self._spans = ServerSpans(provider)

    def decide(self, parent: Context | None, trace_id: int, span_id: int) -> bool:
        """Say whether a request with these ids is sampled, as the SDK will say again.

        Args:
            parent: The caller's context; None where it sent none.
            trace_id: The caller's, or a new one.
            span_id: What the server span's id is to be.
        """
        if parent is None and self._root_bound is not None:
            is_sampled = trace_id & TraceIdRatioBased.TRACE_ID_LIMIT < self._root_bound
        else:
            result = self.provider.sampler.should_sample(parent or Context(), trace_id, "request")
            is_sampled = result.decision.is_sampled()  # type: ignore[no-untyped-call]
        _chosen.set(_Chosen(trace_id, span_id) if is_sampled else None)
        return is_sampled

    def enter(
        self, scope: Scope, request: RequestInfo, parent: Context | None
    ) -> tuple[Span | None, Token[Context]]:
        """Make the request's context the current one; return its server span if it has one.

        Detach the token when the request is over.
        """
        if not request.is_sampled:
            if parent is None:
                return None, otel_context.attach(_UNSAMPLED)
            return None, otel_context.attach(trace.set_span_in_context(_UnsampledSpan(), parent))
        span = self._spans.start(scope, parent)
        return span, otel_context.attach(trace.set_span_in_context(span, parent or Context()))

    def shutdown(self) -> None:
        """Send what is queued and stop; waits for the exporter's time-out at most."""
        self.provider.shutdown()


class _CountingExporter(SpanExporter):
    """Counts what a collector took, and what it did not."""

    def __init__(self, exporter: SpanExporter, metrics: Metrics) -> None:
        self._exporter = exporter
        self._spans = {each: metrics.trace_spans.labels(each) for each in SPAN_OUTCOMES}

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        outcome = "failed"
        try:
            result = self._exporter.export(spans)
            if result is SpanExportResult.SUCCESS:
                outcome = "exported"
            return result
        finally:
            self._spans[outcome].inc(len(spans))

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def _root_bound(sampler: Sampler) -> int | None:
    """Return the bound below which a trace id without a caller is sampled, None if unknown.

    The SDK's samplers by trace id come to the same decision in 4 µs; this is one comparison.
    """
    root = getattr(sampler, "_root", sampler)
    if isinstance(root, TraceIdRatioBased):
        return root.bound
    if isinstance(root, StaticSampler):
        is_on: bool = root is ALWAYS_ON
        return TraceIdRatioBased.TRACE_ID_LIMIT + 1 if is_on else 0
    return None


def start_tracing(service: str, version: str, metrics: Metrics) -> Tracing | None:
    """Set up the tracer provider and the clients' spans; None without an OTLP endpoint.

    Off as well with `OTEL_SDK_DISABLED=true` or `OTEL_TRACES_EXPORTER=none`. Sampler, batch sizes,
    time-outs and headers are the SDK's variables:
    https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
    """
    if not _is_wanted():
        return None
    # Imported here: the exporter takes 100 ms and 15 MB that a service without traces saves.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )

    attributes = {SERVICE_NAME: service, SERVICE_VERSION: version}
    provider = TracerProvider(
        resource=Resource.create(attributes), id_generator=_ChosenIdGenerator()
    )
    provider.add_span_processor(BatchSpanProcessor(_CountingExporter(OTLPSpanExporter(), metrics)))
    trace.set_tracer_provider(provider)
    _instrument_clients(provider)
    return Tracing(provider)


def request_info(
    carrier: dict[str, str] | None, request_id: str | None, tracing: Tracing | None
) -> tuple[RequestInfo, Context | None]:
    """Return the ids of a request, and its caller's context where it sent one.

    Args:
        carrier: `traceparent`, and `tracestate` and `baggage` with it; empty without a caller.
        request_id: The caller's, or a new one.
        tracing: Decides whether it is sampled; None when traces are off.
    """
    # All ids in one draw: formatting each by itself is most of their cost.
    drawn = getrandbits(320).to_bytes(40, "big").hex()
    if request_id is None:
        request_id = drawn[48:]
    if not carrier and tracing is None:
        return _new(RequestInfo, (request_id, drawn[:32], drawn[32:48], False)), None
    parent = None
    trace_id, span_id = int(drawn[:32], 16) or 1, int(drawn[32:48], 16) or 1  # 0 is no id
    if carrier:
        parent = propagate.extract(carrier, context=Context())
        caller = trace.get_current_span(parent).get_span_context()
        trace_id = caller.trace_id if caller.is_valid else trace_id
    is_sampled = tracing is not None and tracing.decide(parent, trace_id, span_id)
    if parent is None:
        return _new(RequestInfo, (request_id, drawn[:32], drawn[32:48], is_sampled)), None
    return RequestInfo(request_id, f"{trace_id:032x}", f"{span_id:016x}", is_sampled), parent


def _is_wanted() -> bool:
    return (
        any(os.environ.get(name) for name in _ENDPOINT_VARIABLES)
        and os.environ.get("OTEL_SDK_DISABLED", "").lower() != "true"
        and os.environ.get("OTEL_TRACES_EXPORTER", "otlp").lower() != "none"
    )


def _instrument_clients(provider: TracerProvider) -> None:
    for library, module, name in _CLIENTS:
        try:
            importlib.import_module(library)
        except ImportError:
            continue
        instrumentor: Any = getattr(importlib.import_module(module), name)()
        if not instrumentor.is_instrumented_by_opentelemetry:
            instrumentor.instrument(tracer_provider=provider)
