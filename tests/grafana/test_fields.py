"""grafana/: what Grafana would not tell: units, columns, variables and links it cannot use.

Some of the rules are those of grafana/dashboard-linter.
"""

import re
from typing import Any

import promql_parser
import pytest
import yaml

from tests.grafana.panels import BUILT, ROOT, all_queries, cases, fill, panels

_TABLES = cases(lambda panel: panel.get("transformations"))
_VARIABLES = [
    pytest.param(variable, id=f"{name}: {variable['name']}")
    for name, dashboard in BUILT.items()
    for variable in dashboard["templating"]["list"]
    if variable["type"] == "query"
]
# Names in Grafana 13.2 (packages/grafana-data, valueFormats); an unknown one is shown as text.
_UNITS = {
    "none", "short", "string", "percentunit", "bytes", "Bps", "s", "ops", "reqps",
    "bool_yes_no",
}  # fmt: skip
# What a query's values may be, by what it asks for; the first that fits.
_UNITS_OF = (
    (r"^\(count by \(service\) \(ALERTS", {"none"}),
    (r"^sum\(increase\(pg_checkpoint_\w+_seconds_total", {"s"}),
    (r"_size_bytes_bucket", {"bytes"}),
    # What a statement, a command or a request takes on average.
    (
        r"statement_seconds_total.* / \(.*calls|duration_seconds_total.* / |_seconds_sum.* / ",
        {"s"},
    ),
    # How much of each second that is, of one thing or of several at once.
    (r"^(?:sum|topk)\(.*statement_seconds_total", {"none"}),
    (r"^sum\(rate\(redis_commands_duration_seconds_total", {"percentunit"}),
    (r"calls_total.* / \$__range_s|sequential_scans.* / \$__range_s", {"ops"}),
    (r"_ratio\{", {"percentunit", "suffix:x"}),
    # What is left of a budget, and the line of what an even pace would leave.
    (r"^1 - \(slo:bad_events|^\(scalar\(max\(timestamp\(", {"percentunit"}),
    (r"^sum by \(endpoint, status\) \(increase\((?!.* / on).+ > 0$", {"short"}),
    (r"^sum\(pg_blocked", {"none"}),
    (r"bgsave_status", {"bool_yes_no"}),
    (r"histogram_quantile|duration_seconds|\* 86400", {"s"}),
    # A rate over the whole range, and one thing through another.
    (
        r"^\(?sum by \(\w+\) \(increase\(http_requests_total.*\) / \$__range_s > 0(?:$|\) or )",
        {"reqps"},
    ),
    (r"^\(?\(?time\(\) - ", {"s"}),
    (r"total_events:rate", {"none", "suffix:/s"}),
    (r"procs_running|procs_blocked|^count\(", {"none"}),
    (r"sum\(workers", {"none", "suffix:cores"}),
    (r"deriv\(.* / 86400", {"suffix:d"}),
    (r"pressure_|disk_io_time_seconds", {"percentunit"}),
    (r"io_time_weighted", {"none"}),
    (r"oom_kill", {"none"}),
    (r"time_period:days", {"suffix:d"}),
    (r"current_burn_rate|alert_burn_rate", {"suffix:x"}),
    (r"_threshold:seconds|slo:history:seconds", {"s"}),
    (
        r" / |^1 - |budget_remaining|sli_error:ratio|slo:objective|disk_io_time",
        {"percentunit", "suffix:x", "none"},
    ),
    (r"rate\([^)]*_bytes", {"Bps"}),
    (r"_bytes", {"bytes"}),
    (r"\w_seconds\b|_duration\b", {"s"}),
    (r"cpu_seconds", {"suffix:cores"}),
    (r"http_requests_total|front_door_requests_total", {"reqps"}),
    (r"_tup_", {"suffix:rows/s"}),
    (r"rate\(", {"ops", "short"}),
    (r"\bup\b|\w_up\b", {"bool_yes_no"}),
    (r"", {"none", "short"}),
)


def _settings(panel: dict[str, Any], name: str) -> list[Any]:
    overrides = panel["fieldConfig"].get("overrides") or []
    return [s["value"] for o in overrides for s in o["properties"] if s["id"] == name]


@pytest.mark.parametrize("panel", cases())
def test_unit_is_one_that_grafana_knows(panel: dict[str, Any]) -> None:
    """Of the panel and of each column; or words after the number."""
    axis = panel.get("options", {}).get("yAxis", {})
    units = [panel["fieldConfig"]["defaults"]["unit"], *_settings(panel, "unit")]
    assert panel["type"] != "heatmap" or axis["unit"] == "s"
    for unit in units:
        assert unit in _UNITS or re.fullmatch(r"suffix:\S+", unit), unit


def _units(panel: dict[str, Any]) -> list[str]:
    """Return the unit in which each query of a panel is shown; in a table, that of its column."""
    own = panel["fieldConfig"]["defaults"]["unit"]
    if "transformations" not in panel:
        return [own] * len(panel["targets"])
    (organize,) = [t["options"] for t in panel["transformations"] if t["id"] == "organize"]
    set_units = {
        override["matcher"]["options"]: setting["value"]
        for override in panel["fieldConfig"]["overrides"]
        for setting in override["properties"]
        if setting["id"] == "unit"
    }
    titles = organize["renameByName"]
    names = [titles.get(f"Value #{t['refId']}", titles.get("Value")) for t in panel["targets"]]
    return [set_units.get(name, own) for name in names]


@pytest.mark.parametrize("panel", cases())
def test_unit_is_that_of_the_query(panel: dict[str, Any]) -> None:
    """Seconds shown as bytes are worse than no unit."""
    if panel["datasource"]["type"] != "prometheus" or panel["type"] == "heatmap":
        # Lines, traces, and counts of them; the heatmap's number is one of requests.
        is_share = any("/ sum" in target.get("expr", "") for target in panel["targets"])
        allowed = {"percentunit"} if is_share else {"none", "short", "string"}
        assert panel["fieldConfig"]["defaults"]["unit"] in allowed
        return
    for target, unit in zip(panel["targets"], _units(panel), strict=True):
        allowed = next(units for what, units in _UNITS_OF if re.search(what, target["expr"]))
        assert unit in allowed, target["expr"]


@pytest.mark.parametrize("panel", _TABLES)
def test_columns_are_those_of_the_queries(panel: dict[str, Any]) -> None:
    """Each column is a label or the value of a query, and each setting is of a column."""
    (organize,) = [t["options"] for t in panel["transformations"] if t["id"] == "organize"]
    renamed = organize["renameByName"]
    letters = [target["refId"] for target in panel["targets"]]
    numbered = len(letters) > 1 or panel["datasource"]["type"] == "loki"
    values = {name for name in renamed if name.startswith("Value")}
    if values:
        assert values == ({f"Value #{letter}" for letter in letters} if numbered else {"Value"})
    for label in set(renamed) - values:
        for target in panel["targets"]:
            assert re.search(rf"\b{label}\b", target["expr"]) or "ALERTS" in target["expr"]
    matched = [o["matcher"] for o in panel["fieldConfig"].get("overrides") or []]
    sorting = [each["displayName"] for each in panel["options"].get("sortBy", [])]
    assert {matcher["id"] for matcher in matched} <= {"byName"}
    assert {*(matcher["options"] for matcher in matched), *sorting} <= set(renamed.values())
    assert set(organize["indexByName"]) == set(organize["includeByName"]) == set(renamed)


@pytest.mark.parametrize("panel", _TABLES)
def test_link_of_a_cell_names_columns_that_exist(panel: dict[str, Any]) -> None:
    """A field by another name would be empty in the address."""
    (organize,) = [t["options"] for t in panel["transformations"] if t["id"] == "organize"]
    for links in _settings(panel, "links"):
        for link in links:
            fields = re.findall(r'\$\{__data\.fields\["([^"]+)"\]:percentencode\}', link["url"])
            assert set(fields) <= set(organize["renameByName"].values())
            assert link["url"].count("__data") == len(fields)
            assert link["title"]


@pytest.mark.parametrize("name", sorted(BUILT))
def test_dashboard_is_not_for_editing(name: str) -> None:
    """A change made in the browser could not be kept: the files are provisioned."""
    assert BUILT[name]["editable"] is False


@pytest.mark.parametrize("variable", _VARIABLES)
def test_variable_is_asked_anew_for_each_time_range(variable: dict[str, Any]) -> None:
    """A service that began to run after the page was opened must be there."""
    assert variable["refresh"] == 2
    assert variable["label"]
    match = re.fullmatch(r"label_values\((?:(.+), )?\w+\)|query_result\((.+)\)", variable["query"])
    assert match is not None
    if match[2]:
        promql_parser.parse(fill(match[2], {"service": "x"}))
        # How Grafana writes an answer without labels.
        assert re.findall(variable["regex"].strip("/"), "{} 0.5 1700000000000") == ["0.5"]
    if match[1]:
        promql_parser.parse(fill(match[1], {"service": "x"}))
    if variable["includeAll"]:
        assert variable["current"]["value"] == "$__all"
        assert variable["allValue"] in {".*", ".+"}


def test_lines_are_there_while_no_metrics_say_which_services_there_are() -> None:
    """Grafana keeps a variable's value where its query fails: here, a pattern for any service."""
    (variable,) = [
        variable
        for variable in BUILT["overview.json"]["templating"]["list"]
        if variable["name"] == "service"
    ]
    (lines,) = [query.text for query in all_queries() if query.panel == "Warnings and errors"]

    assert variable["current"] == {"selected": True, "text": "not known", "value": ".+"}
    assert '{service=~"$service", ' in lines


def test_log_counts_are_over_grafanas_own_interval() -> None:
    """A fixed one counts lines twice, or leaves some out, as soon as the time range changes."""
    windows = [
        (query.name, window, query.is_instant)
        for query in all_queries()
        if query.kind == "loki"
        for window in re.findall(r"\[(\$?\w+)\]", query.text)
    ]

    assert windows
    for name, window, is_instant in windows:
        assert window == ("$__range" if is_instant else "$__interval"), name


def test_latency_leads_to_traces() -> None:
    """The dots are asked for on both panels that show how long requests take."""
    shown = {
        panel["title"]
        for panel in panels(BUILT["service.json"])
        for target in panel["targets"]
        if target.get("exemplar")
    }

    assert shown == {"Latency", "Latency spread"}


@pytest.mark.parametrize("name", ["overview.json", "service.json", "saturation.json"])
def test_deployments_are_marked(name: str) -> None:
    """Since when, and what was new then: on each dashboard of a service."""
    notes = {note["name"]: note["expr"] for note in BUILT[name]["annotations"]["list"]}

    assert "service_info" in notes["Deployments"]


def test_what_the_linter_may_not_say_is_reasoned_and_there() -> None:
    """An exclusion of a panel that is gone would hide the next one of its name."""
    lint = yaml.safe_load((ROOT / "grafana/dashboards/.lint").read_text())
    there = {
        (dashboard["title"], panel["title"])
        for dashboard in BUILT.values()
        for panel in panels(dashboard)
    }
    for rule, excluded in lint["exclusions"].items():
        assert excluded["reason"], rule
        for entry in excluded.get("entries", []):
            assert (entry["dashboard"], entry["panel"]) in there
