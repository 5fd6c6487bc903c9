"""An exhausted pool is told by the shipped rules, on a real Prometheus that scrapes the service."""

import asyncio
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from burnrate.stack import free_port
from tests.servers.api import ApiServer, running_api
from tests.servers.postgres import running_postgres
from tests.servers.processes import HOST, ROOT, ServerProcess
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.integration]

# Scrapes and evaluations come each second, so that a run is short; SHIPPED_INTERVALS=1 leaves
# them as they are (5 s, 15 s and 120 s).
IS_HURRIED = not os.environ.get("SHIPPED_INTERVALS")


class Prometheus(ServerProcess):
    """The shipped configuration and rules, and of the targets the service alone."""

    def __init__(self, folder: Path, api: ApiServer) -> None:
        self.port = free_port()
        shutil.copytree(ROOT / "prometheus", folder / "prometheus")
        path = folder / "prometheus/prometheus.yml"
        content = yaml.safe_load(path.read_text().replace("api:8000", f"{HOST}:{api.port}"))
        del content["alerting"]
        content["scrape_configs"] = [
            job for job in content["scrape_configs"] if job["job_name"] == "api"
        ]
        if IS_HURRIED:
            _hurry(content, folder / "prometheus/rules")
        path.write_text(yaml.safe_dump(content))
        super().__init__(
            [
                "prometheus",
                f"--config.file={path}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={HOST}:{self.port}",
            ],
            folder / "prometheus.log",
            port=self.port,
        )

    def query(self, promql: str) -> list[dict[str, Any]]:
        """Return what a query finds now."""
        url = f"http://{HOST}:{self.port}/api/v1/query"
        answer = httpx2.get(url, params={"query": promql}).json()
        result: list[dict[str, Any]] = answer["data"]["result"]
        return result


def _hurry(content: dict[str, Any], rules: Path) -> None:
    content["global"]["evaluation_interval"] = "1s"
    for job in content["scrape_configs"]:
        job["scrape_interval"] = job["scrape_timeout"] = "1s"
    for path in rules.glob("*.yml"):
        groups = yaml.safe_load(path.read_text())
        for group in groups["groups"]:
            group["interval"] = "1s"
        path.write_text(yaml.safe_dump(groups))


@pytest.fixture
def api() -> Iterator[ApiServer]:
    """Run the service with a pool of four."""
    with running_postgres() as postgres:
        asyncio.run(postgres.create_database("burnrate"))
        settings = {
            "DATABASE_HOST": postgres.host,
            "DATABASE_PORT": str(postgres.port),
            "DATABASE_POOL_MIN": "1",
            "DATABASE_POOL_MAX": "4",
            "WEB_CONCURRENCY": "1",
            "FAULTS_ENABLED": "true",
        }
        with running_api(**settings) as server:
            yield server


@pytest.fixture
def prometheus(api: ApiServer, tmp_path: Path) -> Iterator[Prometheus]:
    with Prometheus(tmp_path, api).running() as server:
        yield server


def test_exhausted_pool_is_told(api: ApiServer, prometheus: Prometheus) -> None:
    """Twenty hold what there are four of: the pool's burn alert fires and names it."""
    firing = 'ALERTS{alertstate="firing",pool="postgres"}'
    with api.client() as client:
        for _ in range(50):
            assert client.get("/users").status_code == 200
    wait_until(lambda: bool(prometheus.query("up")), "a scrape")
    assert prometheus.query(firing) == []
    with _exhausted(api):
        fast = firing.replace("}", ',alertname="PoolBudgetBurnFast",severity="ticket"}')
        wait_until(lambda: bool(prometheus.query(fast)), "the alert")
        # Tickets are evaluated each 120 s, if not hurried, and from the third time on Prometheus
        # records which fire. Where their windows hold a day without errors, they come later still.
        ticket = firing.replace("}", ',severity="ticket"}')
        wait_until(lambda: bool(prometheus.query(ticket)), "a ticket", seconds=360)


@contextmanager
def _exhausted(api: ApiServer) -> Iterator[None]:
    stop = threading.Event()

    def hold() -> None:
        with api.client() as client:
            while not stop.is_set():
                client.post("/faults/hold", json={"connections": 1, "seconds": 1.5})

    threads = [threading.Thread(target=hold) for _ in range(20)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
