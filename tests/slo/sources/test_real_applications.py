"""Applications with others' packages, scraped by a real Prometheus: the client's own count.

The packages come on demand, pinned, into a folder of their own; the applications are real servers.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

import httpx2
import pytest
import yaml

from bench.telemetry import peers
from burnrate.configuration import load_configuration
from burnrate.slo.generator import rules
from burnrate.slo.specification import load_files
from burnrate.stack import free_port
from tests.servers.processes import HOST, ROOT, ServerProcess
from tests.slo.rule_server import rule_server
from tests.support.waiting import PATIENCE_SECONDS, wait_until

_HERE = Path(__file__).parent
_FAILED, _SLOW, _GOOD, _REFUSED, _HEALTHY, _UNMATCHED = 3, 2, 5, 4, 6, 7
_OTHERS = ("otel", "otel-legacy", "instrumentator", "starlette_exporter")
_PATHS = {
    "/carts/1": _GOOD,
    "/slow": _SLOW,
    "/unavailable": _FAILED - 1,
    "/broken": 1,
    "/refused": _REFUSED,
    "/health": _HEALTHY,
    "/nowhere": _UNMATCHED,
}


def _expected(source: str) -> dict[str, tuple[int, int]]:
    """Return all events and bad ones, by objective."""
    answered = _GOOD + _SLOW
    if source != "instrumentator":
        return {"availability": (answered + _FAILED, _FAILED), "latency": (answered, _SLOW)}
    # The class of a status hides a 429, and its histogram has no status: it tells the time alone.
    every = answered + _FAILED + _REFUSED
    return {"availability": (every, _FAILED), "latency": (every, _SLOW)}


class _Prometheus:
    """A server that evaluates the rules each second."""

    def __init__(self, folder: Path, targets: dict[str, int], text: str) -> None:
        jobs = [
            {
                "job_name": name,
                "metrics_path": "/metrics/" if name.startswith("otel") else "/metrics",
                "scrape_interval": "2s",
                "static_configs": [{"targets": [f"{HOST}:{port}"]}],
            }
            for name, port in targets.items()
        ]
        self.process, self.url = rule_server(folder, yaml.safe_load(text)["groups"], jobs)

    def holds(self, query: str, wanted: dict[tuple[str, str], int]) -> bool:
        """Return whether a query gives these values; they are printed for a test that fails."""
        found = self.values(query)
        sys.stdout.write(f"{query}: {found}\n")
        return found == wanted

    def values(self, query: str) -> dict[tuple[str, str], float]:
        """Return a query's values by service and SLO."""
        answer = httpx2.get(
            f"{self.url}/api/v1/query", params={"query": query}, timeout=PATIENCE_SECONDS
        )
        result = answer.json()["data"]["result"] if answer.status_code == 200 else []
        return {
            (each["metric"].get("service", ""), each["metric"].get("slo", "")): float(
                each["value"][1]
            )
            for each in result
        }


@pytest.fixture(scope="module")
def installed() -> Path:
    """The folder of the packages."""
    if shutil.which("prometheus") is None:
        pytest.skip("prometheus is not installed (Debian: prometheus)")
    try:
        return peers.provide(ROOT / ".burnrate/sources", _HERE / "peers.txt")
    except peers.PeersUnavailable as error:
        pytest.skip(f"the packages cannot be installed: {error}")


@pytest.fixture
def ports(installed: Path, tmp_path: Path) -> Iterator[dict[str, int]]:
    """The ports of the running applications, by source."""
    found = {source: free_port() for source in _OTHERS}
    with ExitStack() as stack:
        for source, port in found.items():
            environment = {
                **os.environ,
                "PYTHONPATH": f"{ROOT}:{installed}",
                "OTEL_SEMCONV_STABILITY_OPT_IN": "http" if source == "otel" else "",
            }
            command = [sys.executable, str(_HERE / "application.py"), source, str(port)]
            server = ServerProcess(command, tmp_path / f"{source}.log", env=environment, port=port)
            stack.enter_context(server.running())
        yield found


def _ask(port: int) -> None:
    """Ask each path on connections of their own: a failure may close one."""
    for path, count in _PATHS.items():
        for _ in range(count):
            with suppress(httpx2.TransportError):
                httpx2.get(f"http://{HOST}:{port}{path}", timeout=60)


@pytest.mark.integration
def test_ledgers_hold_what_the_client_asked(ports: dict[str, int], tmp_path: Path) -> None:
    """Failures, slow answers, and neither refusals nor what no user asks for."""
    (tmp_path / "slos").mkdir()
    for source in _OTHERS:
        # 500 ms: instrumentator's histogram with routes has that bound. Slow are 600 ms.
        (tmp_path / f"slos/{source}.yml").write_text(
            f"service: {source}\nsource: {source}\nobjectives:\n  availability: 99.9\n"
            "  latency: {objective: 99, threshold: 500ms}\n"
        )
    text = rules(load_files([tmp_path / "slos"], load_configuration()))
    prometheus = _Prometheus(tmp_path, ports, text)
    with prometheus.process.running():
        wait_until(lambda: prometheus.holds("count(up == 1)", {("", ""): len(ports)}), "targets")
        ready = {("", ""): 2 * len(ports)}
        wait_until(lambda: prometheus.holds("count(slo:ledger:ready)", ready), "rules")
        for port in ports.values():
            _ask(port)
        for at, kind in enumerate(("total", "bad")):
            wanted = {
                (source, objective): counts[at]
                for source in ports
                for objective, counts in _expected(source).items()
            }
            query = f"sum by (service, slo) (slo:{kind}_events:total)"
            holds = partial(prometheus.holds, query, wanted)
            wait_until(holds, f"{kind}: {wanted}")
