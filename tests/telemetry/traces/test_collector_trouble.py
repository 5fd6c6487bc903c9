"""A collector that hangs or is not there costs requests nothing, and each span is counted."""

import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from burnrate.stack import free_port
from tests.servers.collector import running_collector
from tests.support.waiting import wait_until
from tests.telemetry.service import Service, running

pytestmark = pytest.mark.integration

REQUESTS = 200
# Small, so that it is full soon; only what a caller has sampled is sampled.
SETTINGS = {
    "WORKERS": "1",
    "OTEL_TRACES_SAMPLER": "parentbased_always_off",
    "OTEL_BSP_SCHEDULE_DELAY": "50",
    "OTEL_BSP_MAX_QUEUE_SIZE": "40",
    "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "20",
    "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
}


@contextmanager
def hanging() -> Iterator[str]:
    """Take connections and requests, and never answer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def absent() -> Iterator[str]:
    """Refuse connections."""
    yield f"http://127.0.0.1:{free_port()}"


@contextmanager
def healthy() -> Iterator[str]:
    """Take everything."""
    with running_collector() as collector:
        yield collector.url


def send_sampled(service: Service) -> None:
    """Send requests whose caller has sampled them."""
    for _ in range(REQUESTS):
        header = {"traceparent": f"00-{uuid4().hex}-b7ad6b7169203331-01"}
        assert service.get("/shop/orders/7", header)[0] == 200


def outcomes(service: Service) -> dict[str, float]:
    return {
        dict(labels)["outcome"]: value
        for (name, labels), value in service.samples().items()
        if name == "trace_spans_total"
    }


@pytest.mark.parametrize("collector", [hanging, absent])
def test_trouble_is_counted_and_keeps_no_worker(
    tmp_path: Path, collector: Callable[[], AbstractContextManager[str]]
) -> None:
    """Every span has one outcome, and no worker has to be killed."""
    marker = tmp_path / "marker"
    settings = {**SETTINGS, "SHUTDOWN_MARKER": str(marker)}
    with (
        collector() as url,
        running(tmp_path, **settings, OTEL_EXPORTER_OTLP_ENDPOINT=url) as service,
    ):
        send_sampled(service)
        wait_until(lambda: sum(outcomes(service).values()) == REQUESTS)
        found = outcomes(service)
        service.stop()
    assert found["exported"] == 0
    assert found["failed"] > 0
    assert marker.read_text() == "lifespan ended\n"


def test_nothing_is_dropped_on_the_way_to_a_healthy_collector(tmp_path: Path) -> None:
    """With room in the queue, every span arrives and is counted as such."""
    settings = {**SETTINGS, "OTEL_BSP_MAX_QUEUE_SIZE": "2048"}
    with (
        healthy() as url,
        running(tmp_path, **settings, OTEL_EXPORTER_OTLP_ENDPOINT=url) as service,
    ):
        send_sampled(service)
        wait_until(lambda: outcomes(service)["exported"] == REQUESTS)
        assert sum(outcomes(service).values()) == REQUESTS


def test_no_request_waits_for_a_collector_that_hangs_nor_does_the_shutdown(tmp_path: Path) -> None:
    """The exporter would try for ten minutes; a client has less patience, and so has gunicorn."""
    marker = tmp_path / "marker"
    settings = {
        **SETTINGS,
        "OTEL_EXPORTER_OTLP_TIMEOUT": "600",
        "SHUTDOWN_MARKER": str(marker),
    }
    with (
        hanging() as url,
        running(tmp_path, **settings, OTEL_EXPORTER_OTLP_ENDPOINT=url) as service,
    ):
        send_sampled(service)
        # What the queue has no room for.
        wait_until(lambda: outcomes(service)["dropped"] >= 20, "what is dropped")
        service.stop()
    assert marker.read_text() == "lifespan ended\n"
    assert not [line for line in service.lines if line["level"] == "critical"]
