"""prometheus/: configuration, rules and their unit tests, read by the Prometheus on the PATH.

Another one, such as 3.x: `PATH=/folder/with/promtool/and/prometheus:$PATH pytest tests/rules`.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

_ROOT = Path(__file__).parents[2]
_PROMETHEUS = _ROOT / "prometheus"
_RULE_FILES = sorted(_PROMETHEUS.glob("rules/*.yml"))
_TEST_FILES = sorted(_PROMETHEUS.glob("tests/*.yml"))
Done = subprocess.CompletedProcess[str]


def _named(paths: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", paths, ids=[path.name for path in paths])


def _alerts() -> list[dict[str, Any]]:
    return [
        rule
        for path in _RULE_FILES
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]


def _promtool(*arguments: str | Path) -> Done:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    return subprocess.run(
        ["promtool", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        # Many small runs: memory is cheaper than collecting it, by an eighth of the time.
        env={**os.environ, "GOGC": "400"},
    )


def test_configuration_is_valid() -> None:
    """Prometheus takes the file as it stands, with the rule files it names."""
    done = _promtool("check", "config", _PROMETHEUS / "prometheus.yml")

    assert done.returncode == 0, done.stdout
    assert f"{len(_RULE_FILES)} rule files found" in done.stdout


@_named(_RULE_FILES)
def test_no_rule_takes_a_rate(path: Path) -> None:
    """VictoriaMetrics' differs for a series that appears or ends: `increase(x[w]) / seconds`."""
    taken = [line for line in path.read_text().splitlines() if re.search(r"\bi?rate *\(", line)]

    assert not taken


@_named(_RULE_FILES)
def test_rules_are_valid(path: Path) -> None:
    """No rule is malformed and none is there twice."""
    done = _promtool("check", "rules", "--lint=all", "--lint-fatal", path)

    assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest) -> Iterator[dict[Path, Future[Done]]]:
    """The runs of all chosen test files, a processor's worth at a time; promtool uses one."""
    # A worker of xdist knows all files and runs a part of them, one after the other.
    is_alone = "PYTEST_XDIST_WORKER" not in os.environ
    chosen = [
        Path(str(item.callspec.params["path"]))
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.function is test_rules_behave
    ]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield {path: pool.submit(_promtool, "test", "rules", path) for path in chosen if is_alone}


@_named(_TEST_FILES)
def test_rules_behave(path: Path, runs: dict[Path, Future[Done]]) -> None:
    """The rules fire, stay silent and resolve as their unit tests say."""
    done = runs[path].result() if path in runs else _promtool("test", "rules", path)

    assert done.returncode == 0, done.stdout


def test_a_rule_that_is_wrong_fails_its_test(tmp_path: Path) -> None:
    """The unit tests can fail: ten times the patience and they do."""
    for folder in ("rules", "tests"):
        shutil.copytree(_PROMETHEUS / folder, tmp_path / folder)
    rules = tmp_path / "rules/slo-api.yml"
    text = rules.read_text(encoding="utf-8")
    assert "for: 1m" in text
    rules.write_text(text.replace("for: 1m", "for: 10m"), encoding="utf-8")

    done = _promtool("test", "rules", tmp_path / "tests/service_down_test.yml")

    assert done.returncode == 1
    assert "FAILED" in done.stdout


@pytest.mark.parametrize("alert", _alerts(), ids=lambda alert: str(alert["alert"]))
def test_alert_says_what_a_person_needs(alert: dict[str, Any]) -> None:
    """Who is woken, what happened, and where to read and look on."""
    severity = alert["labels"]["severity"]

    assert severity in ({"none"} if alert["alert"] == "Watchdog" else {"page", "ticket"})
    told = {"summary", "description", "runbook_url", "dashboard_url"}
    assert set(alert["annotations"]) - {"trace_url"} == told
    assert alert["annotations"]["runbook_url"].endswith(f":8090/runbooks/{alert['alert']}")
    place = alert["annotations"]["dashboard_url"].partition("/d/burnrate-")[2]
    # The machine and the stack have one page each.
    assert place in {"host", "postgres", "stack"} or "?var-service=" in place


def test_every_part_is_scraped_on_a_network_of_prometheus() -> None:
    """Each job measures one part, at an address that Prometheus can reach; one is for services."""
    compose = yaml.safe_load((_ROOT / "docker-compose.yml").read_text())["services"]
    jobs = yaml.safe_load((_PROMETHEUS / "prometheus.yml").read_text())["scrape_configs"]
    (services,) = [job for job in jobs if "static_configs" not in job]
    assert services["file_sd_configs"] == [{"files": ["targets/*.yml"]}]
    jobs.remove(services)
    names = [job["job_name"] for job in jobs]

    assert names == [
        "api", "inbox", "prometheus", "alertmanager", "grafana", "loki", "tempo", "alloy",
        "postgres", "redis", "nginx", "front-door", "node",
    ]  # fmt: skip
    for job in jobs:
        (group,) = job["static_configs"]
        measured = "nginx" if job["job_name"] == "front-door" else job["job_name"]
        assert group["labels"] == {"service": measured}
        (target,) = group["targets"]
        networks = set(compose[target.partition(":")[0]]["networks"])
        assert networks.intersection(compose["prometheus"]["networks"])
