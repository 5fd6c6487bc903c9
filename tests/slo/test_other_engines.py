"""Rules for VictoriaMetrics, read by vmalert, and counted by it beside a client's own count."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest
import yaml

from burnrate.configuration import load_configuration
from burnrate.slo.generator import Tree, generated, write
from burnrate.slo.specification import load_all
from burnrate.stack import free_port
from tests.servers.processes import HOST, ROOT, ServerProcess
from tests.slo.replicas import Counters, exposed
from tests.support.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.integration

_GOOD, _BAD = 1_905, 100
_PART = 0.02


def _require(*programs: str) -> None:
    missing = [each for each in programs if shutil.which(each) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} is not installed (Debian: victoria-metrics)")


@pytest.fixture
def rules(tmp_path: Path) -> list[Path]:
    """The shipped SLOs' rules for an engine that does not read back at once."""
    tree = Tree(tmp_path / "checkout")
    shutil.copytree(ROOT / "prometheus/slo", tree.specs)
    tree.alertmanager.parent.mkdir()
    shutil.copy(Tree(ROOT).alertmanager, tree.alertmanager)
    (tree.root / "burnrate.yml").write_text("engine: victoriametrics\n")
    configuration = load_configuration(tree.root)
    write(generated(tree, load_all(tree.specs, configuration), configuration))
    return sorted(tree.rules.glob("*.yml"))


def test_vmalert_takes_the_rules(rules: list[Path]) -> None:
    """Queries, templates and annotations of all of them."""
    _require("vmalert")
    assert len(rules) > 5

    done = subprocess.run(
        ["vmalert", "-dryRun", *(f"-rule={path}" for path in rules)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


class _Victoria:
    """A VictoriaMetrics that scrapes, and a vmalert that evaluates."""

    def __init__(self, folder: Path, rules: Path, target: int) -> None:
        self._port, own = free_port(), free_port()
        self.url = f"http://{HOST}:{self._port}"
        groups = yaml.safe_load(rules.read_text())["groups"]
        for group in groups:
            group["interval"] = "1s"
        (folder / "rules.yml").write_text(json.dumps({"groups": groups}))
        scrape = {
            "job_name": "front-door",
            "scrape_interval": "1s",
            "static_configs": [{"targets": [f"{HOST}:{target}"]}],
        }
        (folder / "scrape.yml").write_text(json.dumps({"scrape_configs": [scrape]}))
        self.processes = (
            ServerProcess(
                [
                    "victoria-metrics",
                    f"-storageDataPath={folder / 'data'}",
                    f"-httpListenAddr={HOST}:{self._port}",
                    f"-promscrape.config={folder / 'scrape.yml'}",
                    # By default rules see nothing of the last half minute.
                    "-search.latencyOffset=1s",
                ],
                folder / "victoria.log",
                port=self._port,
            ),
            ServerProcess(
                [
                    "vmalert",
                    f"-rule={folder / 'rules.yml'}",
                    f"-datasource.url={self.url}",
                    f"-remoteWrite.url={self.url}",
                    "-remoteWrite.flushInterval=1s",
                    # Debian 12's wants one; nobody answers there.
                    f"-notifier.url=http://{HOST}:{free_port()}",
                    f"-httpListenAddr={HOST}:{own}",
                ],
                folder / "vmalert.log",
                port=own,
            ),
        )

    def value(self, query: str) -> float | None:
        """Return a query's value; None where there is none."""
        answer = httpx2.get(
            f"{self.url}/api/v1/query", params={"query": query}, timeout=PATIENCE_SECONDS
        )
        result = answer.json()["data"]["result"] if answer.status_code == 200 else []
        return float(result[0]["value"][1]) if result else None


@pytest.fixture
def counters() -> Counters:
    """What the front door has counted."""
    return Counters(good=1, bad=1)


@pytest.fixture
def victoria(tmp_path: Path, rules: list[Path], counters: Counters) -> Iterator[_Victoria]:
    """Both, running."""
    _require("victoria-metrics", "vmalert")
    (availability,) = (path for path in rules if path.name == "slo-api-availability.yml")
    with ExitStack() as stack:
        found = _Victoria(tmp_path, availability, stack.enter_context(exposed(counters)))
        for process in found.processes:
            stack.enter_context(process.running())
        yield found


def test_vmalert_counts_what_the_client_counted(victoria: _Victoria, counters: Counters) -> None:
    """All events and the bad ones, to within two in a hundred, in the windows of the rules."""
    seen = "count(front_door_requests_total)"
    wait_until(lambda: victoria.value(seen) == 2, "the counters' first scrape")
    for _ in range(5):
        counters.serve(good=_GOOD // 5, bad=_BAD // 5)

    for kind, served in (("total", _GOOD + _BAD), ("bad", _BAD)):
        query = f"sum(slo:{kind}_events:rate5m) * 300"

        def is_counted(query: str = query, served: int = served) -> bool:
            found = victoria.value(query)
            return found is not None and abs(found - served) <= _PART * served

        wait_until(is_counted, f"{served} {kind} events")
