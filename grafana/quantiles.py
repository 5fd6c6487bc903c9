"""Quantiles of the telemetry's histograms, which know nothing below their lowest bound.

A quantile in the lowest bucket is a guess between 0 and its bound: it is shown as "under 5 ms".
"""

from typing import Final

# The lowest bound of each; services that measure by others have none of these series.
LOWEST_BOUNDS: Final = {
    "http_request_duration_seconds": 0.005,
    "pool_wait_seconds": 0.001,
    "pool_use_seconds": 0.001,
    "event_loop_lag_seconds": 0.001,
    "front_door_request_duration_seconds": 0.05,
}


def quantile(
    number: float,
    metric: str,
    selector: str,
    *,
    by: tuple[str, ...] = (),
    window: str = "$__rate_interval",
    offset: str = "",
) -> str:
    """Return the expression of a quantile that is at least the histogram's lowest bound.

    Args:
        number: Between 0 and 1.
        metric: The histogram, without `_bucket`.
        selector: Matchers of its series.
        by: The labels that stay.
        window: Over how long.
        offset: From which other time, such as ` offset 1d`.
    """
    kept = ", ".join((*by, "le"))
    # Over the whole range not `rate`: VictoriaMetrics' differs where a series appears or ends.
    counted = "increase" if window == "$__range" else "rate"
    buckets = f"sum by ({kept}) ({counted}({metric}_bucket{{{selector}}}[{window}]{offset}))"
    return f"clamp_min(histogram_quantile({number}, {buckets}), {LOWEST_BOUNDS[metric]:g})"


def under(metric: str) -> tuple[float, str]:
    """Return the histogram's lowest bound, and what is shown for a quantile that is no more."""
    bound = LOWEST_BOUNDS[metric]
    return bound, f"under {bound * 1000:g} ms"
