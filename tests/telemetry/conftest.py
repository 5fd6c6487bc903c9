"""A fresh application, registry and captured log for each test of the telemetry."""

import logging
import os
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from burnrate.telemetry import Telemetry, failures, instrument
from tests.telemetry.clock import Clock
from tests.telemetry.lines import Lines
from tests.telemetry.newer import NEWER


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what the oldest releases do not have where those are installed."""
    if os.environ.get("BURNRATE_MATRIX") != "lowest-direct":
        return
    for item in items:
        for name, reason in NEWER.items():
            if item.name.startswith(name):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(autouse=True)
def _new_process() -> None:
    """Each test is a process that has said nothing yet, and counted nothing of its own trouble."""
    failures._said.clear()
    for counter in (failures.failures, failures.log_lines):
        counter._early.clear()
        for series in counter._series.values():
            series._value.set(0)


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Capture all log lines of a test."""
    captured = Lines()
    root = logging.getLogger()
    level = root.level
    root.addHandler(captured.handler)
    root.setLevel(logging.INFO)
    yield captured
    root.removeHandler(captured.handler)
    root.setLevel(level)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Stop the clock of all requests."""
    clock = Clock()
    for module in ("http_exchange", "unanswered"):
        monkeypatch.setattr(
            f"burnrate.telemetry.exchanges.{module}.perf_counter", lambda: clock.seconds
        )
    return clock


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def app() -> FastAPI:
    return FastAPI()


@pytest.fixture
def telemetry(app: FastAPI, registry: CollectorRegistry, lines: Lines) -> Telemetry:
    """Instrument `app`; the capture is set up anew since instrumenting replaces handlers."""
    made = instrument(app, service="test", version="1.0", registry=registry)
    logging.getLogger().addHandler(lines.handler)
    return made
