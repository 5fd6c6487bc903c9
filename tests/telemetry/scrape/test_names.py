"""No metric is lost or mixed up because somebody else in the process uses its name."""

import logging
from collections.abc import Iterator

import prometheus_client
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client import (
    GC_COLLECTOR,
    PROCESS_COLLECTOR,
    REGISTRY,
    CollectorRegistry,
    Counter,
)
from starlette.types import ASGIApp, Receive, Scope, Send

from burnrate.telemetry import instrument, usage
from tests.telemetry.lines import Lines


@pytest.fixture
def others() -> Iterator[list[Counter]]:
    """Hold what a test registers globally, and take it out at its end."""
    made: list[Counter] = []
    yield made
    for counter in made:
        REGISTRY.unregister(counter)


def test_name_that_is_taken_is_refused(app: FastAPI, others: list[Counter]) -> None:
    """At the start of the process, by name and with the way out."""
    others.append(Counter("http_requests", "An own one.", ["handler"]))
    others.append(Counter("workers_hired", "Begins like one of ours."))
    with pytest.raises(ValueError, match=r"^http_requests: .*prefix="):
        instrument(app, service="shop")


def test_prefix_leaves_both(app: FastAPI, others: list[Counter]) -> None:
    """Nothing is double, nothing is lost."""
    own = Counter("http_requests", "An own one.", ["handler"])
    others.append(own)
    own.labels("/items").inc(7)
    instrument(app, service="shop", prefix="shop_")
    with TestClient(app) as client:
        client.get("/nowhere")
        text = client.get("/metrics").text
    assert 'http_requests_total{handler="/items"} 7.0' in text
    assert 'shop_http_requests_total{endpoint="unmatched",method="GET",status="404"} 1.0' in text
    for name in ("shop_http_request_duration_seconds", "shop_workers", "process_open_fds"):
        assert text.count(f"# TYPE {name} ") == 1
    assert "# TYPE http_request_duration_seconds" not in text


class Instrumentator:
    """Registers its metrics when it is built, as prometheus-fastapi-instrumentator does."""

    def __init__(self, app: ASGIApp, made: list[Counter]) -> None:
        self.app = app
        made.append(prometheus_client.Counter("http_requests", "The peer's.", ["handler"]))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


def test_name_that_is_taken_late_is_said_at_the_start(
    app: FastAPI, others: list[Counter], lines: Lines
) -> None:
    """The service starts; the line names the metric and the way out."""
    app.add_middleware(Instrumentator, made=others)
    instrument(app, service="shop")
    logging.getLogger().addHandler(lines.handler)
    with TestClient(app) as client:
        assert client.get("/metrics").status_code == 200
    (line,) = lines.of("burnrate.telemetry")
    assert line["level"] == "error"
    assert line["metrics"] == ["http_requests"]
    assert "prefix=" in line["message"]


@pytest.mark.parametrize("prefix", ["1x", "a-b", "a b", "ü_"])
def test_strange_prefix_is_refused(app: FastAPI, prefix: str) -> None:
    """It would make names that no scraper takes."""
    with pytest.raises(ValueError, match="prefix"):
        instrument(app, service="shop", prefix=prefix)


def test_families_may_join_the_global_registry(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the place of the client library's own about the process; none is there twice."""
    the_global_one = CollectorRegistry()
    for each in (PROCESS_COLLECTOR, GC_COLLECTOR):
        the_global_one.register(each)
    monkeypatch.setattr(usage, "REGISTRY", the_global_one)
    instrument(app, service="shop", registry=the_global_one)
    with TestClient(app) as client:
        types = [line for line in client.get("/metrics").text.splitlines() if "# TYPE" in line]
    assert "# TYPE process_cpu_seconds_total counter" in types
    assert len(types) == len(set(types))
