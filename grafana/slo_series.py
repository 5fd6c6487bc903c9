"""The names of the series that the SLO rules record: the one place that knows them."""

from typing import Final

OBJECTIVE: Final = "slo:objective:ratio"
ERROR_BUDGET: Final = "slo:error_budget:ratio"
PERIOD_DAYS: Final = "slo:time_period:days"
BURN_NOW: Final = "slo:current_burn_rate:ratio"
# The ledger: all events and the bad ones since it began.
TOTAL_EVENTS: Final = "slo:total_events:total"
BAD_EVENTS: Final = "slo:bad_events:total"
BUDGET_LEFT: Final = "slo:period_error_budget_remaining:ratio"
ALERT_BURN_RATE: Final = "slo:alert_burn_rate:factor"
# Is there whenever the counters of an SLO are, each evaluation.
MEASURED: Final = "slo:sli_series:count"
HISTORY_SECONDS: Final = "slo:history:seconds"
LATENCY_THRESHOLD: Final = "slo:latency_threshold:seconds"
POOL_WAIT_THRESHOLD: Final = "slo:pool_wait_threshold:seconds"


def errors(window: str) -> str:
    """Return the series with the share of bad events in a window."""
    return f"slo:sli_error:ratio_rate{window}"


def total(window: str) -> str:
    """Return the series with the events a second in a window."""
    return f"slo:total_events:rate{window}"
