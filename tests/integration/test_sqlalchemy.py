"""The shipped objective for pools holds for a SQLAlchemy application that adds one line."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
import yaml

from burnrate.stack import free_port
from tests.integration.test_exemplars import prometheus
from tests.servers.postgres import SUPERUSER, running_postgres
from tests.servers.processes import HOST, ROOT, ServerProcess
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration


@contextmanager
def running_service(folder: Path) -> Iterator[str]:
    """Run it over a PostgreSQL of its own; give its address."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "tests.integration.stored:app", f"--port={port}"]
    with running_postgres() as postgres:
        dsn = f"postgresql+asyncpg://{SUPERUSER}@{postgres.host}:{postgres.port}/postgres"
        process = ServerProcess(
            command,
            folder / "service.log",
            env={**os.environ, "STORED_DSN": dsn},
            cwd=ROOT,
            port=port,
        )
        with process.running():
            yield f"{HOST}:{port}"


def pool_objective() -> tuple[str, str]:
    """Return the queries for bad and all events of the shipped objective for PostgreSQL's pool."""
    slos = yaml.safe_load((ROOT / "prometheus/slo/api.yml").read_text())["slos"]
    (events,) = [slo["sli"]["events"] for slo in slos if slo["name"] == "pool-postgres"]
    bad, total = (
        events[name].replace('job="api"', 'job="shop"').replace("{{.window}}", "5m")
        for name in ("error_query", "total_query")
    )
    return bad, total


def ask(url: str, query: str) -> float | None:
    answer = httpx2.get(f"{url}/api/v1/query", params={"query": query}).json()
    result = answer["data"]["result"]
    return float(result[0]["value"][1]) if result else None


def call(service: str, seconds: float) -> None:
    httpx2.get(f"http://{service}/orders/1", params={"seconds": seconds}, timeout=60)


def test_a_saturated_engine_burns_the_budget_of_its_pool(tmp_path: Path) -> None:
    """Nothing is bad while connections are free; then eight ask for two of them."""
    bad, total = pool_objective()
    with running_service(tmp_path) as service, prometheus(tmp_path, service) as url:
        wait_until(lambda: ask(url, 'pool_max_connections{pool="postgres"}') == 2, "a scrape")
        served = 'pool_acquire_total{pool="postgres",outcome="ok"}'
        call(service, 0)  # opens a connection, which may take more than 50 ms
        before = ask(url, bad)
        threads = [threading.Thread(target=call, args=(service, 0.3)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wait_until(lambda: (ask(url, served) or 0) >= 3, "a scrape after them")
        wait_until(lambda: (ask(url, bad) or 0) > (before or 0), "bad events")
        assert 0 < (ask(url, f"({bad}) / ({total})") or 0) <= 1
