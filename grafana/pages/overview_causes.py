"""What the overview says of causes: which limit is reached, and what spent the budget."""

from typing import Final

from grafana_foundation_sdk.models.dashboard import GridPos

from burnrate.slo.windows import DAY
from grafana import slo_series
from grafana.frame import Builder
from grafana.limits import LAG, OURS, USED, WAITING
from grafana.panels import DASHED, FULL, UP, Query, graph, legend, stat
from grafana.promises import Promises
from grafana.quantiles import quantile, under
from grafana.requests import REQUESTS, route_label
from grafana.tables import Column, Label, table

_CHOSEN: Final = f'{OURS}, slo=~"$slo"'
_EVEN: Final = "spent evenly"


def limits(first: GridPos) -> list[Builder]:
    """Return a figure for each limit that a service may reach.

    Args:
        first: The place of the first one; the others are to the right of it.
    """
    panels = [
        stat(
            "Fullest pool",
            "Is a pool the cause? The highest share of a pool's connections (or threads) in "
            "use. At 100 % the next request waits; *Saturation* shows which.",
            Query(f"max({USED})"),
            unit="percentunit",
            decimals=0,
            steps=FULL,
        ),
        stat(
            "Waiting for a pool",
            "Do requests wait for a connection (or thread)? How many wait now.",
            Query(f"sum(pool_pending_requests{{{OURS}}})"),
            unit="none",
            decimals=0,
            steps=WAITING,
        ),
        stat(
            "Event loop lag, p99",
            "Does something block the event loop? How late it wakes up; above 0.1 s, something "
            "does.",
            Query(f"{quantile(0.99, 'event_loop_lag_seconds', OURS)} >= 0"),
            unit="s",
            decimals=0,
            steps=LAG,
            words=under("event_loop_lag_seconds"),
        ),
        stat(
            "Workers",
            "Are all worker processes running? Fewer than configured means that they crash or "
            "are being recycled.",
            Query(f"sum(workers{{{OURS}}})"),
            unit="none",
            decimals=0,
            steps=UP,
        ),
    ]
    return [
        panel.grid_pos(GridPos(h=first.h, w=first.w, x=first.x + number * first.w, y=first.y))
        for number, panel in enumerate(panels)
    ]


def spending(promises: Promises) -> list[Builder]:
    """Return how the budget of the last period went, and which answers spent it."""
    period = f"{promises.period_days}d"
    return [_burn_down(promises).time_from(period), _spent_by(period).time_from(period)]


def _burn_down(promises: Promises) -> Builder:
    bad, total = (
        f"{name}{{{_CHOSEN}}}" for name in (slo_series.BAD_EVENTS, slo_series.TOTAL_EVENTS)
    )
    # A ledger that is younger than the period began at 0.
    spent = f"({bad} - ({bad} @ start() or 0 * {bad}))"
    events = f"({total} @ end() - ({total} @ start() or 0 * ({total} @ end())))"
    # As the rules have it, a history that is shorter than the period is taken to be like all of it.
    seconds = promises.period_days * DAY
    history = f"clamp_max({slo_series.HISTORY_SECONDS}{{{_CHOSEN}}} @ end(), {seconds})"
    budget = f"{slo_series.ERROR_BUDGET}{{{_CHOSEN}}} @ end()"
    end = f"max(timestamp({slo_series.OBJECTIVE}{{{OURS}}} @ end()))"
    return (
        graph(
            "Budget of the period",
            f"How fast is the budget spent? What was left of it on each of the last "
            f"{promises.period_days} days, if it began anew at their start; the dashed line is "
            "spending that is even and ends with the period. Below it, the budget will not last.",
            [
                Query(
                    f"1 - {spent} * {history} / {seconds} / ({events} > 0) / {budget}", "{{slo}}"
                ),
                Query(f"vector((scalar({end}) - time()) / $__range_s) >= 0", _EVEN),
            ],
            unit="percentunit",
            empty="less than an hour of history, or rules without a ledger (VictoriaMetrics)",
        )
        .override_by_name(_EVEN, DASHED)
        .min(-1)
        .max(1)
        .fill_opacity(0)
        .legend(legend(sort_desc=False))
        .span(12)
        .height(9)
    )


def _spent_by(period: str) -> Builder:
    by = "sum by (endpoint, status)"
    failed = f'increase(http_requests_total{{{REQUESTS}, status=~"5..|499"}}[$__range])'
    return (
        table(
            "What spent it",
            "Which answers spent the budget of availability? Answers of the service with a 5xx, "
            f"and clients that gave up (499), over the last {period}: their number and their "
            "share. What nginx answered itself is on *nginx*. Empty while nothing fails.",
            [
                route_label(),
                Label("status", "Status", width=90),
            ],
            [
                Column("Answers", f"{by} ({failed}) > 0", "short", decimals=0, width=110),
                Column(
                    "Share",
                    f"{by} ({failed}) / on () group_left () (sum({failed}) > 0) > 0",
                    "percentunit",
                    decimals=1,
                    width=110,
                ),
            ],
            empty="nothing failed in this period",
            sort_by="Answers",
        )
        .span(12)
        .height(9)
    )
