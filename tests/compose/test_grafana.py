"""grafana/: the dashboards are what the Python builds, and their panels keep the house rules."""

import json
import re
import warnings
from itertools import combinations
from typing import Any

import promql_parser
import pytest
import yaml

from tests.compose.servers import ROOT

with warnings.catch_warnings():
    # The SDK prefers its newer schema; Grafana 12 and 13 both read the classic one from files.
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana.build import DIRECTORY, dashboards, render

_BUILT = {name: json.loads(render(dashboard)) for name, dashboard in dashboards().items()}
_PANELS = [
    pytest.param(panel, id=f"{name}: {panel['title']}")
    for name, dashboard in _BUILT.items()
    for panel in dashboard["panels"]
    if panel["type"] != "row"
]
_DATASOURCES = ROOT / "grafana/provisioning/datasources/burnrate.yml"


def test_committed_dashboards_are_the_built_ones() -> None:
    """`python -m grafana.build` changes no byte, and there is no file that it does not write."""
    committed = {path.name: path.read_text(encoding="utf-8") for path in DIRECTORY.iterdir()}

    assert committed == {name: render(dashboard) for name, dashboard in dashboards().items()}


def test_uid_never_changes() -> None:
    """Alerts and people's bookmarks hold it."""
    assert _BUILT["overview.json"]["uid"] == "burnrate-overview"
    assert _BUILT["overview.json"]["schemaVersion"] == 42


@pytest.mark.parametrize("panel", _PANELS)
def test_panel_can_be_read(panel: dict[str, Any]) -> None:
    """Each has a title, says what it shows and in which unit, and what an empty one means."""
    defaults = panel["fieldConfig"]["defaults"]

    assert panel["title"]
    assert panel["description"].endswith(".")
    assert defaults["unit"]
    assert defaults["noValue"]


@pytest.mark.parametrize("panel", _PANELS)
def test_panel_asks_the_chosen_source_for_the_chosen_service(panel: dict[str, Any]) -> None:
    """No source's uid and no service's name is written into a query."""
    assert panel["datasource"]["uid"] in {"${metrics}", "${logs}"}
    for target in panel["targets"]:
        assert target["datasource"] == panel["datasource"]
        assert 'service="$service"' in target["expr"] or "ALERTS" in target["expr"]
        assert '"api"' not in target["expr"]


@pytest.mark.parametrize("panel", _PANELS)
def test_promql_is_valid_and_shows_no_raw_counter(panel: dict[str, Any]) -> None:
    """Each query parses, and a counter or bucket is always inside a rate over the dashboard's."""
    if panel["type"] == "logs":
        return
    for target in panel["targets"]:
        expression = target["expr"]
        promql_parser.parse(expression.replace("$__rate_interval", "1m"))
        counters = re.findall(r"\w+(?:_total|_bucket|_count|_sum)\{", expression)
        rates = re.findall(r"rate\((\w+\{)[^[]*\[\$__rate_interval\]", expression)
        assert counters == rates


@pytest.mark.parametrize("name", sorted(_BUILT))
def test_panels_do_not_overlap(name: str) -> None:
    """Every panel has a place of its own on the 24 columns, and an id of its own."""
    panels = _BUILT[name]["panels"]
    boxes = [panel["gridPos"] for panel in panels]

    for one, other in combinations(boxes, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above
    assert all(box["x"] + box["w"] <= 24 for box in boxes)
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_every_recorded_series_that_a_panel_shows_is_recorded() -> None:
    """A panel that names a series no rule makes would be empty for ever."""
    rules = (ROOT / "prometheus/rules/slo-api.yml").read_text()
    recorded = set(re.findall(r"record: (\S+)", rules))
    shown = {
        series
        for panel in _BUILT["overview.json"]["panels"]
        for target in panel.get("targets", [])
        for series in re.findall(r"slo:\w+:\w+", target["expr"])
    }

    assert shown
    assert shown <= recorded


def test_sources_are_linked_both_ways() -> None:
    """Exemplar to trace, line to trace, trace to lines and to metrics; each uid exists."""
    sources = {
        source["uid"]: source for source in yaml.safe_load(_DATASOURCES.read_text())["datasources"]
    }
    (exemplar,) = sources["prometheus"]["jsonData"]["exemplarTraceIdDestinations"]
    (field,) = sources["loki"]["jsonData"]["derivedFields"]
    traces = sources["tempo"]["jsonData"]

    assert set(sources) == {"prometheus", "loki", "tempo"}
    assert (exemplar["name"], exemplar["datasourceUid"]) == ("trace_id", "tempo")
    assert (field["matcherType"], field["matcherRegex"]) == ("label", "trace_id")
    assert (field["url"], field["datasourceUid"]) == ("$${__value.raw}", "tempo")
    assert traces["tracesToLogsV2"]["datasourceUid"] == "loki"
    assert '| trace_id="$${__trace.traceId}"' in traces["tracesToLogsV2"]["query"]
    assert traces["tracesToMetrics"]["datasourceUid"] == "prometheus"


def test_provisioning_has_no_lone_dollar() -> None:
    """Grafana replaces `$NAME` in these files with a variable, so a literal one is doubled."""
    for path in (ROOT / "grafana/provisioning").rglob("*.yml"):
        lines = [
            line for line in path.read_text().splitlines() if not line.lstrip().startswith("#")
        ]
        text = "\n".join(lines).replace("$$", "").replace("$__file{/run/secrets/", "")
        assert "$" not in text, path.name
