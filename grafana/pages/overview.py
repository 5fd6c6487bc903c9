"""The SLO overview, read from top to bottom: is it bad, since when, for whom, why."""

from typing import Final

from burnrate.slo.windows import CAUSE_EVALUATION_SECONDS, DAY, Tier
from grafana import requests, slo_series
from grafana.budgets import budget_left, budget_over_time, burn_rate_now
from grafana.frame import (
    Builder,
    Page,
    Row,
    alerts_of_service,
    deployments,
    firing,
    service_variable,
    slo_variable,
)
from grafana.lines import log_lines, readable
from grafana.panels import DASHED, GREEN, LIMIT, RED, YELLOW, Query, Steps, graph, stat
from grafana.places import Uid, field, to
from grafana.promises import Promises
from grafana.tables import Column, Label, label_table, table

_EACH: Final = 'service="$service"'
_CHOSEN: Final = 'service="$service", slo=~"$slo"'
# Parts of the stack only have alerts, and those lead to their own dashboards.
_SERVICES: Final = f"label_values({slo_series.OBJECTIVE}, service)"
_SLOS: Final = f'label_values({slo_series.OBJECTIVE}{{service="$service"}}, slo)'


def _by_slo(expression: str) -> str:
    return f"max by (slo) ({expression})"


def _errors(window: str) -> str:
    return f"{slo_series.errors(window)}{{{_EACH}}}"


def _to_exhaustion() -> str:
    """Return the days until the budget is exhausted, at the rate of the last hour."""
    left = f"clamp_min({_by_slo(f'{slo_series.BUDGET_LEFT}{{{_EACH}}}')}, 0)"
    days = _by_slo(f"{slo_series.PERIOD_DAYS}{{{_EACH}}}")
    budget = _by_slo(f"{slo_series.ERROR_BUDGET}{{{_EACH}}}")
    return f"{left} * {days} * {budget} / ({_by_slo(_errors('1h'))} > 0)"


def _sli() -> str:
    """Return the period's share of good events: the spent part of the budget, taken from 1."""
    left = _by_slo(f"{slo_series.BUDGET_LEFT}{{{_EACH}}}")
    return f"1 - (1 - {left}) * {_by_slo(f'{slo_series.ERROR_BUDGET}{{{_EACH}}}')}"


def _not_measured(promises: Promises) -> str:
    """Return for how many seconds of the period there was nothing to count.

    What is missing are minutes in which no evaluation, of whatever interval, found the counters.
    One or two are missing by chance, where Prometheus began between two.
    """
    grain = 2 * CAUSE_EVALUATION_SECONDS
    found = f"count_over_time({slo_series.MEASURED}{{{_EACH}}}[{grain}s])"
    there = _by_slo(f"count_over_time({found}[{promises.period_days}d:{grain}s])")
    seconds = promises.period_days * DAY
    expected = f"clamp_max({_by_slo(f'{slo_series.HISTORY_SECONDS}{{{_EACH}}}')}, {seconds})"
    return f"clamp_min({expected} - {grain} * {there} - {2 * grain}, 0)"


def _history(promises: Promises) -> str:
    """Return for how long a ledger has counted, at most the period; a full period has no value."""
    history = _by_slo(f"{slo_series.HISTORY_SECONDS}{{{_EACH}}}")
    return f"{history} < {promises.period_days * DAY}"


def _objectives(promises: Promises) -> Builder:
    return table(
        "Objectives",
        "Is it bad, and which objective is missed? Each objective, its SLI over the period, "
        "what is left of the error budget, its burn rate now, and "
        "when it is exhausted at the rate of the last hour. Not measured: a hole in the budget, in "
        "which events were neither good nor bad. History: for how long events have been counted, "
        "where that is less than the period, which then is taken to be like it. Availability is "
        "counted at the front door, the others by the service.",
        [
            Label(
                "slo",
                "Objective of",
                (to(Uid.OVERVIEW, "Only this objective", slo=field("Objective of")),),
            )
        ],
        [
            Column(
                "Objective",
                _by_slo(f"{slo_series.OBJECTIVE}{{{_EACH}}}"),
                "percentunit",
                decimals=2,
                width=90,
            ),
            Column(
                "SLI",
                _sli(),
                "percentunit",
                decimals=3,
                width=120,
                empty="not recorded yet",
            ),
            budget_left(
                promises,
                _by_slo(f"{slo_series.BUDGET_LEFT}{{{_EACH}}}"),
                empty="not recorded yet",
            ),
            burn_rate_now(promises, _by_slo(f"{slo_series.BURN_NOW}{{{_EACH}}}")),
            Column(
                "Exhausted in",
                _to_exhaustion(),
                "suffix:d",
                Steps(RED, ((1, YELLOW), (3, GREEN))),
                decimals=1,
                width=140,
                empty="never at this rate",
                spent="spent already",
            ),
            Column(
                "Not measured",
                _not_measured(promises),
                "s",
                width=110,
                steps=Steps(GREEN, ((300, YELLOW), (3600, RED))),
                decimals=0,
                empty="not recorded",
            ),
            Column(
                "History",
                _history(promises),
                "s",
                decimals=0,
                empty=f"{promises.period_days} days",
            ),
        ],
        empty="this service has no objective in prometheus/slo",
        sort_by="Budget left",
        smallest_first=True,
    ).span(16)


def _firing() -> Builder:
    return label_table(
        "Firing alerts",
        "What fires now for this service? The alert's name links to the service's logs. Empty "
        "on a healthy service.",
        Query(firing(_EACH)),
        [
            Label("alertname", "Alert", (to(Uid.LOGS, "Logs of the service"),), width=210),
            Label("severity", "Severity", width=80),
            Label("slo", "Objective of"),
        ],
        empty="no alert is firing",
    ).span(8)


def _burn(tier: Tier) -> Builder:
    budget = f"on (service, slo) group_left () {slo_series.ERROR_BUDGET}{{{_CHOSEN}}}"
    long, short = tier.long.name, tier.short.name
    burns = [
        Query(f"{slo_series.errors(window)}{{{_CHOSEN}}} / {budget}", f"{{{{slo}}}} {window}")
        for window in (long, short)
    ]
    rate = f'{slo_series.ALERT_BURN_RATE}{{{_CHOSEN}, tier="{tier.suffix}"}}'
    return graph(
        f"Burn rate, {long} and {short}",
        f"Does the {tier.suffix.lower()} {tier.severity} fire, and since when? It does while both "
        "windows of an objective are above the dashed line. At 1 the budget lasts exactly its "
        "period.",
        [*burns, Query(f"max({rate})", LIMIT)],
        unit="suffix:x",
    ).override_by_name(LIMIT, DASHED)


def _burns(promises: Promises) -> list[Builder]:
    return [_burn(tier).span(24 // len(promises.tiers)) for tier in promises.tiers]


def _budget_over_time() -> Builder:
    return budget_over_time(
        "Error budget left over time",
        "When was the budget spent? It falls with each failure, and recovers when that failure is "
        "a period old.",
        Query(f"{slo_series.BUDGET_LEFT}{{{_CHOSEN}}}", "{{slo}}"),
    ).span(24)


def _causes() -> list[Builder]:
    return [
        stat(
            "Fullest pool",
            "Is a pool the cause? The highest share of a pool's connections (or threads) in "
            "use. At 100 % the next request waits.",
            Query(
                f'max(sum by (pool) (pool_connections{{{_EACH}, state="used"}})'
                f" / sum by (pool) (pool_max_connections{{{_EACH}}}))"
            ),
            unit="percentunit",
            decimals=0,
            steps=Steps(GREEN, ((0.8, YELLOW), (0.95, RED))),
        ).span(6),
        stat(
            "Waiting for a pool",
            "Do requests wait for a connection (or thread)? How many wait now.",
            Query(f"sum(pool_pending_requests{{{_EACH}}})"),
            unit="none",
            decimals=0,
            steps=Steps(GREEN, ((1, YELLOW), (10, RED))),
        ).span(6),
        stat(
            "Event loop lag, p99",
            "Does something block the event loop? How late it wakes up; above 0.1 s, something "
            "does.",
            Query(
                "histogram_quantile(0.99, sum by (le) ("
                f"rate(event_loop_lag_seconds_bucket{{{_EACH}}}[$__rate_interval]))) >= 0"
            ),
            unit="s",
            steps=Steps(GREEN, ((0.05, YELLOW), (0.1, RED))),
        ).span(6),
        stat(
            "Workers",
            "Are all worker processes running? Fewer than configured means that they crash or "
            "are being recycled.",
            Query(f"sum(workers{{{_EACH}}})"),
            unit="none",
            decimals=0,
            steps=Steps(RED, ((1, GREEN),)),
        ).span(6),
    ]


def page(promises: Promises) -> Page:
    """Return the SLO overview, for a team's promises."""
    return Page(
        uid=Uid.OVERVIEW,
        title="SLO overview",
        description=(
            "A service's objectives, what is left of their error budgets, and the way to the cause."
        ),
        variables=(service_variable(_SERVICES), slo_variable(_SLOS)),
        annotations=(alerts_of_service(), deployments()),
        has_logs=True,
        rows=(
            Row("Objectives: is it bad?", [_objectives(promises), _firing()]),
            Row(
                "Budget: since when, and how fast?",
                [
                    *_burns(promises),
                    _budget_over_time(),
                ],
            ),
            Row("Requests: for whom?", [requests.route_table(promises).height(9)]),
            Row("Limits: why?", _causes()),
            Row(
                "Logs: what does it say?",
                [
                    log_lines(
                        "Warnings and errors",
                        "What does the service say about it? Its lines of level warning and "
                        "above. Each links to its trace. Empty while nothing goes wrong.",
                        readable('{service="$service", level=~"warning|error|critical"}'),
                        empty="no warnings or errors in this time range",
                    )
                ],
            ),
        ),
    )
