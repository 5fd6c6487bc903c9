"""`burnrate export`: what each target gets, read by the programs that will load it."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from burnrate.export.commands import export
from burnrate.export.exporting import TARGETS
from tests.servers.processes import ROOT

_SLO = str(ROOT / "prometheus/slo")
_VALUES = (
    "--set",
    "cluster=c1,namespace=blue,job=shop/api,alertmanager_job=am-main",
    "--set",
    "inbox=http://burnrate-inbox.blue:8090,inbox_page=https://inbox.example.org",
    "--set",
    "grafana=https://grafana.example.org,label.release=monitoring",
)
# Of exporters and parts that a team's own stack does not have, or has under other names.
_NOT_EXPORTED = re.compile(r"\b(pg|node|redis|nginx|loki|tempo|grafana|prometheus|alertmanager)_")


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(export, arguments)


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """The folder of each target, outside any checkout."""
    made: dict[str, Path] = {}
    for target in set(TARGETS) - {"helm"}:
        made[target] = tmp_path_factory.mktemp(target) / "out"
        done = _run("--to", target, "--slo", _SLO, *_VALUES, str(made[target]))
        assert done.exit_code == 0, done.output
    return made


def _documents(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.rglob("*.y*ml")):
        yield yaml.load(path.read_text(), Loader=yaml.CSafeLoader)


def _rules(folder: Path) -> list[dict[str, Any]]:
    found = (
        each.get("groups") or each.get("spec", {}).get("groups", []) for each in _documents(folder)
    )
    return [rule for groups in found for group in groups for rule in group["rules"]]


def test_nothing_leads_to_the_readers_machine(exports: Mapping[str, Path]) -> None:
    """Nor asks for a job of the shipped stack; what is set stands in its place."""
    for target, folder in exports.items():
        texts = {path: path.read_text() for path in folder.rglob("*") if path.is_file()}
        assert len(texts) > 2, target
        for path, text in texts.items():
            assert "localhost" not in text, path
            assert "127.0.0.1" not in text, path
            assert not re.search(r'job=\\?"(api|alertmanager)\\?"', text), path


def test_every_rule_is_about_the_service_or_the_inbox(exports: Mapping[str, Path]) -> None:
    """Nothing about exporters, Loki or the shipped stack's own Prometheus."""
    rules = _rules(exports["prometheus"])
    assert {"ServiceDown", "ErrorBudgetBurnFast", "PoolNearExhaustion", "Watchdog"} <= {
        rule.get("alert") for rule in rules
    }
    assert [rule for rule in rules if _NOT_EXPORTED.search(rule["expr"])] == []
    causes = next(exports["prometheus"].glob("rules/causes-*.yml"))
    for rule in yaml.safe_load(causes.read_text())["groups"][0]["rules"]:
        assert 'job="shop/api", cluster="c1", namespace="blue"' in rule["expr"]


def test_alerts_name_their_environment_and_lead_to_what_is_there(
    exports: Mapping[str, Path],
) -> None:
    """The inbox' and the logs' too, whose series do not name it."""
    for target in ("prometheus", "mimir", "victoriametrics", "loki"):
        alerts = [rule for rule in _rules(exports[target]) if "alert" in rule]
        assert alerts
        for rule in alerts:
            by_series = "namespace" in rule["expr"]
            assert by_series or rule["labels"].get("namespace") == "blue", rule["alert"]
            links = rule["annotations"]
            assert links["runbook_url"] == f"https://inbox.example.org/runbooks/{rule['alert']}"
            assert (exports[target] / "runbooks" / f"{rule['alert']}.md").is_file()
            dashboard = links.get("dashboard_url", "")
            assert "burnrate-stack" not in dashboard
            assert not dashboard or dashboard.startswith("https://grafana.example.org/d/burnrate-")


def test_runbooks_lead_to_runbooks_that_are_there(exports: Mapping[str, Path]) -> None:
    """What was left behind is named and no link."""
    folder = exports["prometheus"] / "runbooks"
    for path in folder.glob("*.md"):
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text()):
            assert (folder / target).is_file(), (path.name, target)


@pytest.mark.parametrize(
    "target", ["prometheus", "mimir", "victoriametrics", "prometheus-operator"]
)
def test_promtool_takes_the_rules(exports: Mapping[str, Path], tmp_path: Path, target: str) -> None:
    """Those inside resources as well, which are the same rules."""
    _require("promtool")
    paths = []
    for number, each in enumerate(_documents(exports[target])):
        found = each.get("groups") or each.get("spec", {}).get("groups")
        if found:
            # What vmalert alone knows; Prometheus refuses it.
            asking = [group.pop("params", None) for group in found]
            assert any(asking) == all(asking) == (target == "victoriametrics")
            paths.append(tmp_path / f"{number}.yml")
            paths[-1].write_text(json.dumps({"groups": found}))
    assert len(paths) > 6
    _succeeds("promtool", "check", "rules", *map(str, paths))
    if target == "prometheus-operator":
        plain = sorted(map(json.dumps, _rules(exports["prometheus"])))
        assert sorted(map(json.dumps, _rules(exports[target]))) == plain


def test_vmalert_takes_the_rules(exports: Mapping[str, Path]) -> None:
    """Its windows are counted by increase, for it sees late what it recorded."""
    rules = _rules(exports["victoriametrics"])
    assert not any("slo:total_events:total" in str(rule) for rule in rules)
    assert any("slo:total_events:total" in str(rule) for rule in _rules(exports["prometheus"]))
    _require("vmalert")
    found = sorted((exports["victoriametrics"] / "rules").glob("*.yml"))
    _succeeds("vmalert", "-dryRun", *(f"-rule={path}" for path in found))


def test_alertmanager_takes_its_part(exports: Mapping[str, Path], tmp_path: Path) -> None:
    """With an inbox as it is; without one inside a team's own configuration."""
    _require("amtool")
    own = exports["prometheus"] / "alertmanager.yml"
    assert "http://burnrate-inbox.blue:8090/webhooks/alertmanager" in own.read_text()
    _succeeds("amtool", "check-config", str(own))
    routed = subprocess.run(
        ["amtool", "config", "routes", "test", f"--config.file={own}", "severity=page"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert routed.stdout.strip() == "inbox"
    done = _run("--to", "mimir", "--slo", _SLO, str(tmp_path / "out"))
    assert "receivers and routes are your own" in done.stderr
    part = (tmp_path / "out/alertmanager-inhibition.yml").read_text()
    merged = tmp_path / "merged.yml"
    merged.write_text(f"route: {{receiver: team}}\nreceivers: [{{name: team}}]\n{part}")
    _succeeds("amtool", "check-config", str(merged))
    assert not (tmp_path / "out/rules/inbox.yml").exists()


def test_resources_carry_what_selectors_want(exports: Mapping[str, Path]) -> None:
    """The label of a selector, the namespace, and for dashboards the sidecar's."""
    kinds: dict[str, int] = {}
    for each in _documents(exports["prometheus-operator"]):
        kinds[each["kind"]] = kinds.get(each["kind"], 0) + 1
        assert each["metadata"]["namespace"] == "blue"
        assert each["metadata"]["labels"]["release"] == "monitoring"
        if each["kind"] == "ConfigMap":
            assert each["metadata"]["labels"]["grafana_dashboard"] == "1"
            (text,) = each["data"].values()
            assert json.loads(text)["uid"].startswith("burnrate-")
    assert kinds == {"PrometheusRule": 8, "AlertmanagerConfig": 1, "ConfigMap": 6}


def test_dashboards_ask_any_source_and_each_other(exports: Mapping[str, Path]) -> None:
    """Sources are variables, links stay among them, and the environment is chosen first."""
    found = [json.loads(path.read_text()) for path in exports["grafana"].rglob("*.json")]
    uids = {each["uid"] for each in found}
    for each in found:
        text = json.dumps(each)
        assert set(re.findall(r"\bd/(burnrate-[\w-]+)", text)) <= uids
        sources = set(re.findall(r'"datasource": \{"type": "\w+", "uid": "([^"]+)"', text))
        assert sources - {"-- Grafana --"} <= {"${metrics}", "${logs}", "${traces}"}
        names = [variable["name"] for variable in each["templating"]["list"]]
        assert set(names) & {"metrics", "logs", "traces"}
    overview = next(each for each in found if each["uid"] == "burnrate-overview")
    names = [variable["name"] for variable in overview["templating"]["list"]]
    assert names.index("cluster") < names.index("namespace") < names.index("service")


def test_loki_gets_the_streams_of_the_service_alone(exports: Mapping[str, Path]) -> None:
    """Those of its environment, and of none; no filter is left for the noise of other parts."""
    (path,) = (exports["loki"] / "rules").glob("*.yml")
    for rule in _rules(path.parent):
        selected = re.findall(r"\{(service.+?), level=", rule["expr"])
        assert set(selected) == {'service="api", cluster=~"|c1", namespace=~"|blue"'}
        assert not re.search(r"`\^(tempo|loki|nginx|grafana)", rule["expr"])
        assert "or sum" not in rule["expr"]


def test_panels_of_lines_show_the_streams_of_the_chosen_environment(
    exports: Mapping[str, Path],
) -> None:
    """It can be chosen on each dashboard with such a panel."""
    found = [json.loads(path.read_text()) for path in exports["grafana"].rglob("*.json")]
    panels = [
        (panel, {each["name"] for each in dashboard["templating"]["list"]})
        for dashboard in found
        for panel in dashboard["panels"]
        if panel.get("datasource", {}).get("type") == "loki"
    ]
    asked = [
        (target["expr"], names)
        for panel, names in panels
        for target in panel["targets"]
        if "$service" in target["expr"]
    ]
    assert len(asked) > 5
    for query, names in asked:
        assert {"cluster", "namespace", "service"} <= names
        for stream in re.findall(r"\{(service[^}]+)", query):
            assert ', cluster=~"|$cluster", namespace=~"|$namespace"' in stream


def test_names_with_dots_select_their_streams(tmp_path: Path) -> None:
    """As any text: a dot in a pattern is escaped, and so is the backslash before it."""
    for name in ("a.b", "c"):
        (tmp_path / f"{name}.yml").write_text(
            f"service: {name}\nsource: burnrate\nobjectives: {{availability: 99}}\n"
        )
    slos = [part for name in ("a.b", "c") for part in ("--slo", str(tmp_path / f"{name}.yml"))]

    done = _run("--to", "loki", *slos, str(tmp_path / "out"))

    assert done.exit_code == 0, done.output
    for rule in _rules(tmp_path / "out"):
        assert r'service=~"a\\.b|c"' in rule["expr"]


def _require(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")


def _succeeds(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
