"""Without PostgreSQL the service stays up, refuses politely, and recovers by itself."""

import asyncio
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest

from tests.servers.api import ApiServer, running_api
from tests.servers.postgres import PostgresServer, running_postgres
from tests.servers.processes import wait_until


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
        wait_until(lambda: _all_ready(api), seconds=10, what="readiness")
        assert client.get("/users").status_code == 200
        assert api.worker_pids() == pids


def test_restart_of_postgres_under_load_costs_503_only(
    backends: dict[str, str], mortal_postgres: PostgresServer
) -> None:
    """No 500, and good again within two seconds."""
    with _running(backends, mortal_postgres) as api, _load(api) as statuses:
        time.sleep(0.5)
        mortal_postgres.stop(signal.SIGQUIT)
        time.sleep(0.5)
        mortal_postgres.start()
        time.sleep(2)
        during = Counter(statuses)
        statuses.clear()
        time.sleep(0.5)
        after = Counter(statuses)
    assert set(during) == {200, 503}
    assert set(after) == {200}


def test_postgres_that_stopped_dead_holds_nobody_for_long(
    backends: dict[str, str], mortal_postgres: PostgresServer
) -> None:
    """Every answer within 7 s, and good within 5 s after."""
    with _running(backends, mortal_postgres) as api, api.client() as client:
        assert client.get("/users").status_code == 200
        pids = mortal_postgres.tree()
        for pid in pids:
            pid.suspend()
        try:
            seconds, statuses = asyncio.run(_ask_at_once(api, 30))
        finally:
            for pid in pids:
                pid.resume()
        assert statuses == {503}
        assert max(seconds) < 7
        wait_until(lambda: _all_ready(api), seconds=5, what="readiness")
        assert client.get("/users").status_code == 200


def test_exhausted_pool_refuses_after_its_time_out(
    backends: dict[str, str], mortal_postgres: PostgresServer
) -> None:
    """503 with Retry-After, and no longer than the acquire time-out."""
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
        seconds, refused = asyncio.run(_exhaust(api))
    assert {response.status_code for response in refused} == {503}
    assert {response.headers["Retry-After"] for response in refused} == {"1"}
    assert max(seconds) < 3  # the acquire time-out is 1 s; a busy machine adds to it


def _all_ready(api: ApiServer) -> bool:
    # A new connection each: every worker has to be asked.
    with api.client(headers={"Connection": "close"}) as client:
        return all(client.get("/health/ready").status_code == 200 for _ in range(12))


@contextmanager
def _load(api: ApiServer) -> Iterator[list[int]]:
    statuses: list[int] = []
    stop = threading.Event()

    def ask() -> None:
        with api.client() as client:
            while not stop.is_set():
                statuses.append(client.get("/users").status_code)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield statuses
    finally:
        stop.set()
        for thread in threads:
            thread.join()


async def _timed(client: httpx2.AsyncClient, path: str) -> tuple[float, httpx2.Response]:
    started = time.perf_counter()
    response = await client.get(path)
    return time.perf_counter() - started, response


async def _ask_at_once(api: ApiServer, count: int) -> tuple[list[float], set[int]]:
    async with httpx2.AsyncClient(base_url=api.base_url, timeout=30) as client:
        results = await asyncio.gather(*(_timed(client, "/users") for _ in range(count)))
    return [seconds for seconds, _ in results], {r.status_code for _, r in results}


async def _exhaust(api: ApiServer) -> tuple[list[float], list[httpx2.Response]]:
    async with httpx2.AsyncClient(base_url=api.base_url, timeout=30) as client:
        hold = {"pool": "postgres", "connections": 4, "seconds": 3}
        holding = asyncio.create_task(client.post("/faults/hold", json=hold))
        await asyncio.sleep(0.3)
        results = await asyncio.gather(*(_timed(client, "/users") for _ in range(20)))
        assert (await holding).status_code == 200
    return [seconds for seconds, _ in results], [response for _, response in results]
