"""Traces over OTLP, by the standard `OTEL_*` variables.

The decision whether to sample comes before any span exists (decision 0002): a request that is
not sampled pays for the decision and for the ids in its log line, and for nothing else, unless it
fails or is slow: then its server span is made afterwards.
"""

from contextvars import Token
from typing import Final

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.id_generator import IdGenerator
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
from burnrate.telemetry.traces.request_ids import RequestIds
from burnrate.telemetry.traces.spans import Outcome, ServerSpan, ServerSpans
from burnrate.telemetry.traces.steady import SteadyDurations

_FLUSH_MILLISECONDS: Final = 2_000


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
    """The tracer provider of this process and the decision for each request.

    Args:
        provider: Makes the application's spans and says what is sampled. Its ids are from now on
            those of the request where a request's span is made.
        processor: Where its spans go when they end; None if that is not known.
        is_own: Whether it ends with the application.

    Attributes:
        provider: The same.
        is_own: The same.
        deciding_provider: Makes the server spans of requests that are sampled.
        root_bound: Below it a trace id without a caller is sampled; None if that is not known.
        unsampled: The context of a request that has no span and no caller.
    """

    unsampled: Final = _UNSAMPLED

    def __init__(
        self, provider: TracerProvider, processor: SpanProcessor | None, *, is_own: bool = True
    ) -> None:
        others: IdGenerator = provider.id_generator
        provider.id_generator = RequestIds(others)  # type: ignore[assignment] # declared too narrowly
        self.provider = provider
        self.is_own = is_own
        self.root_bound = _root_bound(provider.sampler)
        decided = _deciding_nothing(provider, processor) if processor is not None else None
        self._late = ServerSpans(decided) if decided is not None else None
        # The decision is taken once, here; a sampler of somebody else's may add to the span.
        is_plain = self.root_bound is not None
        self.deciding_provider = decided if decided is not None and is_plain else provider
        self._spans = ServerSpans(self.deciding_provider)

    @classmethod
    def to(cls, processor: SpanProcessor, resource: Resource) -> "Tracing":
        """Return one with a provider of its own.

        Args:
            processor: Takes the spans.
            resource: What they say of the process.
        """
        provider = TracerProvider(resource=resource)
        provider.add_span_processor(SteadyDurations())
        provider.add_span_processor(processor)
        return cls(provider, processor)

    @classmethod
    def joining(cls, provider: TracerProvider) -> "Tracing":
        """Return one that uses somebody else's provider, with its sampler, exporters and limits."""
        return cls(provider, getattr(provider, "_active_span_processor", None), is_own=False)

    def is_sampled(self, parent: Context | None, trace_id: int) -> bool:
        """Say whether a request is sampled; the same ids always get the same answer.

        Args:
            parent: The caller's context; None where it sent none.
            trace_id: The caller's, or a new one.
        """
        if parent is None and self.root_bound is not None:
            return trace_id & TraceIdRatioBased.TRACE_ID_LIMIT < self.root_bound
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

    def make_late(
        self, scope: Scope, request: RequestInfo, parent: Context | None, outcome: Outcome
    ) -> None:
        """Make the server span of a request that was not sampled, now that it is over.

        It has no children: clients made none.

        Args:
            scope: The request's.
            request: Its ids, and how long it waited for pools.
            parent: The caller's context; None where it sent none.
            outcome: What became of it.
        """
        if self._late is not None:
            self._late.make(scope, request, parent, outcome)

    def shutdown(self) -> None:
        """Send what is queued, for two seconds at most, and take no more spans of our own."""
        if self.is_own:
            self.provider.shutdown()
        else:
            self.provider.force_flush(_FLUSH_MILLISECONDS)


def _deciding_nothing(provider: TracerProvider, processor: SpanProcessor) -> TracerProvider:
    """Return a provider that makes every span it is asked for, and sends it where others go."""
    decided = TracerProvider(
        sampler=ALWAYS_ON,
        resource=provider.resource,
        id_generator=provider.id_generator,
        shutdown_on_exit=False,
    )
    decided.add_span_processor(processor)
    return decided


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
