"""What returns nothing while all is well, why that is right, and the drill that fills it."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class ExpectedEmpty:
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
EMPTY: Final[dict[str, ExpectedEmpty]] = {
    "Services / Services / G": ExpectedEmpty("nothing fires", _FAIL),
    "Services / Services / H": ExpectedEmpty("nothing fires", _FAIL),
    "Services / Firing alerts / A": ExpectedEmpty("nothing fires", _FAIL),
    "SLO overview / Objectives / E": ExpectedEmpty(
        "a budget that nothing uses is never gone", _FAIL
    ),
    "SLO overview / Firing alerts / A": ExpectedEmpty("nothing fires", _FAIL),
    "SLO overview / Routes / B": ExpectedEmpty("no route fails", _FAIL),
    "SLO overview / Warnings and errors / A": ExpectedEmpty("nothing to complain about", _FAIL),
    "Service / Routes / B": ExpectedEmpty("no route fails", _FAIL),
    "Logs / Top exceptions / A": ExpectedEmpty("nothing raises", _FAIL),
    "Logs / Top error messages / A": ExpectedEmpty("no error is written", _LOG),
    "Logs / Slow requests / A": ExpectedEmpty("all requests are fast", _SLOW),
    "Traces / Failing requests / A": ExpectedEmpty("no request fails", _FAIL),
    "Traces / Slow requests / A": ExpectedEmpty("all requests are fast", _SLOW),
    "nginx / Failed requests / A": ExpectedEmpty("no request fails", _FAIL),
    "Host / File systems / D": ExpectedEmpty(
        "no disk fills", "a disk that fills for six hours (not in the tests)", is_held=False
    ),
    "Stack health / Firing alerts / A": ExpectedEmpty("nothing fires", _FAIL),
    "Stack health / Errors of the stack / A": ExpectedEmpty(
        "no part complains", _STOP, is_held=False
    ),
}
