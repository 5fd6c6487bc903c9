"""`TELEMETRY_SPANS=contrib`: the service's server spans are the contrib instrumentation's."""

import signal

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.servers.api import running_api
from tests.servers.collector import running_collector

CANARY = "canary-in-a-query"


def test_spans_by_contrib_have_the_ids_of_the_log_lines(backends: dict[str, str]) -> None:
    """One server span a request, the clients' spans below it, and no query in any of them."""
    settings = {"TELEMETRY_SPANS": "contrib", "OTEL_TRACES_SAMPLER": "always_on"}
    with running_collector() as collector:
        settings["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.url
        with running_api(**backends, **settings, WEB_CONCURRENCY="1") as api:
            with api.client() as client:
                for path in ("/users", f"/posts?token={CANARY}"):
                    assert client.get(path).status_code == 200
            api.send(signal.SIGTERM)
            assert api.wait() == 0
            lines = {line.get("route"): line for line in api.log_lines() if "span_id" in line}
        spans = collector.spans()
    for route in ("/users", "/posts"):
        (server,) = [
            span
            for span in spans
            if span.kind == Span.SPAN_KIND_SERVER and span.name == f"GET {route}"
        ]
        line = lines[route]
        assert server.trace_id.hex() == line["trace_id"]
        assert server.span_id.hex() == line["span_id"]
        assert "http.method" in {each.key for each in server.attributes}, "contrib's own name"
        below = [span for span in spans if span.parent_span_id == server.span_id]
        assert Span.SPAN_KIND_CLIENT in {span.kind for span in below}
    assert not any(CANARY.encode() in body for body in collector.bodies)
