"""Many workers, one true picture: a real gunicorn with the foreign service."""

import os
import re
import signal
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import psutil
import pytest

from tests.support.waiting import PATIENCE_SECONDS, wait_until
from tests.telemetry.service import Service, running

pytestmark = pytest.mark.integration

PATHS = {
    "/shop/orders/7": ("/shop/orders/{order}", "200"),
    "/shop/orders/x": ("/shop/orders/{order}", "422"),
    "/shop/orders/7/fail": ("/shop/orders/{order}/fail", "500"),
    "/shop/orders/7/stream": ("/shop/orders/{order}/stream", "200"),
    "/site/page/home": ("/site/page/{name}", "200"),
    "/nowhere/7": ("unmatched", "404"),
}


def counts(service: Service) -> dict[tuple[str, str], float]:
    samples = service.samples()
    found = {}
    for endpoint, status in PATHS.values():
        labels = {"method": "GET", "endpoint": endpoint, "status": status}
        key = ("http_requests_total", frozenset(labels.items()))
        found[endpoint, status] = samples.get(key, 0.0)
    return found


def failures(service: Service) -> set[float]:
    """Return how often parts of the telemetry have failed: never, in all that is usual."""
    samples = service.samples().items()
    return {value for (name, _), value in samples if name == "telemetry_failures_total"}


def get_again_if_refused(service: Service, path: str) -> None:
    """Send a request; a worker that leaves may reset a connection it has not read from."""
    for _ in range(5):
        try:
            service.get(path)
        except OSError:
            continue
        return
    raise AssertionError("five connections in a row were reset")


def load(service: Service, rounds: int) -> None:
    """Send every path `rounds` times over connections that spread over the workers."""
    with ThreadPoolExecutor(8) as clients:
        list(clients.map(partial(get_again_if_refused, service), list(PATHS) * rounds))


def test_four_workers_count_what_the_clients_saw(tmp_path: Path) -> None:
    """Whichever worker answers the scrape, the sums are those of all, errors and streams too."""
    with running(tmp_path) as service:
        load(service, 50)
        # The client has its last byte a moment before the worker counts it.
        wait_until(lambda: set(counts(service).values()) == {50}, "the counts")
        for _ in range(5):
            assert set(counts(service).values()) == {50}
        assert service.value("workers") == 4
        assert service.value("service_info", service="foreign", version="3.1", revision="unknown")
        assert service.value("shop_orders_total", kind="read") == 50


def test_usage_is_that_of_master_and_workers(tmp_path: Path) -> None:
    """Memory, descriptors and CPU time add up over every process of the service."""
    with running(tmp_path, WORKERS="2") as service:
        os.kill(service.worker_pids()[0], signal.SIGTERM)  # the master samples itself at an exit
        wait_until(lambda: service.value("worker_exits_total", reason="stopped") == 1)
        wait_until(lambda: service.value("workers") == 2)
        processes = [psutil.Process(pid) for pid in (service.process.pid, *service.worker_pids())]
        wait_until(lambda: is_near(service.value("process_resident_memory_bytes"), rss(processes)))
        wait_until(lambda: is_near(service.value("process_open_fds"), fds(processes)))
        wait_until(lambda: is_near(service.value(_LARGEST), max(rss([p]) for p in processes)))
        # The worker that is gone has used something, too.
        wait_until(
            lambda: service.value("process_cpu_seconds_total") > 0.8 * cpu_seconds(processes)
        )


_LARGEST = "process_largest_resident_memory_bytes"


def is_near(value: float, expected: float) -> bool:
    """Say whether it is within a tenth: less than any one of the processes."""
    return abs(value - expected) < 0.1 * expected


def rss(processes: list[psutil.Process]) -> float:
    return sum(each.memory_info().rss for each in processes)


def fds(processes: list[psutil.Process]) -> float:
    return sum(each.num_fds() for each in processes)


def cpu_seconds(processes: list[psutil.Process]) -> float:
    return sum(sum(each.cpu_times()[:2]) for each in processes)


def test_recycled_workers_lose_no_count(tmp_path: Path) -> None:
    """A worker that reaches max_requests leaves its counts behind and says why it left."""
    with running(tmp_path, MAX_REQUESTS="40") as service:
        load(service, 50)
        wait_until(lambda: service.value("worker_exits_total", reason="recycled") >= 2)
        wait_until(lambda: service.value("workers") == 4)
        wait_until(lambda: set(counts(service).values()) == {50}, "the counts")
        assert failures(service) == {0}


@pytest.mark.parametrize(
    ("number", "reason"), [(signal.SIGKILL, "killed"), (signal.SIGTERM, "stopped")]
)
def test_lost_worker_leaves_its_counts_and_takes_its_gauges(
    tmp_path: Path, number: signal.Signals, reason: str
) -> None:
    """Counters stay, gauges of the dead go, the exit is counted with its reason."""
    with running(tmp_path) as service:
        load(service, 10)
        # The client has its last byte a moment before the worker counts it.
        wait_until(lambda: set(counts(service).values()) == {10})
        victim = service.worker_pids()[0]
        os.kill(victim, number)
        wait_until(lambda: service.value("worker_exits_total", reason=reason) == 1)
        wait_until(lambda: victim not in service.worker_pids() and len(service.worker_pids()) == 4)
        wait_until(lambda: service.value("workers") == 4)
        assert set(counts(service).values()) == {10}
        assert failures(service) == {0}


def test_blocked_worker_is_a_timeout(tmp_path: Path) -> None:
    """Gunicorn's heartbeat finds a worker whose loop is blocked; the metric names it."""
    with running(tmp_path, WORKERS="1", HEARTBEAT_SECONDS="4") as service:
        with pytest.raises(OSError, match=r".*"):
            service.get("/shop/orders/7/block?seconds=600")
        wait_until(lambda: service.value("worker_exits_total", reason="timeout") == 1)


def test_everything_printed_is_json_and_the_folder_is_removed(tmp_path: Path) -> None:
    """gunicorn's, uvicorn's and the application's lines alike; nothing is left behind."""
    with running(tmp_path) as service:
        _, body = service.get("/shop/orders/7", {"X-Request-ID": "req-7"})
        assert body == b'{"order":7}'
        service.get("/shop/orders/7/fail")
        assert list(tmp_path.glob("burnrate-metrics-*"))
    loggers = {line["logger"] for line in service.lines}
    assert {"gunicorn.error", "uvicorn.error", "foreign", "burnrate.request"} <= loggers
    assert all(re.match(r"\d{4}-\d\d-\d\dT", line["timestamp"]) for line in service.lines)
    own = next(line for line in service.lines if line["logger"] == "foreign")
    assert own["request_id"] == "req-7"
    broken = [line for line in service.lines if "exception_type" in line]
    assert [line["message"] for line in broken] == ["GET /shop/orders/7/fail 500"]
    assert not list(tmp_path.glob("burnrate-metrics-*"))


def test_stop_waits_for_requests_and_ends_the_lifespan(tmp_path: Path) -> None:
    """A request within the graceful time completes; one beyond it does not keep the lifespan."""
    marker = tmp_path / "marker"
    with (
        running(tmp_path, WORKERS="1", SHUTDOWN_MARKER=str(marker)) as service,
        ThreadPoolExecutor(2) as clients,
    ):
        short = clients.submit(service.get, "/shop/orders/7/slow?seconds=5")
        long = clients.submit(service.get, "/shop/orders/7/slow?seconds=600")
        wait_until(lambda: service.value("http_requests_in_progress") >= 2)
        service.process.send_signal(signal.SIGTERM)
        assert short.result() == (200, b"7")
        service.process.wait(PATIENCE_SECONDS)
        assert isinstance(long.exception(), OSError) or long.result()[0] >= 500
    assert marker.read_text() == "lifespan ended\n"
