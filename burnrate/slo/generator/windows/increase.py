"""Windows of `increase`, for what a ledger cannot count and engines that do not read back at once.

Short windows are read from the raw series, where every sample counts. Longer ones are sums of
recorded shorter ones at offsets: the same events, none twice, for a few samples instead of days of
raw ones. No rule reads its own last value.
"""

import re
from collections.abc import Sequence
from typing import Final

import promql_parser

from burnrate.durations import format_duration
from burnrate.promql import parse
from burnrate.slo.generator.windows.names import Rule, events_name
from burnrate.slo.specification import Slo, is_proportional
from burnrate.slo.windows import HOUR, M5, Window

# If a record was not written at that moment, an older one is taken.
LOOKBACK: Final = "10m"
# The function, and not what stands in quotes.
_RATE: Final = re.compile(
    r"""(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)|\brate\s*\("""
)


class _Increase:
    """Events of windows as what counters gained; nothing is known of gaps and new series."""

    def recovery(self, slo: Slo) -> Sequence[Rule]:  # noqa: ARG002 - the interface's
        return ()

    def base(self, slo: Slo) -> Sequence[Rule]:  # noqa: ARG002 - the interface's
        return ()

    def total(self, slo: Slo, window: Window) -> str:
        if window.part is not None:
            return _joined(slo, "total", window)
        return raw_events(slo, "total", window)

    def bad(self, slo: Slo, window: Window) -> str:
        if window.part is not None:
            return _joined(slo, "bad", window)
        # If no bad event was ever counted there are 0; if no event was, there is no value, since
        # silence is not health. A difference of two counters may be just below 0 by rounding.
        query = raw_events(slo, "bad", window)
        total = f"{events_name('total', window)}{slo.selector}"
        return f"clamp_min({query}, 0) or on () 0 * {total}"

    def in_period(self, slo: Slo, kind: str) -> str:
        part = f"{events_name(kind, M5)}{slo.lookup}"
        return f"sum(sum_over_time({part}[{slo.period}:{M5.name}])) * {M5.seconds}"

    def full_period(self, slo: Slo) -> str:  # noqa: ARG002 - the interface's
        return ""


INCREASE: Final = _Increase()


def raw_events(slo: Slo, kind: str, window: Window) -> str:
    """Return the events a second over a window that is read from the raw series."""
    query = slo.total_query(window.name) if kind == "total" else slo.error_query(window.name)
    match slo.counted:
        case "rate":
            return gained(query, window)
        case "amount":
            return f"{_one(query)} / {window.seconds}"
        case "time":
            # Seconds a second already.
            return _one(query)


def is_gained(query: str) -> bool:
    """Whether the events of a query are counted with `increase`: else its rates stay."""
    return is_proportional(parse(query))


def gained(query: str, window: Window) -> str:
    """Return a query whose rates are `increase` by the second, as one series.

    One with a threshold of a rate in it, or with a number of series, keeps its rates.

    `rate` and `increase` of Prometheus agree; those of VictoriaMetrics differ where a series
    begins or ends, and its `increase` is the one that agrees with Prometheus'.
    """
    if not is_gained(query):
        return _one(query)
    text = _RATE.sub(lambda found: found["string"] or "increase(", query)
    return f"{_one(text)} / {window.seconds}"


def _one(query: str) -> str:
    # A record must be one series, whatever labels a query leaves; most leave none.
    node = parse(query)
    is_one = isinstance(node, promql_parser.AggregateExpr) and node.modifier is None
    return query if is_one else f"sum({query})"


def _joined(slo: Slo, kind: str, window: Window) -> str:
    assert window.part is not None  # noqa: S101 - asked for by the caller
    part = events_name(kind, window.part) + slo.lookup
    count = window.seconds // window.part.seconds
    # From before the service or Prometheus was there, no events are counted. max(), because the
    # SLO's labels may have changed since: what has the old ones still counts, but only once.
    earlier = [
        f"(max(last_over_time({part}[{LOOKBACK}] offset {_offset(index * window.part.seconds)}))"
        " or vector(0))"
        for index in range(1, count)
    ]
    return f"({' + '.join([f'max({part})', *earlier])}) / {count}"


def _offset(seconds: int) -> str:
    return format_duration(seconds) if seconds % HOUR else f"{seconds // HOUR}h"
