"""A port of its own shows the metrics, and the service shows none."""

import logging
import os
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry, Counter

from burnrate.stack import free_port
from burnrate.telemetry import instrument
from burnrate.telemetry.scrape import MetricsPort
from burnrate.telemetry.workers import Exposition
from tests.support.waiting import wait_until
from tests.telemetry.lines import Lines


def get(port: int | None, path: str = "/metrics") -> tuple[int, str]:
    try:
        address = f"http://127.0.0.1:{port}{path}"
        with urllib.request.urlopen(address, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, ""


@pytest.fixture
def exposition() -> Exposition:
    registry = CollectorRegistry()
    Counter("orders", "Orders taken.", registry=registry).inc(3)
    return Exposition(registry, has_application_metrics=False)


@pytest.fixture
def port(exposition: Exposition) -> Iterator[MetricsPort]:
    """Take a free port."""
    taken = MetricsPort("127.0.0.1", 0, "/metrics", exposition)
    taken.take()
    yield taken
    taken.leave()


def test_scrape_is_answered_and_nothing_else(port: MetricsPort) -> None:
    """The path is the one that was chosen; a query changes nothing."""
    status, text = get(port.port)
    assert (status, "orders_total 3.0" in text) == (200, True)
    assert get(port.port, "/metrics?name[]=x")[0] == 200
    assert get(port.port, "/")[0] == 404
    assert get(port.port, "/metrics/")[0] == 404


def test_another_worker_takes_over(port: MetricsPort, exposition: Exposition) -> None:
    """One of many holds the port; the others try again while it does."""
    held = port.port
    assert held is not None
    other = MetricsPort("127.0.0.1", held, "/metrics", exposition)
    other.take()
    assert other.port is None
    port.leave()

    def takes_over() -> bool:
        other.take()
        return other.port is not None

    wait_until(takes_over, "the port")
    assert get(held)[0] == 200
    other.leave()


def test_connections_are_bounded(port: MetricsPort) -> None:
    """Whoever only holds on takes no more than eight threads, and those give up in time."""
    address = ("127.0.0.1", port.port or 0)
    held = [socket.create_connection(address, 60) for _ in range(8)]
    wait_until(lambda: is_closed_at_once(address), "a refusal")
    for each in held:
        each.close()
    wait_until(lambda: is_answered(port), "an answer")


def is_closed_at_once(address: tuple[str, int]) -> bool:
    with socket.create_connection(address, 60) as connection:
        connection.settimeout(1)
        try:
            return connection.recv(1) == b""
        except TimeoutError:
            return False
        except ConnectionError:
            return True


def is_answered(port: MetricsPort) -> bool:
    try:
        return get(port.port)[0] == 200
    except OSError:
        return False


def test_application_with_a_port_has_no_route(app: FastAPI) -> None:
    """The service's clients reach no metrics; the port is there from the start to the end."""
    number = free_port()
    instrument(app, service="shop", registry=CollectorRegistry(), metrics_port=number)
    with TestClient(app) as client:
        assert client.get("/metrics").status_code == 404
        status, text = get(number)
        assert status == 200
        assert 'http_requests_total{endpoint="unmatched",method="GET",status="404"} 1.0' in text
    with pytest.raises(OSError, match="refused"):
        get(number)


def test_port_that_somebody_else_has_is_said_once(
    app: FastAPI, lines: Lines, port: MetricsPort
) -> None:
    """The service starts all the same."""
    instrument(app, service="shop", registry=CollectorRegistry(), metrics_port=port.port)
    logging.getLogger().addHandler(lines.handler)
    with TestClient(app) as client:
        assert client.get("/nowhere").status_code == 404
    (line,) = lines.of("burnrate.telemetry")
    assert (line["level"], str(port.port) in line["message"]) == ("warning", True)


def test_no_name_server_is_asked(exposition: Exposition, monkeypatch: pytest.MonkeyPatch) -> None:
    """The event loop would wait for it, for seconds where it does not answer."""
    monkeypatch.setattr(socket, "getfqdn", pytest.fail)
    taken = MetricsPort("127.0.0.1", 0, "/metrics", exposition)
    taken.take()
    assert get(taken.port)[0] == 200
    taken.leave()


def test_address_may_be_one_of_the_newer_protocol(exposition: Exposition) -> None:
    """`::` takes both protocols, as a pod of two families needs it."""
    taken = MetricsPort("::", 0, "/metrics", exposition)
    taken.take()
    if not socket.has_dualstack_ipv6():
        pytest.skip("no IPv6 here")
    assert get(taken.port)[0] == 200
    taken.leave()


def test_forked_child_holds_no_port(port: MetricsPort) -> None:
    """It would keep connections that nobody answers, for longer than its parent lives."""
    reading, writing = os.pipe()
    if not os.fork():
        os.write(writing, b"none" if port.port is None else b"held")
        os._exit(0)
    os.wait()
    with os.fdopen(reading, "rb") as result, os.fdopen(writing, "wb"):
        assert result.read(4) == b"none"
    assert get(port.port)[0] == 200
