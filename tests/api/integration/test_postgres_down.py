"""Without PostgreSQL the service stays up, refuses politely, and recovers by itself."""

import asyncio
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import httpx2
import pytest

from tests.servers.api import ApiServer, running_api
from tests.servers.postgres import PostgresServer, running_postgres
from tests.support.waiting import wait_until

# By default short enough for every run; FAULT_SECONDS=30 and 60 are the full measurements.
STOPPED_SECONDS = float(os.environ.get("FAULT_SECONDS", "6"))
WATCHED_SECONDS = float(os.environ.get("FAULT_SECONDS", "2"))


@pytest.fixture
def mortal_postgres() -> Iterator[PostgresServer]:
    """Run a PostgreSQL that the test may stop."""
    with running_postgres() as server:
        asyncio.run(server.create_database("burnrate"))
        yield server


@contextmanager
def _running(backends: dict[str, str], postgres: PostgresServer) -> Iterator[ApiServer]:
    settings = {
        **backends,
        "DATABASE_PORT": str(postgres.port),
        "DATABASE_NAME": "burnrate",
        # Every answer shall come from the database.
        "CACHE_TTL_SECONDS": "1",
    }
    with running_api(**settings) as server:
        yield server


def test_start_without_postgres_is_alive_not_ready_and_then_ready(
    backends: dict[str, str], mortal_postgres: PostgresServer
) -> None:
    """Master and workers stay, and the schema is there as soon as the server is."""
    mortal_postgres.stop()
    with _running(backends, mortal_postgres) as api, api.client() as client:
        pids = api.worker_pids()
        assert client.get("/health/live").status_code == 200
        assert client.get("/health/ready").status_code == 503
        refused = client.get("/users")
        assert refused.status_code == 503
        assert refused.headers["Retry-After"] == "1"
        assert refused.json()["error"] == "postgres is unavailable"
        mortal_postgres.start()
        wait_until(lambda: _all_ready(api), "readiness")
        assert client.get("/users").status_code == 200
        assert api.worker_pids() == pids


def test_restart_of_postgres_under_load_costs_503_only(
    backends: dict[str, str], mortal_postgres: PostgresServer
) -> None:
    """No 500, and good again within two seconds; writes like reads."""
    with _running(backends, mortal_postgres) as api, _load(api) as answers:
        wait_until(lambda: len(answers) > 50, "the load")
        mortal_postgres.stop(signal.SIGQUIT)
        wait_until(lambda: any(status == 503 for _, status in answers), "the outage")
        mortal_postgres.start()
        time.sleep(2)
        during = list(answers)
        answers.clear()
        wait_until(lambda: len(answers) > 100, "the load")
        after = list(answers)
    assert {status for _, status in during} == {200, 201, 503}
    assert {status for _, status in after} == {200, 201}


def test_postgres_that_stopped_dead_holds_nobody_for_long(
    backends: dict[str, str], mortal_postgres: PostgresServer
) -> None:
    """Every answer within 7 s, all along, and good within 5 s after."""
    with _running(backends, mortal_postgres) as api:
        with _load(api) as answers:
            wait_until(lambda: len(answers) > 50, "the load")
            pids = mortal_postgres.tree()
            for pid in pids:
                pid.suspend()
            try:
                time.sleep(STOPPED_SECONDS)
            finally:
                for pid in pids:
                    pid.resume()
            wait_until(lambda: _all_ready(api), "readiness")
        with api.client() as client:
            assert client.get("/users").status_code == 200
    assert {status for _, status in answers} == {200, 201, 503}
    assert max(seconds for seconds, _ in answers) < 7


def test_worker_killed_while_postgres_is_down_takes_nobody_along(
    backends: dict[str, str], mortal_postgres: PostgresServer
) -> None:
    """The others serve, one takes its place, and the master stays."""
    mortal_postgres.stop()
    with _running(backends, mortal_postgres) as api:
        before = set(api.worker_pids())
        victim = before.pop()
        os.kill(victim, signal.SIGKILL)
        wait_until(
            lambda: victim not in api.worker_pids() and len(api.worker_pids()) == 4, "a new worker"
        )
        until = time.monotonic() + WATCHED_SECONDS
        while time.monotonic() < until:
            with api.client(headers={"Connection": "close"}) as client:
                assert client.get("/health/live").status_code == 200
                assert client.get("/users").status_code == 503
            time.sleep(0.05)
        assert api.is_running()
        assert before < set(api.worker_pids())
        mortal_postgres.start()
        wait_until(lambda: _all_ready(api), "readiness")


def test_exhausted_pool_refuses_after_its_time_out(
    backends: dict[str, str], mortal_postgres: PostgresServer
) -> None:
    """Twenty want to hold one of four: sixteen get 503 with Retry-After after 1 s."""
    settings = {
        **backends,
        "DATABASE_PORT": str(mortal_postgres.port),
        "DATABASE_NAME": "burnrate",
        "DATABASE_POOL_MIN": "1",
        "DATABASE_POOL_MAX": "4",
        "WEB_CONCURRENCY": "1",
        "FAULTS_ENABLED": "true",
    }
    with running_api(**settings) as api:
        answers = asyncio.run(_hold(api, 20))
        seconds = [
            float(line["process_time"])
            for line in api.log_lines()
            if line.get("status_code") == 503
        ]
    assert Counter(answer.status_code for answer in answers) == {200: 4, 503: 16}
    refused = [answer for answer in answers if answer.status_code == 503]
    assert {answer.headers["Retry-After"] for answer in refused} == {"1"}
    # 1.1 s on a machine with nothing else to do; this one runs other tests.
    assert len(seconds) == 16
    assert max(seconds) < 1.5


def _all_ready(api: ApiServer) -> bool:
    # A new connection each: every worker has to be asked.
    with api.client(headers={"Connection": "close"}) as client:
        return all(client.get("/health/ready").status_code == 200 for _ in range(12))


@contextmanager
def _load(api: ApiServer) -> Iterator[list[tuple[float, int]]]:
    """Read and write all the time; yields how long each answer took and its status."""
    answers: list[tuple[float, int]] = []
    stop = threading.Event()

    def ask() -> None:
        with api.client() as client:
            while not stop.is_set():
                name = uuid4().hex
                user = {"name": name, "email": f"{name}@example.org"}
                for method, body in (("GET", None), ("POST", user)):
                    started = time.perf_counter()
                    answer = client.request(method, "/users", json=body)
                    answers.append((time.perf_counter() - started, answer.status_code))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        stop.set()
        for thread in threads:
            thread.join()


async def _hold(api: ApiServer, count: int) -> list[httpx2.Response]:
    async with httpx2.AsyncClient(base_url=api.base_url, timeout=30) as client:
        hold = {"pool": "postgres", "connections": 1, "seconds": 2}
        return await asyncio.gather(*(client.post("/faults/hold", json=hold) for _ in range(count)))
