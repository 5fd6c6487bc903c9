"""The telemetry fails open: what goes wrong in it is counted, said once, and ends there."""

import logging
from collections.abc import Iterator
from typing import Any, Never

import pytest
from fastapi import FastAPI, WebSocket
from fastapi.testclient import TestClient
from prometheus_client import REGISTRY, CollectorRegistry, Metric
from prometheus_client.registry import Collector

from burnrate.telemetry import Telemetry, failures, instrument, instrumentation
from burnrate.telemetry.endpoints import Endpoints
from burnrate.telemetry.failures import failed, guard
from burnrate.telemetry.logs import RequestLine
from burnrate.telemetry.pools import PoolMeter
from burnrate.telemetry.recorder import HttpRecorder
from burnrate.telemetry.runtime import RuntimeSampler
from burnrate.telemetry.usage import ProcessUsage
from tests.support.samples import read_samples
from tests.telemetry.lines import Lines


class Broken(Exception):
    """What a part of the telemetry raises here."""


def breaks(*_: object, **__: object) -> Never:
    raise Broken


async def breaks_later(*_: object) -> Never:
    raise Broken


def counted(client: TestClient) -> dict[str, float]:
    """Scrape how often each part has failed."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    samples = read_samples(answer.text)
    return {
        dict(labels)["part"]: value
        for (name, labels), value in samples.items()
        if name == "telemetry_failures_total"
    }


def test_each_part_is_there_before_it_fails(telemetry: Telemetry, app: FastAPI) -> None:
    """An alert on an increase needs the series first."""
    assert telemetry
    assert counted(TestClient(app)).keys() == set(failures.PARTS)


# What breaks, and which part counts it: each border between the telemetry and the service.
BORDERS: list[tuple[Any, str, Any, str]] = [
    (HttpRecorder, "record", breaks, "requests"),
    (HttpRecorder, "record_well", breaks, "requests"),
    (HttpRecorder, "is_logged", breaks, "requests"),
    (HttpRecorder, "expect_errors", breaks, "start"),
    (Endpoints, "resolve", breaks, "requests"),
    (RequestLine, "write", breaks, "requests"),
    (RequestLine, "log", breaks, "requests"),
    (RuntimeSampler, "start", breaks, "start"),
    (RuntimeSampler, "stop", breaks_later, "stop"),
    (ProcessUsage, "sample", breaks, "samples"),
    (instrumentation, "start_tracing", breaks, "traces"),
    (instrumentation, "configure_logging", breaks, "logs"),
]


@pytest.mark.parametrize(
    ("owner", "name", "broken", "part"), BORDERS, ids=[f"{each[1]}" for each in BORDERS]
)
def test_failure_at_a_border_is_counted_and_reaches_no_request(
    app: FastAPI,
    owner: object,
    name: str,
    broken: object,
    part: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The application answers as it would, from its start to its end."""
    before = failures.failures.begin().labels(part)._value.get()
    monkeypatch.setattr(owner, name, broken)
    app.add_api_route("/well", lambda: "well")
    app.add_api_route("/bad", lambda: 1 / 0)
    instrument(app, service="test", registry=CollectorRegistry())
    with TestClient(app, raise_server_exceptions=False) as client:
        for _ in range(3):
            assert client.get("/well").json() == "well"
            assert client.get("/bad").status_code == 500
            assert client.get("/nowhere").status_code == 404
    assert failures.failures.begin().labels(part)._value.get() > before
    assert counted(TestClient(app))[part] > before


def test_websocket_works_where_its_measuring_fails(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is accepted, talks and closes."""
    monkeypatch.setattr(Endpoints, "resolve", breaks)

    @app.websocket("/talk")
    async def talk(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(await websocket.receive_text())
        await websocket.close()

    instrument(app, service="test", registry=CollectorRegistry())
    client = TestClient(app)
    with client.websocket_connect("/talk") as connection:
        connection.send_text("hello")
        assert connection.receive_text() == "hello"
    assert counted(client)["requests"] >= 1


def test_failure_is_said_once_for_each_kind(lines: Lines) -> None:
    """A part that fails at each request must not write a line for each."""
    for _ in range(5):
        failed("samples", Broken("one"))
        failed("samples", ValueError("other"))
    said = lines.of("burnrate.telemetry")
    assert [(line["part"], line["exception_message"]) for line in said] == [
        ("samples", "one"),
        ("samples", "other"),
    ]
    assert {line["level"] for line in said} == {"error"}


def test_failure_that_cannot_be_said_is_still_the_end_of_it() -> None:
    """A handler of the application's may break in any way."""

    class Breaking(logging.Handler):
        emit = breaks

    handler = Breaking()
    logging.getLogger("burnrate.telemetry").addHandler(handler)
    try:
        failed("logs", Broken())
    finally:
        logging.getLogger("burnrate.telemetry").removeHandler(handler)


def test_guard_lets_the_end_of_the_process_and_cancellation_pass() -> None:
    """They are no failures of the telemetry."""
    with pytest.raises(KeyboardInterrupt), guard("samples"):
        raise KeyboardInterrupt


def test_collector_of_the_application_that_fails_hides_only_its_own(app: FastAPI) -> None:
    """The telemetry's own metrics stay; the failure is one of the scrape."""

    class Failing(Collector):
        is_well = True

        def collect(self) -> Iterator[Metric]:
            if not self.is_well:
                raise Broken
            yield from ()

    collector = Failing()
    REGISTRY.register(collector)
    try:
        instrument(app, service="test")
        with TestClient(app) as client:
            before = counted(client)["scrape"]
            collector.is_well = False
            assert counted(client)["scrape"] > before
            for accept in ("text/plain", "application/openmetrics-text"):
                text = client.get("/metrics", headers={"accept": accept}).text
                assert "http_requests_total" in text
    finally:
        REGISTRY.unregister(collector)


def test_scrape_that_cannot_be_answered_is_a_hole(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a 500 with a stack, and no figures that are not right."""
    instrument(app, service="test", registry=CollectorRegistry())
    client = TestClient(app)
    monkeypatch.setattr("burnrate.telemetry.workers.Exposition.render", breaks)
    assert client.get("/metrics").status_code == 503
    monkeypatch.undo()
    assert counted(client)["scrape"] >= 1


def test_pool_works_where_its_idle_connections_cannot_be_counted(telemetry: Telemetry) -> None:
    """The function that counts them is the application's."""
    meter: PoolMeter = telemetry.pool("postgres", max_connections=1, idle=breaks)
    meter.released(0.1)
