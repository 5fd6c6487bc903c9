"""Spans that are open when the wall clock steps."""

import time

import pytest
from opentelemetry.sdk.trace import TracerProvider

from burnrate.telemetry.traces.steady import SteadyDurations

HOUR = 3600 * 10**9


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return by how much the wall clock is off, for a test to set."""
    off = [0]
    real = time.time_ns
    for module in ("burnrate.telemetry.traces.steady", "opentelemetry.sdk.trace"):
        monkeypatch.setattr(f"{module}.time_ns", lambda: real() + off[0])
    return off


@pytest.mark.parametrize("step", [-HOUR, HOUR, -3 * 10**9, 3 * 10**9])
def test_a_span_across_a_step_takes_as_long_as_it_took(clock: list[int], step: int) -> None:
    provider = TracerProvider()
    provider.add_span_processor(SteadyDurations())
    before = time.perf_counter_ns()
    span = provider.get_tracer("clients").start_span("SELECT")
    clock[0] += step
    span.end()
    took = time.perf_counter_ns() - before
    assert span.start_time is not None  # type: ignore[attr-defined]
    assert 0 <= span.end_time - span.start_time <= took  # type: ignore[attr-defined]


def test_times_that_were_given_stay(clock: list[int]) -> None:
    """Of a request's span, and of one that an application times itself."""
    provider = TracerProvider()
    provider.add_span_processor(SteadyDurations())
    span = provider.get_tracer("requests").start_span("GET", start_time=5)
    clock[0] -= HOUR
    span.end(12)
    assert span.end_time == 12  # type: ignore[attr-defined]
    untouched = provider.get_tracer("requests").start_span("GET", start_time=5)
    untouched.end(12)
    assert untouched.end_time == 12  # type: ignore[attr-defined]
