"""grafana/quantiles.py: its bounds are those that the telemetry measures by."""

import pytest

from burnrate.telemetry import metrics
from grafana.quantiles import LOWEST_BOUNDS, quantile, under


def test_lowest_bounds_are_those_of_the_telemetry() -> None:
    """Each histogram that a dashboard takes quantiles of."""
    assert {
        "http_request_duration_seconds": metrics.HTTP_SECONDS[0],
        "pool_wait_seconds": metrics.POOL_WAIT_SECONDS[0],
        "pool_use_seconds": metrics.POOL_USE_SECONDS[0],
        "event_loop_lag_seconds": metrics.LOOP_LAG_SECONDS[0],
        # nginx/lua and nginx/njs, whose tests compare them.
        "front_door_request_duration_seconds": 0.05,
    } == LOWEST_BOUNDS


@pytest.mark.parametrize("metric", LOWEST_BOUNDS)
def test_a_quantile_below_the_lowest_bound_is_said_in_words(metric: str) -> None:
    """The expression ends at the number for which the words stand."""
    bound, words = under(metric)

    assert quantile(0.99, metric, "").endswith(f", {bound:g})")
    assert words == f"under {bound * 1000:g} ms"
