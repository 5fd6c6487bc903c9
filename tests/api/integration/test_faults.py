"""Faults on purpose, in every worker, and over when they should be."""

from collections import Counter
from collections.abc import Iterator

import httpx2
import pytest

from tests.servers.api import ApiServer, running_api
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def api(backends: dict[str, str]) -> Iterator[ApiServer]:
    """Run the service with faults."""
    with running_api(**backends, FAULTS_ENABLED="true") as server:
        yield server


@pytest.fixture
def client(api: ApiServer) -> Iterator[httpx2.Client]:
    """Return a client that uses a new connection for each request, so that workers take turns."""
    with api.client(headers={"Connection": "close"}) as client:
        client.delete("/faults/injections")
        yield client


def _statuses(client: httpx2.Client, count: int = 60) -> Counter[int]:
    return Counter(client.get("/posts").status_code for _ in range(count))


def test_injection_reaches_every_worker_and_is_undone(client: httpx2.Client) -> None:
    """Sooner or later no worker is left that does not know."""
    injection = {"route": "/posts", "kind": "exception", "ratio": 1, "seconds": 600}
    assert client.post("/faults/injections", json=injection).status_code == 201
    wait_until(lambda: _statuses(client) == {500: 60}, "the fault in every worker")
    [listed] = client.get("/faults/injections").json()["items"]
    assert listed["route"] == "/posts"
    assert client.delete("/faults/injections").status_code == 204
    wait_until(lambda: _statuses(client) == {200: 60}, "its end in every worker")


def test_injection_ends_when_its_time_is_up(client: httpx2.Client) -> None:
    """Although nobody undoes it."""
    injection = {"route": "/posts", "kind": "unavailable", "seconds": 10}
    client.post("/faults/injections", json=injection)
    wait_until(lambda: 503 in _statuses(client, 1), "the fault")
    wait_until(lambda: _statuses(client) == {200: 60}, "its end")


def test_injected_error_is_counted_under_its_route(client: httpx2.Client) -> None:
    """Or a drill would prove nothing."""
    client.post("/faults/injections", json={"route": "/posts", "seconds": 600})
    wait_until(lambda: 500 in _statuses(client, 1), "the fault")
    metrics = client.get("/metrics").text
    client.delete("/faults/injections")
    series = 'http_requests_total{endpoint="/posts",method="GET",status="500"} '
    [line] = [each for each in metrics.splitlines() if each.startswith(series)]
    assert float(line.split()[-1]) > 0


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/faults/hold", {"seconds": 0.1, "connections": 2}),
        ("/faults/hold", {"seconds": 0.1, "connections": 2, "pool": "redis"}),
        ("/faults/burn", {"seconds": 0.1, "tasks": 2}),
        ("/faults/block?seconds=0.1", None),
        ("/faults/log?lines=3", None),
    ],
)
def test_fault_is_over_when_it_says_so(
    client: httpx2.Client, path: str, body: dict[str, object] | None
) -> None:
    """And leaves nothing behind."""
    assert client.post(path, json=body).status_code == 200
    assert client.get("/health/ready").json()["checks"] == {"postgres": "ok", "redis": "ok"}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/faults/slow?seconds=61", None),
        ("GET", "/faults/slow?seconds=nan", None),
        ("GET", "/faults/error?status=200", None),
        ("POST", "/faults/block?seconds=11", None),
        ("POST", "/faults/hold", {"seconds": 121}),
        ("POST", "/faults/burn", {"seconds": 30, "tasks": 200}),
        ("POST", "/faults/injections", {"route": "/posts", "seconds": 601}),
        ("POST", "/faults/injections", {"route": "/posts", "ratio": 0}),
        ("POST", "/faults/injections", {"route": "posts"}),
    ],
)
def test_fault_without_bounds_is_refused(
    client: httpx2.Client, method: str, path: str, body: dict[str, object] | None
) -> None:
    """Nobody may forget one that never ends."""
    assert client.request(method, path, json=body).status_code == 422
