"""The names of the series that the SLO rules record: the one place that knows them."""

from dataclasses import dataclass
from typing import Final

OBJECTIVE: Final = "slo:objective:ratio"
ERROR_BUDGET: Final = "slo:error_budget:ratio"
PERIOD_DAYS: Final = "slo:time_period:days"
BURN_NOW: Final = "slo:current_burn_rate:ratio"
BUDGET_LEFT: Final = "slo:period_error_budget_remaining:ratio"


def errors(window: str) -> str:
    """Return the series with the share of bad events in a window."""
    return f"slo:sli_error:ratio_rate{window}"


@dataclass(frozen=True)
class Pair:
    """An alert's two windows, and how many times too fast the budget burns when it fires."""

    long: str
    short: str
    factor: float
    name: str


# The factors of a 30-day period (SRE workbook, chapter 5).
PAIRS: Final = (
    Pair("1h", "5m", 14.4, "fast page's"),
    Pair("6h", "30m", 6, "slower page's"),
    Pair("1d", "2h", 3, "faster ticket's"),
    Pair("3d", "6h", 1, "slow ticket's"),
)
