"""One service in two clusters: two services, in every rule, route and text."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from burnrate.configuration import Configuration, load_configuration
from burnrate.promql import Matcher, selectors
from burnrate.slo.errors import SpecError
from burnrate.slo.generator import Tree, generated, groups, with_identity, write
from burnrate.slo.specification import load_all
from tests.servers.processes import ROOT
from tests.support.copies import others

_CLUSTERS = ("eu", "us")


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    """What names a service."""
    (tmp_path / "burnrate.yml").write_text("identity: [cluster, service]\n")
    return load_configuration(tmp_path)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """A checkout with the shipped service in two clusters."""
    for name in ("prometheus", "alerting", "docs", "loki"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=others)
    for generated_file in (tmp_path / "prometheus").rglob("slo-api*"):
        generated_file.unlink()
    specs = Tree(tmp_path).specs
    specification = (specs / "api.yml").read_text()
    settings = (specs / "api.settings.yml").read_text()
    for file in ("api.yml", "api.settings.yml"):
        (specs / file).unlink()
    for cluster in _CLUSTERS:
        # Of the service and of its front door.
        selected, named = (
            re.sub(r'(job="[a-z-]+")', rf'\1, cluster="{cluster}"', text)
            for text in (specification, settings)
        )
        named = named.replace("job: api\n", f"job: api\nidentity: {{cluster: {cluster}}}\n")
        (specs / f"{cluster}-api.yml").write_text(selected)
        (specs / f"{cluster}-api.settings.yml").write_text(named)
    return Tree(tmp_path)


@pytest.fixture
def rules(tree: Tree, configuration: Configuration) -> dict[str, list[dict[str, Any]]]:
    """The generated rules of each cluster."""
    write(generated(tree, load_all(tree.specs, configuration), configuration))
    return {
        cluster: [
            rule
            for path in sorted(tree.rules.glob(f"slo-{cluster}-*.yml"))
            for group in yaml.safe_load(path.read_text())["groups"]
            for rule in group["rules"]
        ]
        for cluster in _CLUSTERS
    }


@pytest.mark.parametrize("cluster", _CLUSTERS)
def test_every_rule_reads_and_writes_one_clusters_series(
    rules: dict[str, list[dict[str, Any]]], cluster: str
) -> None:
    """Records and alerts, in labels and in each selector."""
    own = Matcher("cluster", "=", cluster)

    assert len(rules[cluster]) > 200
    for rule in rules[cluster]:
        assert (rule["labels"]["cluster"], rule["labels"]["service"]) == (cluster, "api")
        for each in selectors(rule["expr"]):
            assert own in each.matchers, rule


def test_texts_and_links_tell_which_one_it_is(rules: dict[str, list[dict[str, Any]]]) -> None:
    """A page at night that says only `api is down` would not."""
    alerts = [rule["annotations"] for rule in rules["eu"] if "alert" in rule]

    assert len(alerts) == 38
    for annotations in alerts:
        assert "eu api" in annotations["summary"]
        assert "?var-cluster=eu&var-service=api" in annotations["dashboard_url"]


def test_a_label_with_other_characters_is_a_value_in_a_link_too(
    tree: Tree, configuration: Configuration
) -> None:
    """It neither ends the address nor begins another variable."""
    for file in (tree.specs / "eu-api.yml", tree.specs / "eu-api.settings.yml"):
        text = file.read_text().replace('cluster="eu"', 'cluster="eu & west"')
        file.write_text(text.replace("cluster: eu}", "cluster: eu & west}"))

    service, _ = load_all(tree.specs, configuration)

    alert, *_ = groups(service)[-1]["rules"]
    assert "?var-cluster=eu%20%26%20west&var-service=api" in alert["annotations"]["dashboard_url"]


def test_tickets_are_held_back_by_pages_of_the_same_cluster_only(
    tree: Tree, rules: dict[str, list[dict[str, Any]]]
) -> None:
    """The inhibition compares all labels that name a service."""
    assert rules
    inhibition = yaml.safe_load(tree.alertmanager.read_text())["inhibit_rules"]

    assert [rule["equal"] for rule in inhibition] == [["cluster", "service", "slo"]]


def test_an_outage_in_one_cluster_pages_for_that_one(
    tree: Tree, rules: dict[str, list[dict[str, Any]]]
) -> None:
    """With both clusters' rules in one Prometheus: neither is averaged into the other, or hides it.

    Nor do two of their alerts have the same labels, at which an evaluation would fail.
    """
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    assert rules
    causes = tree.rules / "causes.yml"
    causes.write_text(with_identity(causes.read_text(), ("cluster", "service")))
    names = [f"slo-{each}-api{slo}.yml" for each in _CLUSTERS for slo in ("", "-availability")]
    series = 'front_door_requests_total{{job="front-door", cluster="{}", outcome="{}"}}'
    up = 'up{{job="api", cluster="{}", instance="a"}}'
    died = 'worker_exits_total{{job="api", service="api", cluster="{}", reason="failed"}}'
    test = {
        "rule_files": [str(tree.rules / name) for name in (*names, causes.name)],
        "evaluation_interval": "15s",
        "tests": [
            {
                "interval": "15s",
                "input_series": [
                    {"series": series.format("eu", "bad"), "values": "0+100x80"},
                    {"series": series.format("us", "good"), "values": "0+100x80"},
                    {"series": up.format("eu"), "values": "0x80"},
                    {"series": up.format("us"), "values": "1x80"},
                    {"series": died.format("eu"), "values": "0+1x80"},
                    {"series": died.format("us"), "values": "0+1x80"},
                ],
                "promql_expr_test": [
                    {
                        "expr": "count by (alertname, cluster) "
                        '(ALERTS{alertname=~"ErrorBudgetBurnFast|ServiceDown|WorkerCrashLoop"})',
                        "eval_time": "20m",
                        "exp_samples": [
                            {"labels": f'{{alertname="{name}", cluster="{cluster}"}}', "value": 1}
                            for name, cluster in (
                                ("ErrorBudgetBurnFast", "eu"),
                                ("ServiceDown", "eu"),
                                ("WorkerCrashLoop", "eu"),
                                ("WorkerCrashLoop", "us"),
                            )
                        ],
                    }
                ],
            }
        ],
    }
    file = tree.root / "outage_test.yml"
    file.write_text(yaml.safe_dump(test))

    done = subprocess.run(
        ["promtool", "test", "rules", str(file)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_queries_that_count_both_clusters_are_refused(
    tree: Tree, configuration: Configuration
) -> None:
    """One selector without the label would add the other cluster's events."""
    file = tree.specs / "us-api.yml"
    file.write_text(file.read_text().replace(', cluster="us"', "", 1))

    with pytest.raises(SpecError, match=r'us-api\.yml:\d+: .*lacks cluster="us", which names the'):
        load_all(tree.specs, configuration)


def test_route_counters_of_both_clusters_are_refused(
    tree: Tree, configuration: Configuration
) -> None:
    """`RouteFailing` would page one cluster for the other's route."""
    file = tree.specs / "us-api.settings.yml"
    told = re.compile(r'(failed: http_requests_total.*), cluster="us"')
    file.write_text(told.sub(r"\1", file.read_text()))

    match = r'us-api\.settings\.yml:\d+: .*by_route\.failed.*lacks cluster="us"'
    with pytest.raises(SpecError, match=match):
        load_all(tree.specs, configuration)
