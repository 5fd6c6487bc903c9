"""Without PostgreSQL the service stays up, refuses politely, and recovers by itself."""

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import httpx2
import pytest

from tests.servers.api import ApiServer, running_api
from tests.servers.postgres import PostgresServer, running_postgres
from tests.support.waiting import PATIENCE_SECONDS, wait_until

_CLIENTS = 4
# What a client is answered: a status each, in order.
Answers = list[list[int]]


@pytest.fixture
def mortal_postgres() -> Iterator[PostgresServer]:
    """Run a PostgreSQL that the test may stop."""
    with running_postgres() as server:
        asyncio.run(server.create_database("burnrate"))
        yield server


@contextmanager
def _running(addresses: dict[str, str], postgres: PostgresServer) -> Iterator[ApiServer]:
    settings = {
        **addresses,
        "DATABASE_PORT": str(postgres.port),
        "DATABASE_NAME": "burnrate",
        # Every answer shall come from the database.
        "CACHE_TTL_SECONDS": "0",
    }
    with running_api(**settings) as server:
        yield server


def test_start_without_postgres_is_alive_not_ready_and_then_ready(
    addresses: dict[str, str], mortal_postgres: PostgresServer
) -> None:
    """Master and workers stay, and the schema is there as soon as the server is."""
    mortal_postgres.stop()
    with _running(addresses, mortal_postgres) as api, api.client() as client:
        pids = api.worker_pids()
        assert client.get("/health/live").status_code == 200
        assert client.get("/health/ready").status_code == 503
        refused = client.get("/users")
        assert refused.status_code == 503
        assert refused.headers["Retry-After"] == "1"
        assert refused.json()["error"] == "postgres is unavailable"
        mortal_postgres.start()
        wait_until(lambda: _all_ready(api), "readiness")
        # This connection's worker may be the one that none of these have asked.
        wait_until(lambda: client.get("/users").status_code == 200, "users")
        assert api.worker_pids() == pids


def test_restart_of_postgres_under_load_costs_503_only(
    addresses: dict[str, str], mortal_postgres: PostgresServer
) -> None:
    """No 500, and then good again for everyone; writes like reads."""
    with _running(addresses, mortal_postgres) as api, _load(api) as answers:
        wait_until(lambda: _have(answers, {200, 201}, 10), "the load")
        mortal_postgres.stop(signal.SIGQUIT)
        wait_until(lambda: _have(answers, {503}, 1), "the outage")
        mortal_postgres.start()
        wait_until(lambda: _have(answers, {200, 201}, 50), "good answers only")
    assert {status for statuses in answers for status in statuses} == {200, 201, 503}


def test_postgres_that_stopped_dead_holds_nobody(
    addresses: dict[str, str], mortal_postgres: PostgresServer
) -> None:
    """Everyone is answered while it stands still, and served when it goes on."""
    with _running(addresses, mortal_postgres) as api:
        with _load(api) as answers:
            wait_until(lambda: _have(answers, {200, 201}, 10), "the load")
            pids = mortal_postgres.tree()
            for pid in pids:
                pid.suspend()
            try:
                wait_until(lambda: _have(answers, {503}, 2), "two refusals for everyone")
            finally:
                for pid in pids:
                    pid.resume()
            wait_until(lambda: _all_ready(api), "readiness")
        with api.client() as client:
            wait_until(lambda: client.get("/users").status_code == 200, "users")
    assert {status for statuses in answers for status in statuses} == {200, 201, 503}


def test_worker_killed_while_postgres_is_down_takes_nobody_along(
    addresses: dict[str, str], mortal_postgres: PostgresServer
) -> None:
    """The others serve, one takes its place, and the master stays."""
    mortal_postgres.stop()
    with _running(addresses, mortal_postgres) as api:
        before = set(api.worker_pids())
        victim = before.pop()
        os.kill(victim, signal.SIGKILL)
        wait_until(
            lambda: victim not in api.worker_pids() and len(api.worker_pids()) == 4, "a new worker"
        )
        for _ in range(20):
            with api.client(headers={"Connection": "close"}) as client:
                assert client.get("/health/live").status_code == 200
                assert client.get("/users").status_code == 503
        assert api.is_running()
        assert before < set(api.worker_pids())
        mortal_postgres.start()
        wait_until(lambda: _all_ready(api), "readiness")


def test_exhausted_pool_refuses_after_its_time_out(
    addresses: dict[str, str], mortal_postgres: PostgresServer
) -> None:
    """Twenty want to hold one of four: sixteen are refused before these four are done."""
    settings = {
        **addresses,
        "DATABASE_PORT": str(mortal_postgres.port),
        "DATABASE_NAME": "burnrate",
        "DATABASE_POOL_MIN": "1",
        "DATABASE_POOL_MAX": "4",
        "WEB_CONCURRENCY": "1",
        "FAULTS_ENABLED": "true",
    }
    with running_api(**settings) as api:
        answers = asyncio.run(_hold(api, 20))
    assert [answer.status_code for answer in answers] == [503] * 16 + [200] * 4
    assert {answer.headers["Retry-After"] for answer in answers[:16]} == {"1"}


def _all_ready(api: ApiServer) -> bool:
    # A new connection each, so that as good as every worker is asked.
    with api.client(headers={"Connection": "close"}) as client:
        return all(client.get("/health/ready").status_code == 200 for _ in range(12))


def _have(answers: Answers, wanted: set[int], count: int) -> bool:
    """Tell whether the last so many answers of each client are of the wanted."""
    ends = [statuses[-count:] for statuses in answers]
    return all(len(end) == count and set(end) <= wanted for end in ends)


@contextmanager
def _load(api: ApiServer) -> Iterator[Answers]:
    """Read and write all the time."""
    answers: Answers = [[] for _ in range(_CLIENTS)]
    stop = threading.Event()

    def ask(statuses: list[int]) -> None:
        with api.client() as client:
            while not stop.is_set():
                name = uuid4().hex
                user = {"name": name, "email": f"{name}@example.org"}
                for method, body in (("GET", None), ("POST", user)):
                    statuses.append(client.request(method, "/users", json=body).status_code)

    threads = [threading.Thread(target=ask, args=[statuses]) for statuses in answers]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        stop.set()
        for thread in threads:
            thread.join()


async def _hold(api: ApiServer, count: int) -> list[httpx2.Response]:
    """Return the answers in the order in which they come."""
    async with httpx2.AsyncClient(base_url=api.base_url, timeout=PATIENCE_SECONDS) as client:
        hold = {"pool": "postgres", "connections": 1, "seconds": 10}
        asked = [client.post("/faults/hold", json=hold) for _ in range(count)]
        return [await answer for answer in asyncio.as_completed(asked)]
