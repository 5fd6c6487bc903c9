"""grafana/: the dashboards are what the Python builds, and keep the house rules."""

import json
import re
from itertools import combinations
from typing import Any

import promql_parser
import pytest

from grafana.document import LAST_RUN
from grafana.expected_empty import EMPTY
from tests.grafana.panels import BUILT, PanelQuery, all_queries, cases, fill, panels

_QUERIES = [pytest.param(query, id=query.name) for query in all_queries()]
_PROMQL = [
    pytest.param(query, id=query.name) for query in all_queries() if query.kind == "prometheus"
]
_UIDS = {
    "services.json": "burnrate-services",
    "overview.json": "burnrate-overview",
    "service.json": "burnrate-service",
    "saturation.json": "burnrate-saturation",
    "logs.json": "burnrate-logs",
    "traces.json": "burnrate-traces",
    "postgres.json": "burnrate-postgres",
    "redis.json": "burnrate-redis",
    "nginx.json": "burnrate-nginx",
    "host.json": "burnrate-host",
    "stack.json": "burnrate-stack",
}
# They show any service that has the metrics.
_OF_A_SERVICE = {"SLO overview", "Service", "Saturation", "Logs", "Traces"}
# Some panels compare all services or follow a request through all of them.
_OF_ALL_SERVICES = {"Lines by service", "Answers at the front door"}
_VALUES = {
    "twice": "^nginx.access$",

    "service": "x", "slo": ".*", "team": ".*", "route": ".*", "instance": ".*",
    "request_id": "", "trace_id": "", "search": "", "slow": "0.5",
}  # fmt: skip
# Counters by another name than Prometheus' convention, and gauges that look like counters.
_ODD_COUNTERS = r"pg_stat_database_\w+|nginx_connections_(?:accepted|handled)|tempo_\w+_spans"
_ODD_GAUGES = {"pg_stat_activity_count", "pg_locks_count"}


def test_uids_never_change() -> None:
    """Alerts and people's bookmarks hold them."""
    assert {name: dashboard["uid"] for name, dashboard in BUILT.items()} == _UIDS
    assert {dashboard["schemaVersion"] for dashboard in BUILT.values()} == {42}


@pytest.mark.parametrize("panel", cases())
def test_panel_can_be_read(panel: dict[str, Any]) -> None:
    """Each has a title, a question, a unit, and words for when it is empty."""
    defaults = panel["fieldConfig"]["defaults"]
    question, mark, answer = panel["description"].partition("?")

    assert panel["title"]
    assert question[0].isupper()
    assert "." not in question
    assert mark == "?"
    assert answer.strip()
    assert panel["description"].endswith(".")
    assert defaults["unit"]
    assert defaults["noValue"]


@pytest.mark.parametrize("name", sorted(BUILT))
def test_titles_are_unique(name: str) -> None:
    """Reports and links name a panel by its title."""
    titles = [panel["title"] for panel in panels(BUILT[name])]

    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("panel", cases())
def test_colours_mean_state(panel: dict[str, Any]) -> None:
    """Green is well, yellow needs a look, red is bad; what is unknown is none of them."""
    overrides = panel["fieldConfig"].get("overrides") or []
    settings = [s["value"] for o in overrides for s in o["properties"] if s["id"] == "thresholds"]
    own = panel["fieldConfig"]["defaults"].get("thresholds")
    for thresholds in [*settings, *([own] if own else [])]:
        steps = thresholds["steps"]
        limits = [step["value"] for step in steps[1:]]
        known = steps
        if panel["type"] in {"stat", "table"}:
            assert steps[0]["color"] in {"text", "transparent"}
            assert steps[1]["value"] < 0
            known = steps[1:]
        assert {step["color"] for step in known} <= {"green", "yellow", "red", "transparent"}
        assert (steps[0]["value"] is None) == (thresholds is own)
        assert limits == sorted(limits)


@pytest.mark.parametrize("panel", cases())
def test_source_is_a_variable(panel: dict[str, Any]) -> None:
    """No source's uid is written into a panel, and all its queries go to its source."""
    kinds = {"${metrics}": "prometheus", "${logs}": "loki", "${traces}": "tempo"}

    assert panel["datasource"]["type"] == kinds[panel["datasource"]["uid"]]
    assert panel["targets"]
    for target in panel["targets"]:
        assert target["datasource"] == panel["datasource"]


@pytest.mark.parametrize("query", _QUERIES)
def test_query_names_no_service_of_ours(query: PanelQuery) -> None:
    """Any service with the same metrics fits into the dashboards of a service."""
    if query.dashboard in _OF_A_SERVICE:
        assert "$service" in query.text or query.panel in _OF_ALL_SERVICES
        assert not re.search(r"\b(api|inbox|posts|users)\b", query.text)


@pytest.mark.parametrize("name", sorted(BUILT))
def test_variables_that_are_used_exist(name: str) -> None:
    """In queries, sources, annotations, links and in the variables' own queries."""
    dashboard = BUILT[name]
    declared = {variable["name"] for variable in dashboard["templating"]["list"]}
    used = set(re.findall(r"\$\{?(?!__)([a-z_]+)", repr(dashboard)))

    assert used <= declared
    assert declared - used <= {"metrics", "logs", "traces"}


@pytest.mark.parametrize("query", _PROMQL)
def test_promql_is_valid(query: PanelQuery) -> None:
    """As Grafana sends it, with each variable's value."""
    promql_parser.parse(fill(query.text, _VALUES))


@pytest.mark.parametrize("query", _PROMQL)
def test_counters_are_never_shown_raw(query: PanelQuery) -> None:
    """Each is inside a rate or increase, over Grafana's interval or the whole range."""
    name = rf"(?:\w+_(?:total|bucket|count|sum)|{_ODD_COUNTERS})"
    for match in re.finditer(rf"\b{name}\b(?:\{{[^}}]*\}})?", query.text):
        if match[0].partition("{")[0] in _ODD_GAUGES:
            continue
        after, before = query.text[match.end() :], query.text[: match.start()]
        assert before.endswith(("rate(", "increase(")), match[0]
        window = "[$__range]" if query.is_instant and "[$__range]" in after[:10] else None
        assert after.startswith(window or "[$__rate_interval]"), match[0]


def test_instant_queries_of_a_range_are_the_only_ones() -> None:
    """A graph over `$__range` would draw an average of what came before the graph."""
    for query in all_queries():
        if "[$__range]" in query.text:
            assert query.is_instant, query.name


@pytest.mark.parametrize("name", sorted(BUILT))
def test_panels_do_not_overlap(name: str) -> None:
    """Every panel has a place of its own on the 24 columns, and an id of its own."""
    everything = BUILT[name]["panels"]
    boxes = [panel["gridPos"] for panel in everything]

    for one, other in combinations(boxes, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above
    assert all(box["x"] + box["w"] <= 24 for box in boxes)
    assert len({panel["id"] for panel in everything}) == len(everything)


def test_home_page_asks_little() -> None:
    """It is open on many screens all day, and must be so with a hundred services, too."""
    home = BUILT["services.json"]
    asked = sum(len(panel["targets"]) for panel in panels(home))

    assert asked + len(home["annotations"]["list"]) <= 30


def _urls(dashboard: dict[str, Any]) -> list[str]:
    return re.findall(r"'url': '([^']*)'", repr(dashboard))


@pytest.mark.parametrize("name", sorted(BUILT))
def test_links_lead_somewhere_and_keep_time_and_service(name: str) -> None:
    """Each goes to a dashboard that exists and only sets variables which that one has.

    Relative to Grafana's own address: 9.4 opens `/d/...` in a new tab outside its subpath.
    """
    by_uid = {dashboard["uid"]: dashboard for dashboard in BUILT.values()}
    for url in _urls(BUILT[name]):
        if not url:
            continue
        assert url.startswith("d/")
        uid, _, query = url.removeprefix("d/").partition("?")
        variables = re.findall(r"var-(\w+)=", query)
        declared = {variable["name"] for variable in by_uid[uid]["templating"]["list"]}
        assert set(variables) <= declared
        assert "service" in variables
        assert query.endswith("${__url_time_range}")


def test_person_can_go_from_the_overview_to_logs_and_traces_of_a_route() -> None:
    """The links that the walk in docs/map.md follows."""
    urls = _urls(BUILT["overview.json"])

    for uid in ("burnrate-logs", "burnrate-traces", "burnrate-service"):
        assert any(url.startswith(f"d/{uid}?") and "var-route=" in url for url in urls), uid


@pytest.mark.parametrize("name", sorted(BUILT))
def test_every_dashboard_is_linked_and_marks_alerts(name: str) -> None:
    """One row of links above each, which keeps time and variables; alerts on the time axis."""
    dashboard = BUILT[name]
    (link,) = dashboard["links"]

    assert (link["type"], link["tags"]) == ("dashboards", ["burnrate"])
    assert link["keepTime"]
    assert link["includeVars"]
    assert "burnrate" in dashboard["tags"]
    assert "Alerts" in {note["name"] for note in dashboard["annotations"]["list"]}
    for note in dashboard["annotations"]["list"]:
        # What goes on is a band, and some of those on each other hide the lines.
        assert re.search(r"offset 1m|< 60$|\[1m\]", note["expr"]), note["name"]
        promql_parser.parse(fill(note["expr"], _VALUES))


def test_last_run_asked_each_query_and_missed_no_data() -> None:
    """Otherwise docs/dashboard-queries.md tells of a stack that nobody has."""
    last_run = json.loads(LAST_RUN.read_text())

    assert set(last_run["queries"]) == {query.name for query in all_queries()}
    assert set(last_run["queries"].values()) <= {"data", "empty, as it should be"}
    assert set(last_run["versions"]) == {"prometheus", "loki", "tempo"}


def test_panel_says_when_it_is_empty_on_a_healthy_stack() -> None:
    """Its description, and the list with the reason and the drill."""
    described = {
        f"{dashboard['title']} / {panel['title']}"
        for dashboard in BUILT.values()
        for panel in panels(dashboard)
        if "Empty " in panel["description"]
    }
    listed = {name.rpartition(" / ")[0] for name in EMPTY}
    # Lines of another day beside those of now.
    beside = {"Service / Requests, then and now", "Service / Latency, then and now"}

    assert listed - beside == described


_TABLES = [
    pytest.param(dashboard, panel, id=f"{dashboard['title']} / {panel['title']}")
    for dashboard in BUILT.values()
    for panel in panels(dashboard)
    if panel["type"] == "table"
]


@pytest.mark.parametrize(("dashboard", "panel"), _TABLES)
def test_no_column_leaves_a_table_while_all_is_well(
    dashboard: dict[str, Any], panel: dict[str, Any]
) -> None:
    """Grafana has no column for a query without rows: the others would move to its place."""
    name = f"{dashboard['title']} / {panel['title']}"
    empty = {f"{name} / {target['refId']}" in EMPTY for target in panel["targets"]}

    assert len(empty) == 1


def test_part_is_down_when_its_exporter_says_so() -> None:
    """PostgreSQL stopped, and the table of parts said "Yes": of the exporter."""
    (parts,) = [panel for panel in panels(BUILT["stack.json"]) if panel["title"] == "Parts"]
    text = " ".join(query.text for query in all_queries() if query.kind == "prometheus")

    for name in set(re.findall(r"\b\w+_up\b", text)):
        assert name in parts["targets"][0]["expr"], name


@pytest.mark.parametrize("panel", cases())
def test_counts_of_lines_are_bars_with_their_sum(panel: dict[str, Any]) -> None:
    """A service that wrote its last line an hour ago has no value now: the last one would lie."""
    if panel["type"] != "timeseries" or panel["datasource"]["type"] != "loki":
        return
    assert panel["interval"] == "15s"
    if panel["fieldConfig"]["defaults"]["unit"] == "none":
        assert panel["fieldConfig"]["defaults"]["custom"]["drawStyle"] == "bars"
        assert panel["options"]["legend"]["calcs"] == ["sum", "max"]
        assert panel["options"]["legend"]["sortBy"] == "Total"
