"""Short files: what is refused with which reason, and what they are combined with."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from burnrate.configuration import load_configuration
from burnrate.slo.detection import detections
from burnrate.slo.errors import SpecError
from burnrate.slo.generator import Tree, generated, rules, unit_tests, write
from burnrate.slo.specification import Service, load_all, load_files
from tests.servers.processes import ROOT

_SHORT = "service: shop\nsource: otel\nobjectives: {availability: 99.9}\n"


def _load(folder: Path, text: str, settings: str = "") -> Service:
    (folder / "shop.yml").write_text(text)
    if settings:
        (folder / "shop.settings.yml").write_text(f"version: burnrate/v1\n{settings}")
    (service,) = load_files([folder / "shop.yml"], load_configuration())
    return service


def _latency(source: str, threshold: str, more: str = "") -> str:
    return (
        f"service: shop\nsource: {source}\n"
        f"objectives:\n  latency: {{objective: 99, threshold: {threshold}{more}}}\n"
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (_SHORT.replace("otel", "open"), "shop.yml:2: source: open is no source: write burnrate"),
        (_SHORT.replace("99.9", "20"), "objectives.availability.objective"),
        ("service: shop\nsource: otel\nobjectives: {}\n", "needs availability, latency or both"),
        (_SHORT + "retries: 3\n", "shop.yml:4: retries: is no key"),
        (_SHORT + "backend: web\n", "it is no proxy"),
        (_latency("otel", "250"), "with its unit, such as 250ms"),
        (_latency("otel", "300ms"), "the nearest are 250 ms and 500 ms"),
        (_latency("otel", "20s"), "the nearest is 10 s"),
        (_latency("otel-legacy", "0.3s"), "the nearest are 250 ms and 500 ms"),
        (_latency("traefik", "250ms"), "the nearest are 100 ms and 300 ms"),
        (_latency("envoy", "250ms", ", routes: /carts"), "has no label of the route"),
        (_SHORT + 'internal: "a\\\\\\f"\n', "have no \\\\x0c"),
        ("source: envoy\ninternal: /x\n" + _SHORT.replace("source: otel\n", ""), "internal"),
    ],
)
def test_what_cannot_be_kept_is_refused(text: str, reason: str, tmp_path: Path) -> None:
    """With the line and what to write instead."""
    with pytest.raises(SpecError) as refused:
        _load(tmp_path, text)
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("source", "bound"),
    [("otel-legacy", "250(\\\\.0+)?"), ("envoy", "250(\\\\.0+)?"), ("otel", "0\\\\.250*")],
)
def test_a_threshold_is_in_the_unit_of_the_histogram(
    source: str, bound: str, tmp_path: Path
) -> None:
    """250 ms is `le="250"` of milliseconds, however exporters write that; people see seconds."""
    (slo,) = _load(tmp_path, _latency(source, "250ms")).slos
    assert f'le=~"{bound}"' in slo.events.error_query
    assert slo.threshold_seconds == 0.25


def test_a_service_has_buckets_of_its_own(tmp_path: Path) -> None:
    """They stand in the file."""
    (slo,) = _load(tmp_path, _latency("traefik", "0.4s", ", buckets: [0.1, 0.4]")).slos
    assert slo.threshold_seconds == 0.4


def test_a_backend_and_further_labels_choose_the_series(tmp_path: Path) -> None:
    """A proxy's word for the service, and its namespace."""
    text = _SHORT.replace("otel", "ingress-nginx")
    (slo,) = _load(tmp_path, text + "backend: web\nwhere: {exported_namespace: eu}\n").slos
    assert 'exported_namespace="eu", ingress="web"' in slo.total_query("5m")


def test_objectives_may_have_sources_of_their_own(tmp_path: Path) -> None:
    """Availability at the front door, latency in the service."""
    text = (
        "service: shop\nsource: burnrate\nobjectives:\n"
        "  availability: {objective: 99.9, source: door}\n"
        "  latency: {objective: 99, threshold: 250ms}\n"
    )
    service = _load(tmp_path, text)
    availability, latency = service.slos
    assert 'front_door_requests_total{job="front-door"' in availability.total_query("5m")
    assert 'job="shop"' in latency.total_query("5m")
    assert service.job == "shop"
    assert availability.job == "front-door"


def test_a_proxy_and_what_is_pushed_say_nothing_about_processes(tmp_path: Path) -> None:
    """There is no `up` of theirs."""
    assert _load(tmp_path, _SHORT).job == "shop"
    assert not _load(tmp_path, _SHORT + "pushed: true\n").job
    assert not _load(tmp_path, _SHORT.replace("otel", "traefik")).job


def test_settings_beside_add_to_a_short_file(tmp_path: Path) -> None:
    """But what is counted is said once."""
    service = _load(
        tmp_path,
        _SHORT,
        "labels: {team: carts}\nperiod_days: 14\n"
        "slos: {availability: {kind: ratio, minimum_failures: 9}}\n",
    )
    (slo,) = service.slos
    assert service.alert_labels == {"team": "carts"}
    assert (slo.period_days, slo.minimum_failures, slo.service_job) == (14, 9, "shop")
    with pytest.raises(SpecError, match=r"follows from shop\.yml"):
        _load(tmp_path, _SHORT, "slos: {availability: {kind: ratio, good: [x]}}\n")
    with pytest.raises(SpecError, match="has the job shop"):
        _load(tmp_path, _SHORT, "job: other\n")


def test_a_team_brings_a_source_of_its_own(tmp_path: Path) -> None:
    """One small file beside; it is no specification."""
    (tmp_path / "gateway.source.yml").write_text(
        "about: our gateway\nis_proxy: true\nselect: {label: upstream}\n"
        "requests: gateway_answers_total\nstatus: code\n"
    )
    _load(tmp_path, _SHORT.replace("otel", "gateway.source.yml"))
    (service,) = load_files([tmp_path], load_configuration())
    assert 'gateway_answers_total{upstream="shop"}' in service.slos[0].total_query("5m")


def test_groups_are_objectives_and_none_is_lost(tmp_path: Path) -> None:
    """One a tenant, one of all others; each with its label, its ledger and its tests."""
    text = (
        "service: shop\nsource: otel\nobjectives:\n"
        "  availability: {objective: 99.9, grouping: {label: tenant, values: [a, b/c]}}\n"
    )
    service = _load(tmp_path, text)
    assert [slo.name for slo in service.slos] == [
        "availability-a",
        "availability-b-c",
        "availability-others",
    ]
    assert [slo.labels["tenant"] for slo in service.slos] == ["a", "b/c", "others"]
    assert 'tenant!~"a|b/c"' in service.slos[2].total_query("5m")
    assert all(slo.has_ledger for slo in service.slos)
    assert any("3 objectives by tenant" in note for note in service.notes)


def test_groups_of_a_specification_are_in_its_settings(tmp_path: Path) -> None:
    """Of sums of counters: ratios and other functions have no events to divide."""
    spec = """version: prometheus/v1
service: shop
slos:
  - name: answers
    objective: 99
    sli: {events: {error_query: 'sum(rate(a_total{code="5"}[{{.window}}]))',
      total_query: 'sum(rate(a_total[{{.window}}]))'}}
"""
    settings = "slos: {answers: {kind: ratio, grouping: {label: tenant, values: [VALUES]}}}\n"
    service = _load(tmp_path, spec, settings.replace("VALUES", "a"))
    assert service.slos[0].total_query("5m") == 'sum(rate(a_total{tenant="a"}[5m]))'
    many = ", ".join(map(str, range(64)))
    with pytest.raises(SpecError, match="64 values, about 4875 series: at most 30"):
        _load(tmp_path, spec, settings.replace("VALUES", many))
    with pytest.raises(SpecError, match="have one name"):
        _load(tmp_path, spec, settings.replace("VALUES", "a/b, a=b"))
    with pytest.raises(SpecError, match="needs sums or differences of counters"):
        _load(tmp_path, spec.replace("sum(rate(a_total[", "max(rate(a_total["), settings)


def test_an_objective_has_no_more_series_than_is_said(tmp_path: Path) -> None:
    """The bound of a grouping is reckoned with it."""
    (slo,) = _load(tmp_path, _SHORT.replace("otel", "traefik")).slos
    groups = yaml.safe_load(rules([_load(tmp_path, _SHORT.replace("otel", "traefik"))]))["groups"]
    records = [rule for group in groups for rule in group["rules"] if "record" in rule]
    assert 50 < len(records) <= 75, (slo.name, len(records))


def test_generated_tests_pass_for_names_of_others(tmp_path: Path) -> None:
    """In the stack's own layout: promtool runs what was generated for Traefik's metrics."""
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    tree = Tree(tmp_path)
    tree.specs.mkdir(parents=True)
    tree.alertmanager.parent.mkdir()
    shutil.copy(Tree(ROOT).alertmanager, tree.alertmanager)
    (tree.specs / "shop.yml").write_text(
        "service: shop\nsource: traefik\nobjectives:\n  availability: 99.9\n"
        "  latency: {objective: 99, threshold: 300ms}\n"
    )
    services = load_all(tree.specs, load_configuration())
    assert detections(services[0].slos[0])
    write(generated(tree, services, load_configuration()))
    files = sorted(map(str, tree.tests.glob("slo-shop-latency-fast_test.yml")))
    assert len(files) == 1
    done = subprocess.run(
        ["promtool", "test", "rules", *files], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("routes", ["/(users|posts)(/.*)?", "/U.+"])
def test_what_is_tested_is_of_the_chosen_routes(routes: str, tmp_path: Path) -> None:
    """The series of a generated test move what the objective counts, whatever is chosen."""
    service = _load(tmp_path, _latency("burnrate", "250ms", f', routes: "{routes}"'))
    (slo,) = service.slos
    text = unit_tests(slo, detections(slo), "rules.yml")["healthy"]
    shown = {
        each["series"].partition('endpoint="')[2].partition('"')[0]
        for test in yaml.safe_load(text)["tests"]
        for each in test["input_series"]
        if "duration_seconds" in each["series"]
    }
    assert shown
    assert all(re.fullmatch(routes, each) for each in shown)


def test_a_job_that_nobody_has_named_pages_only_once_it_was_there(tmp_path: Path) -> None:
    """It may have another name here: a ticket says that nothing is measured, and no page."""
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    short = _SHORT.replace("otel", "burnrate")
    service = _load(tmp_path, short)
    assert service.is_job_assumed
    assert not _load(tmp_path, f"{short}job: shop\n").is_job_assumed
    (tmp_path / "rules.yml").write_text(rules([service]))

    def fires(series: list[dict[str, str]], names: str) -> dict[str, object]:
        expected = [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in names.split()]
        query = 'count by (alertname) (ALERTS{alertstate="firing"})'
        asked = {"expr": query, "eval_time": "20m", "exp_samples": expected}
        return {"interval": "15s", "input_series": series, "promql_expr_test": [asked]}

    was_there = {"series": 'up{job="shop", instance="a"}', "values": "1x20 stale"}
    named_otherwise = {"series": 'up{job="web/shop", instance="a"}', "values": "1x80"}
    test = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": "15s",
        "tests": [fires([was_there], "ServiceDown"), fires([named_otherwise], "SLIMissing")],
    }
    file = tmp_path / "assumed_test.yml"
    file.write_text(yaml.safe_dump(test))

    done = subprocess.run(
        ["promtool", "test", "rules", str(file)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
