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
_STOP: Final = "`burnrate drill redis-down`: its exporter complains"

# By dashboard, panel and letter of the query, as the tests name them.
EMPTY: Final[dict[str, ExpectedEmpty]] = {
    "Services / Firing alerts / A": ExpectedEmpty("nothing fires", _FAIL),
    "SLO overview / Firing alerts / A": ExpectedEmpty("nothing fires", _FAIL),
    "SLO overview / Warnings and errors / A": ExpectedEmpty("nothing to complain about", _FAIL),
    "SLO overview / What spent it / A": ExpectedEmpty("nothing fails", _FAIL),
    "SLO overview / What spent it / B": ExpectedEmpty("nothing fails", _FAIL),
    **{
        f"Service / {what}, then and now / {letter}": ExpectedEmpty(
            f"the service is younger than a {age}", f"a {age}", is_held=False
        )
        for what in ("Requests", "Latency")
        for letter, age in (("B", "day"), ("C", "week"))
    },
    **{
        f"Service / Size of {what}, p99 / A": ExpectedEmpty(
            "sizes are measured where TELEMETRY_BODY_SIZES is set",
            "that setting",
            is_held=False,
        )
        for what in ("requests", "answers")
    },
    "Logs / Top exceptions / A": ExpectedEmpty("nothing raises", _FAIL),
    "Logs / Top error messages / A": ExpectedEmpty("no error is written", _LOG),
    "Logs / Slow requests / A": ExpectedEmpty("all requests are fast", _SLOW),
    "Traces / Failing requests / A": ExpectedEmpty("no request fails", _FAIL),
    "Traces / Slow requests / A": ExpectedEmpty("all requests are fast", _SLOW),
    "nginx / Failed requests / A": ExpectedEmpty("no request fails", _FAIL),
    **{
        f"PostgreSQL / Blocked statements / {letter}": ExpectedEmpty(
            "nobody waits for a lock",
            "a transaction that is left open with a lock",
            is_held=False,
        )
        for letter in "AB"
    },
    **{
        f"PostgreSQL / Replicas' {what} / A": ExpectedEmpty(
            "the stack has no replica", "a replica", is_held=False
        )
        for what in ("delay", "backlog")
    },
    "Stack health / Firing alerts / A": ExpectedEmpty("nothing fires", _FAIL),
    "Stack health / Errors of the stack / A": ExpectedEmpty(
        "no part complains", _STOP, is_held=False
    ),
}
