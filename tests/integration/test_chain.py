"""The main job, end to end: a request can be followed, and a dead service is told."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from tests.servers.checkout import Checkout, copied_checkout

pytestmark = [pytest.mark.integration, pytest.mark.timeout(420)]

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture(scope="module")
def stack() -> Iterator[Checkout]:
    """The whole stack with the service's four workers."""
    with copied_checkout(WEB_CONCURRENCY="4") as checkout:
        checkout.up()
        yield checkout


def url(stack: Checkout, part: str, path: str) -> str:
    return f"http://127.0.0.1:{stack.ports[f'{part.upper()}_PORT']}{path}"


def query(stack: Checkout, promql: str) -> list[dict[str, Any]]:
    answer = httpx2.get(url(stack, "prometheus", "/api/v1/query"), params={"query": promql})
    result: list[dict[str, Any]] = answer.json()["data"]["result"]
    return result


def alerts(stack: Checkout, state: str, **labels: str) -> list[dict[str, Any]]:
    answer = httpx2.get(url(stack, "inbox", "/alerts"), params={"state": state, **labels})
    found: list[dict[str, Any]] = answer.json()["alerts"]
    return found


def until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.5)


def log_lines(stack: Checkout, part: str, request_id: str) -> list[dict[str, Any]]:
    text = (stack.path / f".burnrate/logs/{part}.log").read_text()
    return [json.loads(line) for line in text.splitlines() if request_id in line]


def test_a_request_can_be_followed_by_its_ids(stack: Checkout) -> None:
    """Through nginx, into the log of both, into /metrics, and into Prometheus within 15 s."""
    answer = httpx2.get(
        url(stack, "nginx", "/posts"),
        headers={"X-Request-ID": "chain-1", "traceparent": f"00-{TRACE_ID}-b7ad6b7169203331-00"},
    )
    assert (answer.status_code, answer.headers["x-request-id"]) == (200, "chain-1")
    until(lambda: len(log_lines(stack, "api", "chain-1")) == 1, 5, "the service's line")
    (line,) = log_lines(stack, "api", "chain-1")
    assert (line["trace_id"], line["route"], line["status_code"]) == (TRACE_ID, "/posts", 200)
    assert line["client"] == "127.0.0.1"
    (access,) = log_lines(stack, "nginx", "chain-1")
    assert access["trace_id"] == TRACE_ID
    sample = 'http_requests_total{endpoint="/posts",method="GET",status="200"} 1.0'
    for _ in range(8):  # whichever worker answers
        assert sample in httpx2.get(url(stack, "api", "/metrics")).text
    promql = 'http_requests_total{service="api",endpoint="/posts",method="GET",status="200"}'
    until(lambda: bool(query(stack, promql)), 15, "Prometheus has scraped it")
    assert [sample["value"][1] for sample in query(stack, promql)] == ["1"]


def test_every_target_is_up(stack: Checkout) -> None:
    """Prometheus reaches every part that runs here."""
    jobs = {"api", "inbox", "postgres", "redis", "nginx", "node", "prometheus", "alertmanager"}

    def reached() -> set[str]:
        return {sample["metric"]["job"] for sample in query(stack, "up == 1")}

    until(lambda: jobs <= reached(), 45, f"all of {jobs} up")
    assert query(stack, "up == 0") == []


def test_a_dead_service_is_told_and_its_return_too(stack: Checkout) -> None:
    """The inbox lists the alert within 3 minutes, and its resolution after the restart."""
    assert stack.run("stop", "api").returncode == 0
    down = {"service": "api", "alertname": "TargetDown"}
    until(lambda: bool(alerts(stack, "firing", **down)), 180, "the alert")
    (alert,) = alerts(stack, "firing", **down)
    assert alert["labels"]["severity"] == "page"
    assert "TargetDown" in alert["annotations"]["runbook_url"]
    assert stack.run("start", "api").returncode == 0
    until(lambda: not alerts(stack, "firing", **down), 180, "its resolution")
    assert [each["id"] for each in alerts(stack, "resolved", **down)] == [alert["id"]]
