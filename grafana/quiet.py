"""What returns nothing while all is well, why that is right, and the drill that fills it."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Quiet:
    """Why a query returns nothing on a healthy stack, and what makes it return something."""

    reason: str
    drill: str
    # Whether the scripted traffic of the tests holds the drill.
    is_held: bool = True


_FAIL: Final = "`burnrate drill errors`"
_SLOW: Final = "`burnrate drill latency`"
_LOG: Final = "`burnrate drill log-errors`"
_STOP: Final = "`burnrate drill redis-down`: its exporter complains (not in the tests)"

# By dashboard, panel and letter of the query, as the tests name them.
EMPTY: Final[dict[str, Quiet]] = {
    "SLO overview / Objectives / E": Quiet("a budget that nothing uses is never gone", _FAIL),
    "SLO overview / Firing alerts / A": Quiet("nothing fires", _FAIL),
    "SLO overview / Routes / B": Quiet("no route fails", _FAIL),
    "SLO overview / Warnings and errors / A": Quiet("nothing to complain about", _FAIL),
    "Service / Routes / B": Quiet("no route fails", _FAIL),
    "Logs / Top exceptions / A": Quiet("nothing raises", _FAIL),
    "Logs / Top error messages / A": Quiet("no error is written", _LOG),
    "Logs / Slow requests / A": Quiet("all requests are fast", _SLOW),
    "Traces / Failing requests / A": Quiet("no request fails", _FAIL),
    "Traces / Slow requests / A": Quiet("all requests are fast", _SLOW),
    "nginx / Failed requests / A": Quiet("no request fails", _FAIL),
    "Stack health / Firing alerts / A": Quiet("nothing fires", _FAIL),
    "Stack health / Errors of the stack / A": Quiet("no part complains", _STOP, is_held=False),
}
