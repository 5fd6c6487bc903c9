"""In an outage no more spans are made afterwards than somebody could look at."""

import pytest
from fastapi import Response
from hypothesis import given
from hypothesis import strategies as st

from burnrate.telemetry.traces import LateSpans
from tests.telemetry.traces.test_late_spans import Traced, context_of, exemplars

pytestmark = pytest.mark.usefixtures("never_sampled")

_AT_ONCE = 10
pauses = st.lists(st.floats(0.0, 30.0), min_size=1, max_size=200)


class _Times:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@given(pauses, st.sampled_from([0.5, 1.0, 4.0]))
def test_no_time_has_more_than_its_share(seconds: list[float], per_second: float) -> None:
    """Ten and so many a second, whenever one begins to count; and never fewer than asked for."""
    times = _Times()
    late = LateSpans(per_second, times)
    taken = []
    for pause in seconds:
        times.now += pause
        if late.take("/orders", 500):
            taken.append(times.now)
    for first, begun in enumerate(taken):
        for last in range(first, len(taken)):
            allowed = _AT_ONCE + (taken[last] - begun) * per_second
            assert last - first + 1 <= allowed + 1e-6
    assert len(taken) >= min(len(seconds), _AT_ONCE)


@given(st.integers(1, 100))
def test_who_comes_at_the_rate_has_a_span_each_time(count: int) -> None:
    """Also after all that there are at once."""
    times = _Times()
    late = LateSpans(1.0, times)
    for _ in range(_AT_ONCE):
        assert late.take("/orders", 500)
    assert not late.take("/orders", 500)
    for _ in range(count):
        times.now += 1.0 + 1e-9
        assert late.take("/orders", 500)


def test_one_kind_takes_nothing_from_another() -> None:
    """A route that fails all the time hides neither another one nor another status."""
    late = LateSpans(1.0, _Times())
    assert [late.take("/orders", 500) for _ in range(_AT_ONCE + 1)] == [True] * _AT_ONCE + [False]
    assert late.take("/orders", 504)
    assert late.take("/users", 500)


def test_none_is_none() -> None:
    """Not even the first."""
    assert not LateSpans(0.0).take("/orders", 500)


def test_exemplars_lead_to_spans_that_there_are() -> None:
    """In an outage most failures have ids in their lines alone."""
    traced = Traced(late_spans_per_second=1e-6)
    traced.app.add_api_route("/fail", lambda: Response(status_code=503))
    traced.app.add_api_route("/other", lambda: Response(status_code=500))
    for _ in range(3 * _AT_ONCE):
        assert traced.get("/fail") == 503
    assert traced.get("/other") == 500

    spans = traced.exporter.get_finished_spans()
    assert [span.name for span in spans] == ["GET /fail"] * _AT_ONCE + ["GET /other"]
    made = {f"{context_of(span).trace_id:032x}" for span in spans}
    assert exemplars(traced.metrics) <= made


def test_slow_ones_are_as_few() -> None:
    """Where everything is slow a span for each would make it slower."""
    traced = Traced(slow_request_seconds=1e-9, late_spans_per_second=1e-6)
    traced.app.add_api_route("/slow", lambda: "done")
    for _ in range(2 * _AT_ONCE):
        assert traced.get("/slow") == 200
    assert len(traced.exporter.get_finished_spans()) == _AT_ONCE
