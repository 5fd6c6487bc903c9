"""The links between metrics, logs and traces: each is followed, on real stores."""

import base64
import re
from typing import Any

import pytest
import yaml

from tests.grafana.conftest import BusyStack
from tests.grafana.panels import BUILT, ROOT, all_queries, fill, panels

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

_PROVISIONED = ROOT / "grafana/provisioning/datasources/burnrate.yml"


def _settings(uid: str) -> dict[str, Any]:
    """Return a data source's settings as Grafana reads them: `$$` is a `$`."""
    document = yaml.safe_load(_PROVISIONED.read_text().replace("$$", "$"))
    (source,) = [source for source in document["datasources"] if source["uid"] == uid]
    settings: dict[str, Any] = source["jsonData"]
    return settings


def _text(dashboard: str, panel: str) -> str:
    return next(q.text for q in all_queries() if (q.dashboard, q.panel) == (dashboard, panel))


def _need(stack: BusyStack, *parts: str) -> None:
    for part in parts:
        if part not in stack.running:
            pytest.skip(f"{part} is not installed: this link is unchecked")


def _failed_trace(stack: BusyStack) -> str:
    query = fill(_text("Traces", "Failing requests"), {"service": "api", "route": "/faults/error"})
    found = stack.backends.traces(query)[0]["traceID"]
    # The search leaves out leading zeros; Grafana takes the id from the trace itself.
    return base64.b64decode(stack.backends.spans(found)[0]["traceId"]).hex()


def test_dot_on_a_latency_panel_leads_to_its_trace(busy_stack: BusyStack) -> None:
    """Exemplar to trace: the label that the source names holds the id of a trace."""
    _need(busy_stack, "tempo")
    (link,) = _settings("prometheus")["exemplarTraceIdDestinations"]
    query = fill(_text("Service", "Latency"), {"service": "api", "route": ".*"})
    exemplars = busy_stack.backends.exemplars(query)
    # The newest may not have been sent yet.
    trace_ids = [exemplar["labels"][link["name"]] for exemplar in exemplars]

    assert any(busy_stack.backends.spans(trace_id) for trace_id in trace_ids)


def test_trace_leads_to_its_lines(busy_stack: BusyStack) -> None:
    """Trace to logs: the source's query finds the request's line, and nothing else's."""
    _need(busy_stack, "tempo", "loki")
    trace_id = _failed_trace(busy_stack)
    query = _settings("tempo")["tracesToLogsV2"]["query"]
    streams = busy_stack.backends.loki(query.replace("${__trace.traceId}", trace_id))

    assert {stream["stream"]["trace_id"] for stream in streams} == {trace_id}
    assert {stream["stream"]["service"] for stream in streams} >= {"api"}


def test_line_leads_to_its_trace(busy_stack: BusyStack) -> None:
    """Log to trace: the label that the source's derived field matches holds a trace's id."""
    _need(busy_stack, "tempo", "loki")
    (field,) = _settings("loki")["derivedFields"]
    values = {"service": "api", "route": "/faults/error", "request_id": "", "trace_id": ""}
    streams = busy_stack.backends.loki(fill(_text("Logs", "Lines"), {**values, "search": ""}))
    labels = [
        value
        for stream in streams
        for name, value in stream["stream"].items()
        if re.fullmatch(field["matcherRegex"], name)
    ]

    assert labels
    assert any(busy_stack.backends.spans(label) for label in labels)


def test_trace_leads_to_the_metrics_of_its_route(busy_stack: BusyStack) -> None:
    """Trace to metrics: each query of the source, with the span's own service and route."""
    _need(busy_stack, "tempo")
    link = _settings("tempo")["tracesToMetrics"]
    names = {tag["key"]: tag["value"] for tag in link["tags"]}
    (span,) = [
        span
        for span in busy_stack.backends.spans(_failed_trace(busy_stack))
        if "http.route" in span
    ]
    tags = ", ".join(f'{label}="{span[key]}"' for key, label in names.items())

    assert tags == 'service="api", endpoint="/faults/error"'
    for query in link["queries"]:
        assert busy_stack.backends.prometheus(query["query"].replace("$__tags", tags))


def _link(panel_title: str, link_title: str) -> str:
    panel = next(p for p in panels(BUILT["overview.json"]) if p["title"] == panel_title)
    urls: list[str] = [
        link["url"]
        for override in panel["fieldConfig"]["overrides"]
        for setting in override["properties"]
        if setting["id"] == "links"
        for link in setting["value"]
        if link["title"] == link_title
    ]
    return urls[0]


def _follow(url: str, route: str) -> tuple[str, dict[str, str]]:
    """Return the dashboard that a link of the routes' table opens, and its variables."""
    url = url.replace("${service}", "api")
    url = re.sub(r"\$\{__data\.fields\[\"Route\"\]:percentencode\}", route, url)
    uid = url.removeprefix("/d/").partition("?")[0]
    title = next(d["title"] for d in BUILT.values() if d["uid"] == uid)
    return title, dict(re.findall(r"var-(\w+)=([^&]*)", url))


def test_from_the_overview_to_a_failing_routes_lines_and_trace(busy_stack: BusyStack) -> None:
    """The walk of docs/map.md, each step with what the step before it showed."""
    failures = [q for q in all_queries() if (q.dashboard, q.panel) == ("SLO overview", "Routes")][1]
    rows = busy_stack.backends.prometheus(fill(failures.text, {"service": "api"}))
    route = max(rows, key=lambda row: float(row["value"][1]))["metric"]["endpoint"]
    assert route == "/faults/error"

    _need(busy_stack, "tempo", "loki")
    title, values = _follow(_link("Routes", "Logs of this route"), route)
    boxes = {"request_id": "", "trace_id": "", "search": ""}
    streams = busy_stack.backends.loki(fill(_text(title, "Lines"), {**boxes, **values}))
    assert {stream["stream"]["route"] for stream in streams} == {route}

    title, values = _follow(_link("Routes", "Traces of this route"), route)
    found = busy_stack.backends.traces(fill(_text(title, "Failing requests"), values))
    spans = busy_stack.backends.spans(found[0]["traceID"])
    assert any(span.get("http.route") == route for span in spans)


def test_alert_leads_to_its_services_lines(busy_stack: BusyStack) -> None:
    """Alert to dashboard to logs: the label service of a firing alert is the logs' service."""
    _need(busy_stack, "loki")
    title, values = _follow(_link("Firing alerts", "Logs of the service"), "")
    boxes = {"request_id": "", "trace_id": "", "search": "", "route": ".*"}

    assert busy_stack.backends.loki(fill(_text(title, "Lines"), {**boxes, **values}))
