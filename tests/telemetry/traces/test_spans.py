"""Our server span says what the contrib instrumentation's would."""

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from opentelemetry import trace
from opentelemetry.instrumentation._semconv import _OpenTelemetrySemanticConventionStability
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from prometheus_client import CollectorRegistry

from burnrate.telemetry import TelemetrySettings
from burnrate.telemetry.endpoints import Endpoints
from burnrate.telemetry.metrics import Metrics
from burnrate.telemetry.middleware import TelemetryMiddleware
from burnrate.telemetry.traces.tracing import Tracing

# Attributes of the contrib instrumentation that ours has not or has otherwise, with the reason.
LEFT_OUT = {
    "error.type",  # ours names the exception, as the conventions ask; theirs the status
    "url.query",  # may hold tokens
    "url.full",  # holds the query
    "http.request.method_original",  # a client's text
    "client.port",  # says nothing behind a proxy
}


class Silent:
    """A lifecycle with nothing to start."""

    def start(self) -> None:
        """Do nothing."""

    async def stop(self) -> None:
        """Do nothing."""

    def note_first(self, *_: object) -> None:
        """Do nothing."""


def shop(handle: Callable[[], None] = lambda: None) -> FastAPI:
    app = FastAPI(telemetry={"tracing": False, "metrics": False, "logs": False})

    @app.get("/orders/{order}")
    def read(order: int) -> int:
        if order == 0:
            raise ValueError("no such thing")
        handle()
        return order

    return app


def server_span(exporter: InMemorySpanExporter) -> ReadableSpan:
    (span,) = [span for span in exporter.get_finished_spans() if span.kind is SpanKind.SERVER]
    return span


def ours(path: str, handle: Callable[[], None] = lambda: None) -> ReadableSpan:
    exporter = InMemorySpanExporter()
    app = shop(handle)
    stack = TelemetryMiddleware(
        app, Endpoints(app), Metrics(CollectorRegistry()), TelemetrySettings(),
        Tracing.to(SimpleSpanProcessor(exporter), Resource({})), Silent(),
    )  # fmt: skip
    TestClient(stack, raise_server_exceptions=False).get(path)
    return server_span(exporter)


def contrib(path: str) -> ReadableSpan:
    exporter = InMemorySpanExporter()
    tracer_provider = TracerProvider()
    tracer_provider.add_span_processor(SimpleSpanProcessor(exporter))
    app = shop()
    FastAPIInstrumentor.instrument_app(
        app, tracer_provider=tracer_provider, exclude_spans=["receive", "send"]
    )
    try:
        TestClient(app, raise_server_exceptions=False).get(path)
    finally:
        FastAPIInstrumentor.uninstrument_app(app)
    return server_span(exporter)


@pytest.fixture(autouse=True)
def stable_conventions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The contrib instrumentation still writes the old names unless told otherwise."""
    monkeypatch.setenv("OTEL_SEMCONV_STABILITY_OPT_IN", "http")
    # It reads that once in a process, and another test may have been first.
    monkeypatch.setattr(_OpenTelemetrySemanticConventionStability, "_initialized", False)


@pytest.mark.parametrize("path", ["/orders/7?token=canary", "/orders/x", "/orders/0"])
def test_span_has_the_contrib_instrumentation_s_name_attributes_and_status(path: str) -> None:
    """Name, kind, status and every attribute but those with a reason."""
    mine, theirs = ours(path), contrib(path)
    assert (mine.name, mine.kind) == (theirs.name, theirs.kind)
    assert (mine.status.status_code is StatusCode.ERROR) == (
        theirs.status.status_code is StatusCode.ERROR
    )
    assert [event.name for event in mine.events] == [event.name for event in theirs.events]
    expected = {
        key: value for key, value in (theirs.attributes or {}).items() if key not in LEFT_OUT
    }
    assert {key: (mine.attributes or {}).get(key) for key in expected} == expected
    assert "canary" not in str(mine.attributes)


def test_unmatched_path_is_not_in_the_name() -> None:
    """A span's name is a closed set, too."""
    assert ours("/x/y/z").name == "GET unmatched"


def test_what_the_application_adds_is_in_the_span() -> None:
    """Attributes, events and links of a handler stand beside ours, and it may replace ours."""

    def add() -> None:
        span = trace.get_current_span()
        assert span.is_recording()
        span.set_attribute("shop.tenant", "acme")
        span.set_attribute("url.path", "[redacted]")
        span.add_event("checked", {"count": 2})

    span = ours("/orders/7", add)
    assert span.name == "GET /orders/{order}"
    assert span.attributes is not None
    assert span.attributes["shop.tenant"] == "acme"
    assert span.attributes["url.path"] == "[redacted]"
    assert span.attributes["http.route"] == "/orders/{order}"
    assert [event.name for event in span.events] == ["checked"]
    assert span.start_time is not None
    assert span.end_time is not None
    assert span.start_time < span.events[0].timestamp < span.end_time


@pytest.fixture
def hurried_threads() -> Iterator[None]:
    """Have the interpreter change between threads a million times a second."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("hurried_threads")
def test_threads_of_one_request_may_add_at_once() -> None:
    """Attributes, events and spans below it; none is lost, no request fails (ours asserts that)."""

    def add() -> None:
        span = trace.get_current_span()
        context = trace.set_span_in_context(span)
        barrier = threading.Barrier(8)

        def add_one(number: int) -> None:
            barrier.wait()
            span.set_attribute(f"from.{number}", number)
            span.add_event(f"event {number}")
            trace.get_tracer("test").start_span("below", context).end()

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(add_one, range(8)))

    for _ in range(100):
        span = ours("/orders/7", add)
        attributes = span.attributes or {}
        assert attributes["http.response.status_code"] == 200
        assert {f"from.{number}" for number in range(8)} <= attributes.keys()
        assert len(span.events) == 8


@pytest.mark.usefixtures("hurried_threads")
def test_threads_that_outlive_their_request_may_still_add() -> None:
    """They come too late, and harm nobody."""
    late: list[threading.Thread] = []

    def add() -> None:
        span = trace.get_current_span()

        def add_for_long() -> None:
            for number in range(100):
                span.set_attribute("number", number)

        late.append(threading.Thread(target=add_for_long))
        late[-1].start()

    for _ in range(50):
        assert (ours("/orders/7", add).attributes or {})["http.response.status_code"] == 200
    for thread in late:
        thread.join()


def test_limits_of_the_sdk_hold_for_our_attributes(monkeypatch: pytest.MonkeyPatch) -> None:
    """`OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT` cuts what a client sent, too."""
    monkeypatch.setenv("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "8")
    assert (ours("/orders/1234567890").attributes or {})["url.path"] == "/orders/"


def test_span_that_has_ended_takes_nothing_more() -> None:
    """As any span of the SDK; a task that outlives its request cannot change what was sent."""
    kept: list[trace.Span] = []
    span = ours("/orders/7", lambda: kept.append(trace.get_current_span()))
    assert not kept[0].is_recording()
    kept[0].set_attribute("late", 1)
    assert not kept[0].is_recording()
    assert "late" not in (span.attributes or {})
