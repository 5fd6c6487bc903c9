"""Traces over OTLP, by the standard `OTEL_*` variables.

The decision whether to sample comes before any span exists (decision 0002): a request that is
not sampled pays for the decision and for the ids in its log line, and for nothing else.
"""

import importlib
import os
from contextvars import Token
from typing import Any, Final

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.instrumentation.utils import is_instrumentation_enabled
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_ON,
    Decision,
    Sampler,
    StaticSampler,
    TraceIdRatioBased,
)
from opentelemetry.trace import INVALID_SPAN_CONTEXT, NonRecordingSpan, SpanContext, SpanKind
from starlette.types import Scope

from burnrate.telemetry.context import RequestInfo, current
from burnrate.telemetry.failures import failed
from burnrate.telemetry.metrics import Metrics
from burnrate.telemetry.traces.outgoing import name_server_only, name_server_only_async
from burnrate.telemetry.traces.spans import RequestIds, ServerSpan, ServerSpans

# Instrumentation package and class; one whose library is not installed is left out.
_CLIENTS: Final = (
    ("asyncpg", "opentelemetry.instrumentation.asyncpg", "AsyncPGInstrumentor"),
    ("redis", "opentelemetry.instrumentation.redis", "RedisInstrumentor"),
    ("httpx", "opentelemetry.instrumentation.httpx", "HTTPXClientInstrumentor"),
    ("httpx2", "opentelemetry.instrumentation.httpx", "HTTPX2ClientInstrumentor"),
)
_HTTP_HOOKS: Final = {
    "request_hook": name_server_only,
    "async_request_hook": name_server_only_async,
}
_ENDPOINT_VARIABLES: Final = (
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
)


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

    def __init__(self, resource: Resource, processor: SpanProcessor) -> None:
        provider = TracerProvider(resource=resource, id_generator=RequestIds())
        provider.add_span_processor(processor)
        self.provider = provider
        self._root_bound = _root_bound(provider.sampler)
        self._spans = ServerSpans(provider)

    def is_sampled(self, parent: Context | None, trace_id: int) -> bool:
        """Say whether a request is sampled; the same ids always get the same answer.

        Args:
            parent: The caller's context; None where it sent none.
            trace_id: The caller's, or a new one.
        """
        if parent is None and self._root_bound is not None:
            return trace_id & TraceIdRatioBased.TRACE_ID_LIMIT < self._root_bound
        sampler = self.provider.sampler
        result = sampler.should_sample(parent or Context(), trace_id, "request", SpanKind.SERVER)
        return result.decision is Decision.RECORD_AND_SAMPLE

    def enter(
        self,
        scope: Scope,
        request: RequestInfo,
        parent: Context | None,
    ) -> tuple[ServerSpan | None, Token[Context]]:
        """Make the request's context the current one; return its server span if it has one.

        Detach the token when the request is over.

        Args:
            scope: The request's.
            request: Its ids, and whether it is sampled.
            parent: The caller's context; None where it sent none.
        """
        if not request.is_sampled:
            if parent is None:
                return None, otel_context.attach(_UNSAMPLED)
            return None, otel_context.attach(trace.set_span_in_context(_UnsampledSpan(), parent))
        try:
            span = self._spans.start(scope, request, parent)
            context = trace.set_span_in_context(span.span, parent or Context())
            return span, otel_context.attach(context)
        except Exception as error:  # noqa: BLE001 - of a processor or a header; the request goes on
            failed("traces", error)
            return None, otel_context.attach(_UNSAMPLED)

    def shutdown(self) -> None:
        """Send what is queued, for two seconds at most, and take no more spans."""
        self.provider.shutdown()


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

    Args:
        service: The resource's `service.name`.
        version: Its `service.version`.
        metrics: Count what becomes of each span.
    """
    if not _is_wanted():
        return None
    # Imported here: the exporter takes 100 ms and 15 MB that a service without traces saves.
    from burnrate.telemetry.traces.otlp import span_queue  # noqa: PLC0415

    attributes = {SERVICE_NAME: service, SERVICE_VERSION: version}
    tracing = Tracing(Resource.create(attributes), span_queue(metrics.trace_spans))
    trace.set_tracer_provider(tracing.provider)
    _instrument_clients(tracing.provider)
    return tracing


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
        instrumentation: Any = importlib.import_module(module)
        instrumentor: Any = getattr(instrumentation, name)()
        if instrumentor.is_instrumented_by_opentelemetry:
            continue
        if module.endswith(".httpx"):
            instrumentor.instrument(tracer_provider=provider, **_HTTP_HOOKS)
        else:
            # These pass no ids on: without a span they need not look at the call, 10 µs each.
            instrumentation.is_instrumentation_enabled = _may_make_spans
            instrumentor.instrument(tracer_provider=provider)


def _may_make_spans() -> bool:
    request = current.get()
    return (request is None or request.is_sampled) and is_instrumentation_enabled()
