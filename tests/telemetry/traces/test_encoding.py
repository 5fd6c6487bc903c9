"""The spans that a collector gets are those that the SDK's own encoder would have sent."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceState

from burnrate.telemetry.traces import encoding

RESOURCES = (Resource({"service.name": "shop"}), Resource({"service.name": "other", "n": 1}))
SCOPES = (InstrumentationScope("burnrate.telemetry", ""), InstrumentationScope("asyncpg", "1.2"))

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
integers = st.integers(-(2**63), 2**63 - 1)
values = st.one_of(
    text, st.booleans(), integers, st.floats(allow_nan=False), st.binary(max_size=9),
    st.lists(text, max_size=3), st.lists(st.booleans(), max_size=3), st.lists(integers, max_size=3),
    # Equal to each other, and yet not the same in a message.
    st.sampled_from([1, True, 1.0, 0, False, 0.0, -0.0, (1,), (True,), "1"]),
)  # fmt: skip
attributes = st.dictionaries(st.text("abc.", min_size=1, max_size=5), values, max_size=14)
contexts = st.builds(
    SpanContext,
    trace_id=st.integers(1, 2**128 - 1),
    span_id=st.integers(1, 2**64 - 1),
    is_remote=st.booleans(),
    trace_state=st.sampled_from([TraceState(), TraceState([("vendor", "1")])]),
)
nanoseconds = st.integers(0, 2**63)
spans = st.builds(
    ReadableSpan,
    name=text,
    context=contexts,
    parent=st.none() | contexts,
    resource=st.sampled_from(RESOURCES),
    attributes=st.none() | attributes,
    events=st.just(()) | st.lists(st.builds(Event, text, attributes, nanoseconds), max_size=2),
    links=st.just(()) | st.lists(st.builds(Link, contexts, attributes), max_size=2),
    kind=st.sampled_from(SpanKind),
    status=st.sampled_from(
        [Status(), Status(StatusCode.OK), Status(StatusCode.ERROR), Status(StatusCode.ERROR, "x")]
    ),
    start_time=nanoseconds,
    end_time=nanoseconds,
    instrumentation_scope=st.sampled_from(SCOPES),
)
Origin = tuple[bytes, bytes]


def by_origin(request: ExportTraceServiceRequest) -> dict[Origin, list[object]]:
    """Return the spans by resource and scope: how often these are repeated does not matter."""
    found: dict[Origin, list[object]] = {}
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            origin = (
                resource.resource.SerializeToString(deterministic=True),
                scope.scope.SerializeToString(deterministic=True),
            )
            found.setdefault(origin, []).extend(scope.spans)
    return found


@settings(max_examples=100)
@given(batch=st.lists(spans, min_size=1, max_size=6))
def test_spans_are_those_of_the_sdk(batch: list[ReadableSpan]) -> None:
    """Whatever they hold: every type of value, parents, events, links, states of a trace."""
    ours = ExportTraceServiceRequest.FromString(encoding.encode(batch))
    assert by_origin(ours) == by_origin(encode_spans(batch))


def test_long_texts_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement of a megabyte must not stay in memory for as long as the process lives."""
    kept: list[object] = []

    def keep(_: str, value: object) -> bytes:
        kept.append(value)
        return b""

    monkeypatch.setattr(encoding, "_kept", keep)
    span = ReadableSpan(
        "x",
        SpanContext(1, 1, is_remote=False),
        resource=RESOURCES[0],
        attributes={"short": "a" * 128, "long": "a" * 129},
        start_time=1,
        end_time=2,
    )
    encoding.encode([span])
    assert kept == ["a" * 128]
