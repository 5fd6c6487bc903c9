"""Caches, limits, background tasks, and what a process says of itself."""

import asyncio
import threading
import time
from collections.abc import Coroutine
from functools import partial

import pytest
from fastapi import BackgroundTasks, FastAPI
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry

from burnrate.telemetry import RequestInfo, Telemetry, instrument
from burnrate.telemetry.context import current
from tests.support.waiting import PATIENCE_SECONDS, wait_until
from tests.telemetry.lines import Lines

REQUEST = RequestInfo("me", "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", False)


def test_cache_and_rate_limit_count_by_result(
    telemetry: Telemetry, registry: CollectorRegistry
) -> None:
    """Each method is one label value."""
    cache = telemetry.cache("posts")
    cache.hit()
    cache.miss()
    cache.error()
    limit = telemetry.rate_limit("client")
    limit.allowed()
    limit.limited()
    limit.unavailable()
    for result in ("hit", "miss", "error"):
        labels = {"cache": "posts", "result": result}
        assert registry.get_sample_value("cache_requests_total", labels) == 1
    for decision in ("allowed", "limited", "unavailable"):
        labels = {"limit": "client", "decision": decision}
        assert registry.get_sample_value("rate_limit_decisions_total", labels) == 1


def test_failing_background_task_is_counted_and_logged_not_raised(
    telemetry: Telemetry, registry: CollectorRegistry, lines: Lines
) -> None:
    """Its answer has gone out; the failure must not vanish."""

    async def fail(reason: str) -> None:
        raise ValueError(reason)

    asyncio.run(telemetry.background("cleanup", fail)("gone"))
    labels = {"task": "cleanup", "outcome": "error"}
    assert registry.get_sample_value("background_tasks_total", labels) == 1
    (line,) = lines.of("burnrate.background")
    assert (line["task"], line["exception_message"]) == ("cleanup", "gone")


def in_the_loop() -> bool:
    """Say whether the caller runs in the event loop's thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class Callable:
    """An object whose call is a coroutine."""

    def __init__(self, seen: list[bool]) -> None:
        self._seen = seen

    async def __call__(self) -> None:
        self._seen.append(in_the_loop())


def test_plain_background_task_does_not_run_in_the_event_loop(telemetry: Telemetry) -> None:
    """It may block; requests go on. It sees the ids of its request."""
    seen: list[tuple[bool, object]] = []

    def work(of: str) -> None:
        seen.append((in_the_loop(), current.get()))
        assert of == "night"

    async def run() -> None:
        token = current.set(REQUEST)
        await telemetry.background("cleanup", work)("night")
        current.reset(token)

    asyncio.run(run())
    assert seen == [(False, REQUEST)]


def test_background_task_that_is_a_coroutine_stays_in_the_event_loop(telemetry: Telemetry) -> None:
    """Whatever stands around it."""
    seen: list[bool] = []

    async def work(*_: object) -> None:
        seen.append(in_the_loop())

    def returns_a_coroutine() -> Coroutine[None, None, None]:
        return work()

    for function in (work, partial(work, 1), partial(partial(work, 1), 2), Callable(seen)):
        asyncio.run(telemetry.background("cleanup", function)())
    asyncio.run(telemetry.background("cleanup", returns_a_coroutine)())
    assert seen == [True] * 5


def test_blocking_background_task_holds_up_no_request(
    app: FastAPI, registry: CollectorRegistry
) -> None:
    """The task waits for the answer to a later request; in the loop that would never come."""
    telemetry = instrument(app, service="test", registry=registry)
    is_begun, is_answered = threading.Event(), threading.Event()
    waited: list[bool] = []

    def block() -> None:
        is_begun.set()
        waited.append(is_answered.wait(PATIENCE_SECONDS))

    def begin(tasks: BackgroundTasks) -> None:
        tasks.add_task(telemetry.background("slow", block))

    async def answer() -> None:
        is_answered.set()

    app.add_api_route("/begin", begin)
    app.add_api_route("/answer", answer)
    with TestClient(app) as client:
        thread = threading.Thread(target=client.get, args=("/begin",))
        thread.start()
        assert is_begun.wait(PATIENCE_SECONDS)
        assert client.get("/answer").status_code == 200
        thread.join()
    assert waited == [True]


def test_blocked_event_loop_shows_as_lag(app: FastAPI, registry: CollectorRegistry) -> None:
    """A handler that sleeps the thread is the classic mistake."""
    instrument(app, service="test", registry=registry)

    async def block() -> None:
        time.sleep(0.3)  # noqa: ASYNC251 - the mistake, three times as long as the sampler sleeps

    app.add_api_route("/block", block)
    with TestClient(app) as client:
        client.get("/block")
        wait_until(lambda: (registry.get_sample_value("event_loop_lag_seconds_sum") or 0) > 0.15)


def test_process_metrics_are_there(app: FastAPI, registry: CollectorRegistry) -> None:
    """CPU, memory, descriptors, threads and the number of workers."""
    instrument(app, service="test", version="1.2", registry=registry)
    with TestClient(app):
        assert registry.get_sample_value("workers") == 1
        for name in (
            "process_cpu_seconds_total",
            "process_resident_memory_bytes",
            "process_largest_resident_memory_bytes",
            "process_open_fds",
            "process_max_fds",
            "process_python_threads",
        ):
            assert (registry.get_sample_value(name) or 0) > 0
    labels = {"service": "test", "version": "1.2", "revision": "unknown"}
    assert registry.get_sample_value("service_info", labels) == 1


def test_instrumenting_twice_or_too_late_is_refused(app: FastAPI, telemetry: Telemetry) -> None:
    """Two layers would count everything twice."""
    assert app.state.telemetry is telemetry
    with pytest.raises(RuntimeError, match="once"):
        instrument(app, service="again")


def test_metrics_of_the_application_s_own_are_made_in_one_line(
    telemetry: Telemetry, registry: CollectorRegistry
) -> None:
    """Typed as the library's, registered where a scrape finds them."""
    telemetry.counter("orders", "Orders.", ["kind"]).labels("new").inc()
    telemetry.gauge("stock", "Stock.", over_workers="max").set(3.0)
    telemetry.histogram("pack_seconds", "Packing.", buckets=(1.0, 5.0)).observe(2.0)
    assert registry.get_sample_value("orders_total", {"kind": "new"}) == 1
    assert registry.get_sample_value("stock") == 3
    assert registry.get_sample_value("pack_seconds_bucket", {"le": "5.0"}) == 1
    with pytest.raises(ValueError, match="orders"):
        telemetry.counter("orders", "Orders again.")


def test_gauge_can_be_read_once_a_second(app: FastAPI, registry: CollectorRegistry) -> None:
    """`set_function` of the library shows nothing where there are many workers."""
    telemetry = instrument(app, service="test", registry=registry)
    length = 4.0
    telemetry.gauge("queue_length", "Jobs.", read=lambda: length)
    with TestClient(app):
        assert registry.get_sample_value("queue_length") == 4
        length = 9.0
        wait_until(lambda: registry.get_sample_value("queue_length") == 9)
    with pytest.raises(ValueError, match="labels"):
        telemetry.gauge("other", "Other.", ["kind"], read=lambda: 1.0)
