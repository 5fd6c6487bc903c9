"""Traces over OTLP to a collector that speaks the real protocol."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from burnrate.stack import free_port
from tests.servers.collector import Collector, running_collector
from tests.support.waiting import wait_until
from tests.telemetry.service import running

pytestmark = pytest.mark.integration


@pytest.fixture
def collector() -> Iterator[Collector]:
    with running_collector() as collector:
        yield collector


def attributes(span: Span) -> dict[str, str]:
    return {each.key: each.value.string_value for each in span.attributes}


def test_sampled_request_is_one_server_span_with_the_ids_of_its_log_line(
    tmp_path: Path, collector: Collector
) -> None:
    """One span, not two; the full template; flushed when the service stops."""
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "WORKERS": "1"}
    with running(tmp_path, **environment) as service:
        service.get("/shop/orders/7")
    (line,) = [line for line in service.lines if line.get("path") == "/shop/orders/7"]
    spans = [span for span in collector.spans() if span.trace_id.hex() == line["trace_id"]]
    (server,) = [span for span in spans if span.kind == Span.SPAN_KIND_SERVER]
    assert server.span_id.hex() == line["span_id"]
    assert server.name == "GET /shop/orders/{order}"
    assert attributes(server)["http.route"] == "/shop/orders/{order}"
    names = {span.name for span in spans}
    assert not [name for name in names if "http send" in name or "http receive" in name]


def test_unsampled_request_has_ids_but_no_span(tmp_path: Path, collector: Collector) -> None:
    """The decision is the caller's where it made one; its trace goes on in the log."""
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    environment = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": "0",
        "WORKERS": "1",
    }
    with running(tmp_path, **environment) as service:
        service.get("/shop/orders/1")
        service.get("/shop/orders/2", {"traceparent": f"00-{trace_id}-b7ad6b7169203331-00"})
        service.get("/shop/orders/3", {"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"})
    by_path = {line["path"]: line for line in service.lines if "path" in line}
    assert by_path["/shop/orders/1"]["trace_id"] != trace_id
    assert by_path["/shop/orders/2"]["trace_id"] == trace_id
    (server,) = [span for span in collector.spans() if span.kind == Span.SPAN_KIND_SERVER]
    assert server.trace_id.hex() == trace_id
    assert server.parent_span_id.hex() == "b7ad6b7169203331"
    assert server.span_id.hex() == by_path["/shop/orders/3"]["span_id"]


def test_collector_that_is_down_costs_requests_nothing(tmp_path: Path) -> None:
    """Requests are answered, and the service stops in its graceful time."""
    environment = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{free_port()}",
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
        "WORKERS": "1",
    }
    with running(tmp_path, **environment) as service:
        for _ in range(20):
            assert service.get("/shop/orders/7")[0] == 200
        wait_until(lambda: service.value("trace_spans_total", outcome="failed") >= 20)
        assert service.value("http_requests_total", method="GET",
                             endpoint="/shop/orders/{order}", status="200") == 20  # fmt: skip
