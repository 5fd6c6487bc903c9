"""The links between metrics, logs and traces: each is followed, on real stores."""

import base64
import re
from typing import Any

import httpx2
import pytest
import yaml

from tests.grafana.conftest import BusyStack
from tests.grafana.panels import BUILT, ROOT, all_queries, every_value, fill, panels
from tests.grafana.traffic import FAILING
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.integration]

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
    query = fill(_text("Traces", "Failing requests"), {"service": "api", "route": FAILING})
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
    values = {**every_value(BUILT["logs.json"], "api"), "route": FAILING}
    streams = busy_stack.backends.loki(fill(_text("Logs", "Lines"), values))
    labels = [
        value
        for stream in streams
        for name, value in stream["stream"].items()
        if re.fullmatch(field["matcherRegex"], name)
    ]

    assert labels
    assert any(busy_stack.backends.spans(label) for label in labels)


def _metrics_of(span: dict[str, Any]) -> list[str]:
    """Return the queries behind a span's links to metrics, as Grafana fills them in."""
    link = _settings("tempo")["tracesToMetrics"]
    tags = ", ".join(f'{tag["value"]}="{span[tag["key"]]}"' for tag in link["tags"])
    return [query["query"].replace("$__tags", tags) for query in link["queries"]]


def test_metrics_of_a_route_are_what_a_trace_leads_to(busy_stack: BusyStack) -> None:
    """Trace to metrics: each query of the source, for a span with the names of the conventions."""
    for query in _metrics_of({"service.name": "api", "http.route": FAILING}):
        assert 'service="api"' in query
        assert busy_stack.backends.prometheus(query), query


def test_trace_leads_to_the_metrics_of_its_route(busy_stack: BusyStack) -> None:
    """The same with what is in a span of a real trace."""
    _need(busy_stack, "tempo")
    (span,) = [
        span
        for span in busy_stack.backends.spans(_failed_trace(busy_stack))
        if "http.route" in span
    ]

    assert (span["service.name"], span["http.route"]) == ("api", FAILING)
    for query in _metrics_of(span):
        assert busy_stack.backends.prometheus(query), query


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


def _open(url: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the dashboard at an address, and its variables with those of the address set."""
    uid, _, query = f"/{url}".partition("/d/")[2].partition("?")
    (dashboard,) = [dashboard for dashboard in BUILT.values() if dashboard["uid"] == uid]
    given = dict(re.findall(r"var-(\w+)=([^&]*)", query))
    values = every_value(dashboard, given["service"])
    assert set(given) <= set(values)
    return dashboard, {**values, **given}


def _follow(url: str, route: str) -> tuple[str, dict[str, str]]:
    """Return the dashboard that a link of the routes' table opens, and its variables."""
    url = url.replace("${service}", "api")
    url = re.sub(r"\$\{__data\.fields\[\"Route\"\]:percentencode\}", route, url)
    dashboard, values = _open(url)
    return dashboard["title"], values


def _worst_route(stack: BusyStack, values: dict[str, str]) -> str:
    """Return the route on top of the overview's table."""
    failures = [q for q in all_queries() if (q.dashboard, q.panel) == ("SLO overview", "Routes")][1]
    rows = stack.backends.prometheus(fill(failures.text, values))
    route: str = max(rows, key=lambda row: float(row["value"][1]))["metric"]["endpoint"]
    return route


def test_from_the_overview_to_a_failing_routes_lines_and_trace(busy_stack: BusyStack) -> None:
    """The walk of docs/map.md, each step with what the step before it showed."""
    route = _worst_route(busy_stack, {"service": "api"})
    assert route == FAILING

    title, values = _follow(_link("Routes", "Graphs of this route"), route)
    # Grafana escapes the value of a variable that offers "All".
    values["route"] = re.sub(r"[{}]", r"\\\\\g<0>", route)
    rows = busy_stack.backends.prometheus(fill(_text(title, "Failures by route"), values))
    assert [row["metric"]["endpoint"] for row in rows] == [route]

    _need(busy_stack, "tempo", "loki")
    title, values = _follow(_link("Routes", "Logs of this route"), route)
    streams = busy_stack.backends.loki(fill(_text(title, "Lines"), values))
    assert {stream["stream"]["route"] for stream in streams} == {route}

    title, values = _follow(_link("Routes", "Traces of this route"), route)
    found = busy_stack.backends.traces(fill(_text(title, "Failing requests"), values))
    spans = busy_stack.backends.spans(found[0]["traceID"])
    assert any(span.get("http.route") == route for span in spans)


def _alert(stack: BusyStack, name: str, **labels: str) -> dict[str, Any]:
    """Return an alert about the service, as Alertmanager sends it."""

    def found() -> list[dict[str, Any]]:
        return stack.backends.firing(alertname=name, service="api", **labels)

    wait_until(lambda: bool(found()), name)
    return found()[0]


def test_alert_leads_to_what_fails(busy_stack: BusyStack) -> None:
    """Alert to dashboard: its address opens the objective that burns, and the route is on top."""
    alert = _alert(busy_stack, "RouteFailing", slo="availability")
    dashboard, values = _open(alert["annotations"]["dashboard_url"])
    burn = _text(dashboard["title"], "Burn rate, 1h and 5m")
    (series,) = busy_stack.backends.prometheus(fill(burn, values))
    firing = busy_stack.backends.prometheus(fill(_text("SLO overview", "Firing alerts"), values))

    assert (dashboard["title"], values["slo"]) == ("SLO overview", "availability")
    # A young ledger takes the traffic so far for an hour's: no burn of a page's yet.
    assert float(series["value"][1]) > 0
    assert alert["labels"]["alertname"] in {row["metric"]["alertname"] for row in firing}
    assert _worst_route(busy_stack, values) == FAILING


def test_alert_leads_to_the_lines_of_what_fails(busy_stack: BusyStack) -> None:
    """Dashboard to logs: on the alert's dashboard, and by the link of its table of alerts."""
    alert = _alert(busy_stack, "RouteFailing", slo="availability")
    _need(busy_stack, "loki")
    dashboard, values = _open(alert["annotations"]["dashboard_url"])
    below = busy_stack.backends.loki(fill(_text(dashboard["title"], "Warnings and errors"), values))
    title, values = _follow(_link("Firing alerts", "Logs of the service"), "")
    linked = busy_stack.backends.loki(fill(_text(title, "Lines"), values))

    for streams in (below, linked):
        assert {stream["stream"]["service"] for stream in streams} == {"api"}
        assert FAILING in {stream["stream"].get("route") for stream in streams}


def test_alert_about_lines_leads_to_them(busy_stack: BusyStack) -> None:
    """Loki's ruler tells the real Alertmanager; its address opens the lines it counted."""
    _need(busy_stack, "loki")
    alert = _alert(busy_stack, "LogErrorBurst")
    dashboard, values = _open(alert["annotations"]["dashboard_url"])
    streams = busy_stack.backends.loki(fill(_text(dashboard["title"], "Lines"), values))
    lines = [line for stream in streams for _, line in stream["values"]]

    assert alert["labels"]["severity"] == "ticket"
    assert any("error on purpose" in line for line in lines)
    # Alertmanager has taken it from a ruler that has the machine's login, and passes it on.
    wait_until(lambda: bool(busy_stack.backends.delivered("LogErrorBurst")), "it is in the inbox")


def test_grafana_comes_in_at_prometheus(busy_stack: BusyStack) -> None:
    """By the machine's login, which its data source has from a file."""
    _need(busy_stack, "grafana")
    secrets = busy_stack.checkout.path / ".burnrate/secrets"
    admin = ("admin", (secrets / "grafana_admin_password").read_text())
    path = "/api/datasources/proxy/uid/prometheus/api/v1/query?query=vector(1)"
    answer = httpx2.get(busy_stack.checkout.url("grafana", path), auth=admin)
    assert answer.json()["data"]["result"][0]["value"][1] == "1"
