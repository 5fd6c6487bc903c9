"""Without Redis the service goes on, hardly slower, and says so."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest

from tests.servers.api import ApiServer, running_api
from tests.servers.redis import RedisServer, running_redis
from tests.support.waiting import wait_until

WORKERS = 4


@pytest.fixture
def mortal_redis() -> Iterator[RedisServer]:
    """Run a Redis that the test may kill."""
    with running_redis() as server:
        yield server


@pytest.fixture
def api(addresses: dict[str, str], mortal_redis: RedisServer) -> Iterator[ApiServer]:
    """Run the service on it."""
    settings = {**addresses, "REDIS_PORT": str(mortal_redis.port)}
    with running_api(**settings, WEB_CONCURRENCY=str(WORKERS)) as server:
        yield server


@pytest.fixture
def client(api: ApiServer) -> Iterator[httpx2.Client]:
    """Return a client with a post to ask for."""
    with _client_with_a_post(api) as client:
        yield client


@contextmanager
def _client_with_a_post(api: ApiServer) -> Iterator[httpx2.Client]:
    with api.client() as client:
        name = str(time.time_ns())
        user = client.post("/users", json={"name": name, "email": f"{name}@example.org"}).json()
        post = {"author_id": user["id"], "title": "A title", "body": "A body"}
        client.headers["X-Post"] = str(client.post("/posts", json=post).json()["id"])
        yield client


def _ask(client: httpx2.Client, count: int) -> None:
    """Make requests of every kind, none of which may fail."""
    post = f"/posts/{client.headers['X-Post']}"
    for number in range(count):
        if number % 5 == 0:
            response = client.patch(post, json={"title": f"Title {number}"})
        else:
            response = client.get(post if number % 2 else "/posts")
        assert response.status_code == 200, response.text


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP])
def test_no_request_fails_when_redis_is_gone_and_few_wait_for_it(
    addresses: dict[str, str], mortal_redis: RedisServer, end: signal.Signals
) -> None:
    """Killed, or stopped dead with its connections open, which is worse: each worker tries once."""
    settings = {
        **addresses,
        "REDIS_PORT": str(mortal_redis.port),
        "REDIS_RETRY_INTERVAL_SECONDS": "3600",
        "WEB_CONCURRENCY": str(WORKERS),
    }
    with running_api(**settings) as api, _client_with_a_post(api) as client:
        _ask(client, 50)
        before = _tries(client)
        mortal_redis.send(end)
        _ask(client, 200)
        assert _tries(client) - before <= WORKERS
        metrics = client.get("/metrics").text
        assert _value(metrics, 'decision="unavailable",limit="per_client"') > 0
        assert _value(metrics, 'cache="posts",result="error"') > 0

        def is_shown() -> bool:
            ready = client.get("/health/ready")
            assert ready.status_code == 200
            checks: dict[str, str] = ready.json()["checks"]
            assert checks["postgres"] == "ok"
            return checks["redis"] == "unavailable"

        wait_until(is_shown, "readiness without Redis")


def test_cache_and_limit_resume_when_redis_is_back(
    client: httpx2.Client, mortal_redis: RedisServer
) -> None:
    """By themselves."""
    mortal_redis.stop()
    _ask(client, 20)
    mortal_redis.start()

    def is_back() -> bool:
        return "RateLimit" in client.get("/posts").headers

    wait_until(is_back, "the rate limit")
    wait_until(
        lambda: client.get("/health/ready").json()["checks"]["redis"] == "ok",
        "readiness to show Redis",
    )


def _tries(client: httpx2.Client) -> float:
    """Return how often the service wanted a connection to Redis."""
    metrics = client.get("/metrics").text
    return _value(metrics, 'pool_acquire_total{outcome="ok",pool="redis"}') + sum(
        _value(metrics, f'pool_acquire_total{{outcome="{outcome}",pool="redis"}}')
        for outcome in ("timeout", "full", "error")
    )


def _value(metrics: str, labels: str) -> float:
    return sum(float(line.split()[-1]) for line in metrics.splitlines() if labels in line)
