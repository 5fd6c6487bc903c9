"""Caches, limits, background tasks, and what a process says of itself."""

import asyncio
import time

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry

from burnrate.telemetry import Telemetry, instrument
from tests.support.waiting import wait_until
from tests.telemetry.lines import Lines


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
    """CPU, memory, descriptors and the number of workers."""
    instrument(app, service="test", version="1.2", registry=registry)
    with TestClient(app):
        assert registry.get_sample_value("workers") == 1
        for name in (
            "process_cpu_seconds_total",
            "process_resident_memory_bytes",
            "process_open_fds",
        ):
            assert (registry.get_sample_value(name) or 0) > 0
    labels = {"service": "test", "version": "1.2", "revision": "unknown"}
    assert registry.get_sample_value("service_info", labels) == 1


def test_instrumenting_twice_or_too_late_is_refused(app: FastAPI, telemetry: Telemetry) -> None:
    """Two layers would count everything twice."""
    assert app.state.telemetry is telemetry
    with pytest.raises(RuntimeError, match="once"):
        instrument(app, service="again")
