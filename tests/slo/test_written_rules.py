"""Rules and routes that are written by hand, for teams whose settings are not the shipped ones."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from burnrate.configuration import Configuration, load_configuration
from burnrate.slo.errors import SpecError
from burnrate.slo.generator import Tree, configured, generated, groups
from burnrate.slo.specification import Service, load_all
from tests.servers.processes import ROOT
from tests.support.copies import others

_SHIPPED = load_configuration()
_HERE = {"DOOR_PORT": "13000", "INBOX_URL": "https://ops.example.org/inbox"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the shipped files, whose service has a team."""
    for name in ("prometheus", "alerting", "docs", "loki"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=others)
    return tmp_path


def _services(root: Path, configuration: Configuration, settings: str = "") -> list[Service]:
    file = root / "prometheus/slo/api.settings.yml"
    file.write_text(file.read_text().replace("job: api\n", f"job: api\n{settings}"))
    return load_all(root / "prometheus/slo", configuration)


def _write(root: Path, made: dict[Path, str]) -> Path:
    folder = root / "made"
    for path, text in made.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def _alerts(text: str) -> list[dict[str, Any]]:
    groups = yaml.safe_load(text)["groups"]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def _promtool(*words: str | Path) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    done = subprocess.run(["promtool", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_with_shipped_settings_the_files_are_loaded_as_they_stand(root: Path) -> None:
    """Byte for byte: what is tested is what runs."""
    made = configured(Tree(root), _services(root, _SHIPPED), _SHIPPED, _SHIPPED)

    assert made == {path: (ROOT / path).read_text() for path in made}
    assert {path.parts[0] for path in made} == {"prometheus", "loki", "alerting"}


def test_every_link_follows_ports_and_addresses(root: Path) -> None:
    """Of generated rules, of those by hand, and of Loki's."""
    actual = load_configuration(environment=_HERE)

    made = configured(Tree(root), _services(root, _SHIPPED), _SHIPPED, actual)

    alerts = [
        rule for path, text in made.items() if "rules" in path.parts for rule in _alerts(text)
    ]
    assert len(alerts) > 40
    for alert in alerts:
        links = alert["annotations"]
        name = alert["alert"]
        assert links["runbook_url"] == f"https://ops.example.org/inbox/runbooks/{name}"
        assert links["dashboard_url"].startswith("http://localhost:13000/grafana/d/burnrate-")


def test_a_link_changes_its_base_and_nothing_beside_it(root: Path) -> None:
    """Quoted, with a comment, two in one line: what is written by hand stays valid YAML."""
    file = root / "prometheus/rules/own.yml"
    file.write_text(
        'runbook_url: "http://old/a/One"\n'
        "both: {runbook_url: http://old/Two, dashboard_url: http://old/d/uid?var-service=x}\n"
        "runbook_url: http://old/Three # http://other/\n"
        "dashboard_url: http://old/d/uid?from=now/d\n"
    )

    made = generated(Tree(root), _services(root, _SHIPPED), _SHIPPED)

    assert made[file] == (
        'runbook_url: "http://localhost:8090/runbooks/One"\n'
        "both: {runbook_url: http://localhost:8090/runbooks/Two,"
        " dashboard_url: http://localhost:8090/grafana/d/uid?var-service=x}\n"
        "runbook_url: http://localhost:8090/runbooks/Three # http://other/\n"
        "dashboard_url: http://localhost:8090/grafana/d/uid?from=now/d\n"
    )


def test_a_teams_labels_are_on_every_alert_of_its_service(root: Path) -> None:
    """On causes and on lines of its log as on its SLOs; another service's alert stays as it is."""
    services = _services(root, _SHIPPED, "labels: {team: checkout}\n")

    folder = _write(root, configured(Tree(root), services, _SHIPPED, _SHIPPED))

    rules = folder / "prometheus/rules"
    _promtool("check", "rules", *sorted(rules.glob("*.yml")))
    series = 'worker_exits_total{{job="{0}", service="{0}", instance="a", reason="killed"}}'
    test = {
        "rule_files": [str(rules / "causes.yml")],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {"series": series.format(name), "values": "0 0 0 5x10"}
                    for name in ("api", "other")
                ],
                "promql_expr_test": [
                    {
                        "expr": 'count by (service, team) (ALERTS{alertname="WorkerCrashLoop"})',
                        "eval_time": "10m",
                        "exp_samples": [
                            {"labels": '{service="api", team="checkout"}', "value": 1},
                            {"labels": '{service="other"}', "value": 1},
                        ],
                    }
                ],
            }
        ],
    }
    (root / "team_test.yml").write_text(yaml.safe_dump(test))
    _promtool("test", "rules", root / "team_test.yml")
    for alert in _alerts((folder / "loki/rules/fake/errors.yml").read_text()):
        assert '"team", "checkout", "service", "api")' in alert["expr"]


def test_a_teams_labels_are_on_every_generated_alert_and_on_one_record(root: Path) -> None:
    """ServiceDown and SLIMissing too; what has a history keeps its series under another name."""
    (service,) = _services(root, _SHIPPED, "labels: {team: checkout}\n")

    rules = [rule for group in groups(service) for rule in group["rules"]]

    teams = {rule["alert"]: rule["labels"].get("team") for rule in rules if "alert" in rule}
    assert {"ServiceDown", "SLIMissing", "ErrorBudgetBurnFast", "PoolBudgetBurnSlow"} <= set(teams)
    assert set(teams.values()) == {"checkout"}
    records = {rule["record"] for rule in rules if "record" in rule and "team" in rule["labels"]}
    assert records == {"slo:objective:ratio"}


def test_a_longer_identity_is_in_every_list_of_labels(root: Path) -> None:
    """Grouped, joined, named, routed and linked by all of it: two environments, two services."""
    configuration = _SHIPPED.model_copy(update={"identity": ("cluster", "service")})
    root.joinpath("prometheus/slo/api.yml").unlink()
    root.joinpath("prometheus/slo/api.settings.yml").unlink()

    folder = _write(root, configured(Tree(root), [], _SHIPPED, configuration))

    rules = folder / "prometheus/rules"
    _promtool("check", "rules", *sorted(rules.glob("*.yml")))
    causes = (rules / "causes.yml").read_text()
    assert "by (cluster, service, job, le)" in causes
    assert "by (service" not in causes
    summaries = [alert["annotations"]["summary"] for alert in _alerts(causes)]
    service = "{{ with $labels.cluster }}{{ . }} {{ end }}{{ $labels.service }}"
    assert f"Workers of {service} keep dying." in summaries
    links = [alert["annotations"]["dashboard_url"] for alert in _alerts(causes)]
    named = [link for link in links if "var-service=" in link]
    assert named
    assert all("var-cluster={{ $labels.cluster }}&var-service=" in link for link in named)
    routes = yaml.safe_load((folder / "alerting/alertmanager.yml").read_text())
    assert routes["route"]["group_by"] == ["cluster", "service", "severity"]
    grouped = [route["group_by"] for route in routes["route"]["routes"]]
    assert grouped == [["alertname"], ["cluster", "service"], ["cluster", "service"]]


def test_one_service_in_two_environments_has_one_team(root: Path) -> None:
    """A cause knows the service by its name alone."""
    configuration = _SHIPPED.model_copy(update={"identity": ("cluster", "service")})
    folder = root / "prometheus/slo"
    spec = (folder / "api.yml").read_text()
    settings = (folder / "api.settings.yml").read_text()
    for cluster, team in (("eu", "a"), ("us", "b")):
        chosen = rf'\1, cluster="{cluster}"'
        (folder / f"{cluster}.yml").write_text(re.sub(r'(job="[a-z-]+")', chosen, spec))
        own = re.sub(r'(job="[a-z-]+")', chosen, settings)
        more = f"job: api\nidentity: {{cluster: {cluster}}}\nlabels: {{team: {team}}}\n"
        (folder / f"{cluster}.settings.yml").write_text(own.replace("job: api\n", more))
    (folder / "api.yml").unlink()
    (folder / "api.settings.yml").unlink()

    with pytest.raises(
        SpecError, match=r"us\.settings\.yml: labels: eu\.yml gives api other labels"
    ):
        load_all(folder, configuration)
