"""The records of one SLO: events, ratios, the budget."""

from fractions import Fraction
from typing import Any, Final

import promql_parser

from burnrate.promql import parse
from burnrate.slo.specification import LatencySettings, Slo, number
from burnrate.slo.windows import (
    HOUR,
    M5,
    PAGE_WINDOWS,
    TICKET_WINDOWS,
    WINDOWS,
    Tier,
    Window,
)

Rule = dict[str, Any]

# The length of the pieces whose sum is the period. With five minutes an outage soon shows in the
# budget, and a month has 8,640 samples, where a value every 15 s would make 172,800.
_PIECE: Final = M5
# The age of the last piece when the next is due: just less than a piece, so that an evaluation
# some milliseconds early does not skip it.
_PIECE_AGE: Final = "4m55s"
# If Prometheus restarted and a record was not written at that moment, an older one is taken.
_LOOKBACK: Final = "10m"
# In events a second, less than any traffic: one event in some thirty thousand years.
_NO_EVENTS: Final = "1e-12"


def records(slo: Slo) -> list[Rule]:
    """Return what pages are judged by and what counts events, each after those that it reads."""
    made = [
        # What dashboards list is there after the first evaluation.
        ("slo:objective:ratio", f"vector({number(slo.objective)})"),
        ("slo:error_budget:ratio", f"vector({number(slo.budget)})"),
        ("slo:error_budget_low:ratio", f"vector({number(slo.low_budget)})"),
        ("slo:time_period:days", f"vector({slo.period_days})"),
        *_threshold(slo),
        *(pair for window in PAGE_WINDOWS for pair in _window(slo, window)),
        (piece_name("total"), _piece(slo, "total")),
        (piece_name("bad"), _piece(slo, "bad")),
        ("slo:current_burn_rate:ratio", _burn(slo, ratio_name(M5))),
    ]
    factors = [
        _of_tier(slo, tier, "slo:alert_burn_rate:factor", slo.factor(tier)) for tier in slo.tiers
    ]
    return [*factors, *_rules(slo, made)]


def ticket_records(slo: Slo) -> list[Rule]:
    """Return the windows of days and the period, each record after those that it reads."""
    period = slo.period
    ratio = f"slo:sli_error:ratio_rate{period}"
    total, bad = (f"slo:{kind}_events:count{period}" for kind in ("total", "bad"))
    made = [
        *(pair for window in TICKET_WINDOWS for pair in _window(slo, window)),
        (total, _summed(slo, "total")),
        (bad, _summed(slo, "bad")),
        (ratio, _ratio(slo, bad, total)),
        ("slo:period_burn_rate:ratio", _burn(slo, ratio)),
        ("slo:period_error_budget_remaining:ratio", f"1 - {_burn(slo, ratio)}"),
    ]
    minimums = [
        _of_tier(slo, tier, "slo:alert_failures:minimum", slo.minimum_failures)
        for tier in slo.tiers
    ]
    return [*minimums, *_rules(slo, made)]


def _rules(slo: Slo, made: list[tuple[str, str]]) -> list[Rule]:
    return [{"record": name, "expr": expr, "labels": dict(slo.labels)} for name, expr in made]


def _of_tier(slo: Slo, tier: Tier, name: str, value: Fraction | int) -> Rule:
    labels = {
        **slo.labels,
        "tier": tier.suffix,
        "severity": tier.severity,
        "long_window": tier.long.name,
        "short_window": tier.short.name,
    }
    return {"record": name, "expr": f"vector({number(value)})", "labels": labels}


def _threshold(slo: Slo) -> list[tuple[str, str]]:
    if slo.threshold_seconds is None:
        return []
    what = "latency" if isinstance(slo.settings, LatencySettings) else "pool_wait"
    return [(f"slo:{what}_threshold:seconds", f"vector({number(slo.threshold_seconds)})")]


def _burn(slo: Slo, ratio: str) -> str:
    return f"{ratio}{slo.selector} / {number(slo.budget)}"


def ratio_name(window: Window) -> str:
    """Return the name of the error ratio over a window."""
    return f"slo:sli_error:ratio_rate{window.name}"


def events_name(kind: str, window: Window) -> str:
    """Return the name of the events a second over a window; `kind` is bad or total."""
    return f"slo:{kind}_events:rate{window.name}"


def piece_name(kind: str) -> str:
    """Return the name of the events of one piece of the period."""
    return f"slo:{kind}_events:count{_PIECE.name}"


def _window(slo: Slo, window: Window) -> list[tuple[str, str]]:
    total, bad = events_name("total", window), events_name("bad", window)
    if window.part is not None:
        total_expr, bad_expr = (_joined(slo, kind, window) for kind in ("total", "bad"))
    else:
        total_expr = _one(slo.total_query(window.name))
        # If no bad event was ever counted there are 0; if no event was, there is no value, since
        # silence is not health. A difference of two counters may be just below 0 by rounding.
        bad_expr = (
            f"clamp_min({_one(slo.error_query(window.name))}, 0) or on () 0 * {total}{slo.selector}"
        )
    return [
        (total, total_expr),
        (bad, bad_expr),
        (ratio_name(window), _ratio(slo, bad, total)),
    ]


def _ratio(slo: Slo, bad: str, total: str) -> str:
    # Without traffic the ratio is 0, where 0 / 0 would be NaN. More bad events than events at all
    # are 100 %: of what is known, everything is bad.
    bad, total = bad + slo.selector, total + slo.selector
    return f"clamp_max({bad} / clamp_min({total}, {_NO_EVENTS}), 1)"


def _one(query: str) -> str:
    # A record must be one series, whatever labels a query leaves; most leave none.
    node = parse(query)
    is_one = isinstance(node, promql_parser.AggregateExpr) and node.modifier is None
    return query if is_one else f"sum({query})"


def _joined(slo: Slo, kind: str, window: Window) -> str:
    assert window.part is not None  # noqa: S101 - asked for by the caller
    part = events_name(kind, window.part) + slo.selector
    count = window.seconds // window.part.seconds
    # From before the service or Prometheus was there, no events are counted. max(), because the
    # SLO's labels may have changed since: what has the old ones still counts, but only once.
    earlier = [
        f"(max(last_over_time({part}[{_LOOKBACK}] offset {_offset(index * window.part.seconds)}))"
        " or vector(0))"
        for index in range(1, count)
    ]
    return f"({' + '.join([f'max({part})', *earlier])}) / {count}"


def _piece(slo: Slo, kind: str) -> str:
    # Recorded only when the last piece is old enough, so that pieces never overlap, not even with
    # those under labels that the SLO had before.
    return (
        f"{events_name(kind, _PIECE)}{slo.selector} * {_PIECE.seconds}"
        f" unless on () count_over_time({piece_name(kind)}{slo.selector}[{_PIECE_AGE}])"
    )


def _summed(slo: Slo, kind: str) -> str:
    # Pieces under any labels: an SLO that gets another label keeps its budget. At least the events
    # of the longest window: they include those since the last piece, at first all there are.
    longest = WINDOWS[-1]
    return (
        f"max(sum(sum_over_time({piece_name(kind)}{slo.selector}[{slo.period}]))"
        f" or {events_name(kind, longest)}{slo.selector} * {longest.seconds})"
    )


def _offset(seconds: int) -> str:
    return f"{seconds // HOUR}h" if seconds % HOUR == 0 else f"{seconds // 60}m"
