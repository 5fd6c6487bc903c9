"""A Prometheus whose targets have the labels of prometheus-operator, of two environments.

A ServiceMonitor sets job, instance, namespace, service, pod, container and endpoint. The last one
is also ours, which becomes exported_endpoint, until the monitor copies it back.
"""

import shutil
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx2
import pytest
import yaml
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from burnrate.configuration import load_configuration
from burnrate.slo.generator import rules, with_identity
from burnrate.slo.live import looked_up
from burnrate.slo.specification import Service, load_files
from tests.servers.processes import HOST, ROOT
from tests.slo.rule_server import rule_server
from tests.support.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.integration

_IDENTITY = ("namespace", "service")
_BACK = [{"source_labels": ["exported_endpoint"], "regex": "(.+)", "target_label": "endpoint"}]
# Services by their namespaces; each is a job of its own.
_SERVICES = (
    ("staging", "plain"),
    ("staging", "copied"),
    ("production", "copied"),
    ("staging", "renamed"),
)


def _exposition() -> bytes:
    """What `burnrate.telemetry` writes of a service, in its names and labels."""
    registry = CollectorRegistry()
    requests = Counter(
        "http_requests_total", "-", ["method", "endpoint", "status"], registry=registry
    )
    seconds = Histogram(
        "http_request_duration_seconds",
        "-",
        ["method", "endpoint", "status_class"],
        buckets=(0.1, 0.25, 1),
        registry=registry,
    )
    for endpoint, count in (("/carts", 40), ("/health/ready", 300), ("/metrics", 500)):
        requests.labels("GET", endpoint, "200").inc(count)
        requests.labels("GET", endpoint, "500").inc(2)
        for _ in range(count):
            seconds.labels("GET", endpoint, "2xx").observe(0.01)
    return generate_latest(registry)


@contextmanager
def _exposed() -> Iterator[str]:
    body = _exposition()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((HOST, 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"{HOST}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _services(folder: Path) -> list[Service]:
    (folder / "burnrate.yml").write_text("identity: [namespace, service]\n")
    specifications = folder / "slo"
    specifications.mkdir()
    for namespace, name in _SERVICES:
        file = specifications / f"{namespace}-{name}.yml"
        file.write_text(
            f"service: {name}\nsource: burnrate\njob: {name}\nwhere: {{namespace: {namespace}}}\n"
            "objectives: {availability: 99.9, latency: {objective: 99, threshold: 250ms}}\n"
        )
        settings = f"version: burnrate/v1\nidentity: {{namespace: {namespace}}}\n"
        file.with_suffix(".settings.yml").write_text(settings)
    return load_files([specifications], load_configuration(folder))


def _job(name: str, target: str) -> dict[str, Any]:
    groups = []
    for namespace, _ in filter(lambda each: each[1] == name, _SERVICES):
        labels = {"namespace": namespace}
        if name != "plain":
            pod = {"pod": f"{name}-0", "container": "web", "instance": f"10.0.0.1:{namespace}"}
            labels |= {"service": "metrics-of-all", "endpoint": "http", **pod}
        groups.append({"targets": [target], "labels": labels})
    job = {"job_name": name, "scrape_interval": "1s", "static_configs": groups}
    return job | ({"metric_relabel_configs": _BACK} if name == "copied" else {})


def _groups(services: list[Service]) -> list[dict[str, Any]]:
    texts = [rules(services)]
    for name in ("causes", "stack", "inbox"):
        text = (ROOT / f"prometheus/rules/{name}.yml").read_text()
        texts.append(with_identity(text, _IDENTITY))
    return [group for text in texts for group in yaml.safe_load(text)["groups"]]


class _Server:
    """That Prometheus."""

    def __init__(self, folder: Path, target: str) -> None:
        self.services = _services(folder)
        groups = _groups(self.services)
        records = [rule.get("record") for group in groups for rule in group["rules"]]
        self.counters = records.count("slo:instance_events:total")
        jobs = [_job(name, target) for name in ("plain", "copied", "renamed")]
        self.process, self.url = rule_server(folder, groups, jobs)

    def ask(self, path: str, **asked: str) -> Any:  # noqa: ANN401 - JSON
        answer = httpx2.get(f"{self.url}/api/v1/{path}", params=asked, timeout=PATIENCE_SECONDS)
        return answer.json()["data"] if answer.is_success else {"result": [], "groups": []}

    def all_events(self) -> dict[tuple[str, str], dict[str, list[float]]] | None:
        """Return what each SLO's counters say, by service, once each has said something."""
        found: dict[tuple[str, str], dict[str, list[float]]] = defaultdict(dict)
        for each in self.ask("query", query="sort(slo:instance_events:total)")["result"]:
            labels = each["metric"]
            slos = found[labels["namespace"], labels["service"]]
            slos.setdefault(labels["slo"], []).append(float(each["value"][1]))
        count = sum(len(values) for slos in found.values() for values in slos.values())
        return found if count == self.counters else None


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Server]:
    """It, running."""
    if shutil.which("prometheus") is None:
        pytest.skip("prometheus is not installed (Debian: prometheus)")
    with _exposed() as target:
        made = _Server(tmp_path_factory.mktemp("operator"), target)
        with made.process.running():
            yield made


def test_an_operators_labels_change_nothing_once_ours_is_copied_back(server: _Server) -> None:
    """Each SLO counts what it counts without them; without the copy the check names it."""
    events = wait_until(server.all_events, "the events of all")
    assert events is not None
    # By the SLO's own name of its service: none is `metrics-of-all`.
    assert events.keys() == {*_SERVICES}
    plain = events["staging", "plain"]
    assert events["staging", "copied"] == events["production", "copied"] == plain
    # Health checks and scrapes are counted as well.
    assert events["staging", "renamed"]["availability"] != plain["availability"]

    found = {(each.service, each.kind) for each in looked_up(server.url, server.services)}
    renamed = {service for service, kind in found if kind == "renamed-label"}
    assert renamed == {"staging renamed"}


def test_rules_of_two_environments_are_evaluated_beside_each_other(server: _Server) -> None:
    """None gives two series with the same labels, and each environment has its own."""

    def states() -> list[tuple[str, str]]:
        groups = server.ask("rules")["groups"]
        return [(rule["name"], rule["health"]) for group in groups for rule in group["rules"]]

    wait_until(lambda: states() and all(state != "unknown" for _, state in states()), "each rule")
    assert [name for name, state in states() if state != "ok"] == []
    query = 'count by (namespace) (slo:objective:ratio{service="copied"})'
    counts = {
        each["metric"]["namespace"]: each["value"][1]
        for each in server.ask("query", query=query)["result"]
    }
    assert counts == {"staging": "2", "production": "2"}
