"""The decision before a request's span exists is the one that the SDK takes when it is made."""

from random import Random

import pytest
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import Decision, Sampler
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    TraceFlags,
    set_span_in_context,
)
from starlette.types import Scope

from burnrate.telemetry.context import RequestInfo
from burnrate.telemetry.traces import tracing as tracing_module
from burnrate.telemetry.traces.tracing import Tracing, _root_bound

SCOPE: Scope = {
    "type": "http", "method": "GET", "path": "/x", "scheme": "http", "headers": [],
}  # fmt: skip
SAMPLERS = [
    ("always_on", ""),
    ("always_off", ""),
    ("traceidratio", "0.3"),
    ("parentbased_always_on", ""),
    ("parentbased_always_off", ""),
    ("parentbased_traceidratio", "0.3"),
    ("parentbased_traceidratio", "0"),
    ("parentbased_traceidratio", "1"),
]


def tracing() -> tuple[Tracing, InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    return Tracing.to(SimpleSpanProcessor(exporter), Resource({})), exporter


def trace_ids() -> list[int]:
    """Return some at random, and those at the ends."""
    random = Random(7)  # noqa: S311 - no secret
    return [1, 2**64 - 1, 2**64, 2**128 - 1, *(random.getrandbits(128) for _ in range(200))]


def decides(sampler: Sampler, parent: Context, trace_id: int) -> bool:
    result = sampler.should_sample(parent, trace_id, "request", SpanKind.SERVER)
    return result.decision is Decision.RECORD_AND_SAMPLE


def parents(trace_id: int) -> list[Context | None]:
    """Return no parent, and callers that have sampled and not sampled."""
    flags = (TraceFlags.DEFAULT, TraceFlags.SAMPLED)
    spans = [
        NonRecordingSpan(SpanContext(trace_id, 1, is_remote=True, trace_flags=TraceFlags(each)))
        for each in flags
    ]
    return [None, *(set_span_in_context(span, Context()) for span in spans)]


@pytest.mark.parametrize("is_bound_known", [True, False])
@pytest.mark.parametrize(("name", "argument"), SAMPLERS)
def test_decision_is_the_sampler_s(
    monkeypatch: pytest.MonkeyPatch, name: str, argument: str, *, is_bound_known: bool
) -> None:
    """Of every sampler that `OTEL_TRACES_SAMPLER` names, with and without a caller's decision.

    Also after the SDK has renamed the attribute that the bound is read from.
    """
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", name)
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", argument)
    if not is_bound_known:
        monkeypatch.setattr(tracing_module, "_root_bound", lambda _: None)
    made, _ = tracing()
    for trace_id in trace_ids():
        for parent in parents(trace_id):
            expected = decides(made.provider.sampler, parent or Context(), trace_id)
            assert made.is_sampled(parent, trace_id) is expected


@pytest.mark.parametrize(("name", "argument"), SAMPLERS)
def test_bound_of_the_sdk_s_samplers_is_known(
    monkeypatch: pytest.MonkeyPatch, name: str, argument: str
) -> None:
    """It is read from a private attribute; without it each request would pay for a sampler."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", name)
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", argument)
    assert _root_bound(tracing()[0].provider.sampler) is not None


@pytest.mark.parametrize("is_called", [False, True])
def test_span_has_the_ids_that_its_request_had_before(*, is_called: bool) -> None:
    """With a caller and without one; a span that is started inside has ids of its own."""
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    made, exporter = tracing()
    request = RequestInfo("me", trace_id, "b7ad6b7169203331", is_sampled=True)
    span = made._spans.start(SCOPE, request, parents(int(trace_id, 16))[2 if is_called else 0])
    with made.provider.get_tracer("client").start_as_current_span("inner"):
        pass
    span.finish("/x", 200, None)
    inner, server = exporter.get_finished_spans()
    assert server.context is not None
    assert server.context.trace_id == int(trace_id, 16)
    assert server.context.span_id == int(request.span_id, 16)
    assert (server.parent is not None) is is_called
    assert inner.context is not None
    assert inner.context.trace_id != server.context.trace_id
    assert inner.context.span_id != server.context.span_id
