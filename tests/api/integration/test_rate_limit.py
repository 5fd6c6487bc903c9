"""The rate limit is one for all workers, and for whom the proxy says the client is."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from redis import Redis

from tests.servers.api import ApiServer, running_api
from tests.servers.clocks import Clock
from tests.servers.front import running_front
from tests.servers.redis import RedisServer

LIMIT = 10
DOCUMENT = {"text": "An error budget is spent, not saved."}


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Clock:
    """Return the service's wall clock."""
    return Clock(tmp_path_factory.mktemp("clock"))


@pytest.fixture(autouse=True)
def stopped_clock(clock: Clock) -> None:
    """Let no window end during a test."""
    clock.stop()


@pytest.fixture(scope="module")
def api(backends: dict[str, str], clock: Clock) -> Iterator[ApiServer]:
    """Run the service with the limit it was asked to have, behind a proxy on this machine."""
    with running_api(**backends, **clock.settings, FORWARDED_ALLOW_IPS="127.0.0.1") as server:
        yield server


def test_limit_is_shared_by_all_workers(api: ApiServer) -> None:
    """Forty requests over forty connections: ten pass, not ten for each worker."""
    headers = {"Connection": "close", "X-Forwarded-For": "192.0.2.1"}
    with api.client(headers=headers) as client:
        responses = [client.post("/process", json=DOCUMENT) for _ in range(40)]
    assert Counter(response.status_code for response in responses) == {200: LIMIT, 429: 30}
    refused = responses[-1]
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert refused.headers["RateLimit-Policy"] == '"process";q=10;w=60'
    assert refused.headers["RateLimit"].startswith('"process";r=0;t=')
    assert refused.json()["path"] == "/process"


def test_a_counter_ends_with_its_window(api: ApiServer, redis: RedisServer) -> None:
    """Otherwise each client would leave a key in Redis every minute, for good."""
    with api.client(headers={"X-Forwarded-For": "192.0.2.6"}) as client:
        assert client.post("/process", json=DOCUMENT).status_code == 200
    with Redis(host=redis.host, port=redis.port) as store:
        lifetimes = [store.ttl(key) for key in store.scan_iter("*ratelimit*/192.0.2.6/*")]
    assert lifetimes
    assert all(0 < seconds <= 60 for seconds in lifetimes)


def test_refusal_is_counted_under_its_route(api: ApiServer) -> None:
    """It never reached the route, yet a dashboard must show where it happened."""
    with api.client(headers={"X-Forwarded-For": "192.0.2.2"}) as client:
        for _ in range(LIMIT + 1):
            client.post("/process", json=DOCUMENT)
        metrics = client.get("/metrics").text
    line = 'http_requests_total{endpoint="/process",method="POST",status="429"}'
    assert any(each.startswith(line) for each in metrics.splitlines())


def test_clients_of_the_proxy_have_a_limit_each(api: ApiServer) -> None:
    """The proxy's own address is not the client."""
    for client_number in range(3, 6):
        with api.client(headers={"X-Forwarded-For": f"192.0.2.{client_number}"}) as client:
            assert client.post("/process", json=DOCUMENT).status_code == 200


def test_forged_addresses_are_one_client(backends: dict[str, str], clock: Clock) -> None:
    """Where the sender is not the proxy, what it claims to forward is not believed."""
    with (
        running_api(
            **backends,
            **clock.settings,
            FORWARDED_ALLOW_IPS="192.0.2.99",
            WEB_CONCURRENCY="1",
        ) as api,
        api.client() as client,
    ):
        statuses = Counter(
            client.post(
                "/process", json=DOCUMENT, headers={"X-Forwarded-For": f"198.51.100.{number}"}
            ).status_code
            for number in range(40)
        )
    assert statuses == {200: LIMIT, 429: 30}


def test_200_forged_addresses_through_nginx_are_one_key(
    backends: dict[str, str], redis: RedisServer, tmp_path: Path
) -> None:
    """Nginx overwrites what a client says about itself, and only nginx is believed."""
    with (
        Redis(host=redis.host, port=redis.port) as store,
        running_api(**backends, FORWARDED_ALLOW_IPS="127.0.0.1", WEB_CONCURRENCY="1") as api,
        running_front(tmp_path, api.port) as front,
        httpx2.Client(base_url=front.url) as client,
    ):
        store.flushall()
        for number in range(200):
            forged = {
                "X-Forwarded-For": f"198.51.100.{number}, 203.0.113.{number}",
                "X-Real-IP": f"198.51.100.{number}",
                "Forwarded": f"for=198.51.100.{number}",
            }
            assert client.get("/users", headers=forged).status_code == 200
        keys = store.keys("*ratelimit*")
    # A key ends with the client and the window; the window may have ended meanwhile.
    assert {key.split(b"/")[-2] for key in keys} == {b"127.0.0.1"}
