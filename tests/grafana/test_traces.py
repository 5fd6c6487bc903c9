"""What a trace of the service holds, fetched from a real Tempo."""

import pytest

from tests.grafana.conftest import BusyStack

pytestmark = [pytest.mark.integration]


def _spans(stack: BusyStack, query: str) -> list[dict[str, str]]:
    """Return all spans of the traces that a TraceQL query finds."""
    if "tempo" not in stack.running:
        pytest.skip("tempo is not installed: the service's traces are unchecked")
    found = stack.backends.traces(query)
    assert found, query
    return [span for trace in found for span in stack.backends.spans(trace["traceID"])]


def test_one_trace_follows_a_request_through_everything(busy_stack: BusyStack) -> None:
    """HTTP in and out, the executor, Redis and PostgreSQL, each below the span that caused it."""
    both = '{ span.http.route = "/process" } && { span.http.route = "/users/{user_id}" }'
    trace_id = _spans(busy_stack, both)[0]["traceId"]
    spans = [span for span in _spans(busy_stack, both) if span["traceId"] == trace_id]
    by_id = {span["spanId"]: span for span in spans}
    (root,) = [span for span in spans if span.get("parentSpanId") not in by_id]
    (inner,) = [span for span in spans if span.get("http.route") == "/users/{user_id}"]
    caller = by_id[inner["parentSpanId"]]

    assert root["http.route"] == "/process"
    assert caller["kind"] == "SPAN_KIND_CLIENT"
    assert caller["name"] == "GET"
    assert any(span["name"].startswith("executor ") for span in spans)
    assert {"redis", "postgresql"} <= {span.get("db.system", "") for span in spans}


@pytest.mark.parametrize("route", ["/users", "/posts"])
def test_statements_are_without_their_parameters(busy_stack: BusyStack, route: str) -> None:
    """A name, an address, a text that a client sent is in no attribute of any span."""
    mine = f'span.http.route = "{route}" && span.http.request.method = "POST"'
    spans = _spans(busy_stack, f"{{ {mine} }}")
    statements = [span["db.statement"] for span in spans if span.get("db.system") == "postgresql"]

    assert any("INSERT" in text and "$1" in text for text in statements)
    for sent in ("person-", "example.com", "Some words."):
        assert sent not in str(spans)
