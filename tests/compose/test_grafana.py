"""grafana/provisioning: the data sources are there and lead to one another."""

import yaml

from tests.compose.servers import ROOT

_PROVIDERS = ROOT / "grafana/provisioning/dashboards/burnrate.yml"
_DATASOURCES = ROOT / "grafana/provisioning/datasources/burnrate.yml"


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
    tags = {tag["key"]: tag["value"] for tag in traces["tracesToMetrics"]["tags"]}
    assert tags == {"service.name": "service", "http.route": "endpoint"}


def test_dashboards_are_where_grafana_looks_for_them() -> None:
    """The provider's folder is the one that setup fills; nobody changes one by hand."""
    (provider,) = yaml.safe_load(_PROVIDERS.read_text())["providers"]
    service = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["grafana"]
    folder = provider["options"]["path"].removeprefix("/etc/burnrate/")

    assert service["x-files"] == {
        folder: "grafana/dashboards",
        "provisioning": "grafana/provisioning",
    }
    assert service["environment"]["GF_PATHS_PROVISIONING"] == "/etc/burnrate/provisioning"
    assert (provider["type"], provider["folder"]) == ("file", "Burnrate")
    assert provider["disableDeletion"]
    assert not provider["allowUiUpdates"]


def test_provisioning_has_no_lone_dollar() -> None:
    """Grafana replaces `$NAME` in these files with a variable, so a literal one is doubled."""
    for path in (ROOT / "grafana/provisioning").rglob("*.yml"):
        lines = [
            line for line in path.read_text().splitlines() if not line.lstrip().startswith("#")
        ]
        text = "\n".join(lines).replace("$$", "").replace("$__file{/etc/burnrate/secrets/", "")
        assert "$" not in text, path.name
