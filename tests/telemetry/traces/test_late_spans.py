"""A request that fails or is slow has a trace although it was not sampled."""

import pytest
from fastapi import FastAPI, Response, WebSocket
from fastapi.testclient import TestClient
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext, SpanKind, StatusCode
from prometheus_client import CollectorRegistry

from burnrate.telemetry import TelemetrySettings
from burnrate.telemetry.context import current_request
from burnrate.telemetry.deadlines import Sweeper
from burnrate.telemetry.endpoints import Endpoints
from burnrate.telemetry.metrics import Metrics
from burnrate.telemetry.middleware import TelemetryMiddleware
from burnrate.telemetry.pools import PoolMeter
from burnrate.telemetry.traces.tracing import Tracing
from tests.support.waiting import wait_until_async
from tests.telemetry.clock import Clock
from tests.telemetry.lines import Lines
from tests.telemetry.traces.test_spans import Silent

pytestmark = pytest.mark.usefixtures("never_sampled")

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"


class Traced:
    """An application of which no request is sampled, and the spans that are made all the same."""

    def __init__(
        self,
        slow_request_seconds: float = 60.0,
        deadline_seconds: float = 30.0,
        late_spans_per_second: float = 1.0,
    ) -> None:
        self.exporter = InMemorySpanExporter()
        self.app = FastAPI()
        self.metrics = Metrics(CollectorRegistry())
        self.stack = TelemetryMiddleware(
            self.app, Endpoints(self.app), self.metrics,
            TelemetrySettings(
                slow_request_seconds=slow_request_seconds, deadline_seconds=deadline_seconds,
                late_spans_per_second=late_spans_per_second,
            ),
            Tracing.to(SimpleSpanProcessor(self.exporter), Resource({})), Silent(),
        )  # fmt: skip

    def get(self, path: str, flag: str | None = None) -> int:
        headers = {"traceparent": f"00-{TRACE_ID}-b7ad6b7169203331-{flag}"} if flag else {}
        client = TestClient(self.stack, raise_server_exceptions=False)
        return client.get(path, headers=headers).status_code

    def span(self) -> ReadableSpan:
        (span,) = self.exporter.get_finished_spans()
        return span


def test_failed_request_has_the_span_of_its_log_line(lines: Lines) -> None:
    """With the exception, the pool's wait and a mark that there are no children."""
    traced = Traced()
    pool = PoolMeter(traced.metrics, "postgres", 1, lambda: 0)

    async def acquire() -> str:
        return "connection"

    async def fail() -> None:
        await pool.attempt(acquire)
        raise ValueError("broken")

    traced.app.add_api_route("/orders/{order}", fail)
    assert traced.get("/orders/7") == 500
    span, (line,) = traced.span(), lines.of("burnrate.request")
    assert span.context is not None
    assert f"{span.context.trace_id:032x}" == line["trace_id"]
    assert f"{span.context.span_id:016x}" == line["span_id"]
    assert (span.name, span.kind) == ("GET /orders/{order}", SpanKind.SERVER)
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes is not None
    assert span.attributes["burnrate.without_children"] is True
    assert span.attributes["http.response.status_code"] == 500
    assert span.attributes["error.type"] == "ValueError"
    wait, exception = span.events
    assert wait.name == "pool.wait"
    assert wait.attributes is not None
    assert (wait.attributes["pool"], wait.attributes["outcome"]) == ("postgres", "ok")
    assert exception.name == "exception"
    assert span.start_time is not None
    assert span.end_time is not None
    assert span.start_time <= wait.timestamp <= span.end_time


def test_slow_request_has_a_span() -> None:
    """Past the threshold of the settings."""
    traced = Traced(slow_request_seconds=1e-9)
    traced.app.add_api_route("/slow", lambda: "done")
    assert traced.get("/slow") == 200
    assert traced.span().status.status_code is StatusCode.UNSET


@pytest.mark.parametrize("status", [200, 404, 422])
def test_request_that_went_well_has_none(status: int) -> None:
    """Nor has one that the client got wrong."""
    traced = Traced()
    traced.app.add_api_route("/well", lambda: Response(status_code=status))
    assert traced.get("/well") == status
    assert traced.exporter.get_finished_spans() == ()


def test_caller_that_did_not_sample_is_the_parent() -> None:
    """The trace goes on under the caller's id; a sampled one has its ordinary span only."""
    traced = Traced()
    traced.app.add_api_route("/fail", lambda: Response(status_code=503))
    traced.get("/fail", "00")
    span = traced.span()
    assert span.context is not None
    assert span.parent is not None
    assert f"{span.context.trace_id:032x}" == TRACE_ID
    assert f"{span.parent.span_id:016x}" == "b7ad6b7169203331"
    traced.exporter.clear()
    traced.get("/fail", "01")
    assert "burnrate.without_children" not in (traced.span().attributes or {})


def test_websocket_that_fails_has_one_too() -> None:
    """Before it is accepted or after."""
    traced = Traced()

    async def fail(websocket: WebSocket) -> None:
        await websocket.accept()
        raise RuntimeError("broken")

    traced.app.add_api_websocket_route("/rooms/{room}", fail)
    with (
        pytest.raises(RuntimeError, match="broken"),
        TestClient(traced.stack).websocket_connect("/rooms/1"),
    ):
        pass
    assert traced.span().name == "WEBSOCKET /rooms/{room}"


def test_waits_are_bounded() -> None:
    """A request that asks a pool in a loop fills no memory."""
    traced = Traced()
    pool = PoolMeter(traced.metrics, "postgres", 1, lambda: 0)

    async def acquire() -> str:
        return "connection"

    async def ask_often() -> int:
        for _ in range(100):
            await pool.attempt(acquire)
        request = current_request()
        assert request is not None
        assert request.waits is not None
        raise RuntimeError(len(request.waits))

    traced.app.add_api_route("/often", ask_often)
    assert traced.get("/often") == 500
    assert len([event for event in traced.span().events if event.name == "pool.wait"]) == 32
    assert not trace.get_current_span().is_recording()


def test_an_overdue_request_has_its_trace_while_it_hangs() -> None:
    """By the exemplar of its bucket, and once only, whatever it answers in the end."""
    traced = Traced(deadline_seconds=0.05)

    async def hang() -> str:
        await wait_until_async(lambda: bool(traced.exporter.get_finished_spans()), "its span")
        return "done"

    traced.app.add_api_route("/hang", hang)
    with TestClient(traced.stack) as client:
        assert client.get("/hang").status_code == 200
    span = traced.span()
    assert span.attributes is not None
    assert span.attributes["http.response.status_code"] == 504
    assert span.attributes["error.type"] == "504"
    assert span.status.status_code is StatusCode.ERROR
    assert [event.name for event in span.events] == ["overdue"]
    assert exemplars(traced.metrics) == {f"{context_of(span).trace_id:032x}"}


def test_an_overdue_request_that_is_sampled_ends_its_span_at_its_deadline() -> None:
    """With its caller as the parent; nothing is written into it afterwards."""
    traced = Traced(deadline_seconds=0.05)

    async def hang() -> Response:
        await wait_until_async(lambda: bool(traced.exporter.get_finished_spans()), "its span")
        return Response(status_code=503)

    traced.app.add_api_route("/hang", hang)
    with TestClient(traced.stack) as client:
        parent = f"00-{TRACE_ID}-b7ad6b7169203331-01"
        assert client.get("/hang", headers={"traceparent": parent}).status_code == 503
    span = traced.span()
    assert span.attributes is not None
    assert "burnrate.without_children" not in span.attributes
    assert span.attributes["http.response.status_code"] == 504
    assert [event.name for event in span.events] == ["overdue"]
    assert f"{context_of(span).trace_id:032x}" == TRACE_ID
    assert exemplars(traced.metrics) == {TRACE_ID}


def test_one_that_was_late_without_being_noticed_has_a_span_at_its_end(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    """Though it is neither slow nor a failure by its answer."""
    monkeypatch.setattr(Sweeper, "start", lambda _: None)
    traced = Traced(deadline_seconds=2.0)

    async def be_late() -> str:
        clock.seconds += 3.0
        return "done"

    traced.app.add_api_route("/late", be_late)
    assert traced.get("/late") == 200
    span = traced.span()
    assert span.attributes is not None
    assert span.attributes["http.response.status_code"] == 504
    assert [event.name for event in span.events] == ["overdue"]


def context_of(span: ReadableSpan) -> SpanContext:
    context: SpanContext | None = span.context
    assert context is not None
    return context


def exemplars(metrics: Metrics) -> set[str]:
    """Return the traces that the buckets of durations link to."""
    samples = [
        sample
        for family in metrics.http_request_duration.collect()
        for sample in family.samples
        if sample.exemplar is not None
    ]
    return {sample.exemplar.labels["trace_id"] for sample in samples if sample.exemplar}
