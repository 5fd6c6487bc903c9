"""The SLO overview, read from top to bottom: is it bad, since when, for whom, why."""

from typing import Final

from grafana_foundation_sdk.models.dashboard import GridPos

from burnrate.slo.windows import CAUSE_EVALUATION_SECONDS, DAY, Tier
from grafana import requests, slo_series
from grafana.budgets import budget_left, budget_over_time, burn_rate_now
from grafana.frame import (
    Builder,
    Page,
    Row,
    alerts_of_service,
    configurations,
    deployments,
    faults,
    firing,
    restarts,
    service_variable,
    slo_variable,
)
from grafana.lines import log_lines, readable
from grafana.pages.overview_causes import limits, spending
from grafana.panels import DASHED, GREEN, LIMIT, RED, YELLOW, Query, Steps, compact, graph
from grafana.places import Uid, field, to
from grafana.promises import Promises
from grafana.tables import Column, Label, label_table, table

_EACH: Final = 'service="$service"'
_CHOSEN: Final = 'service="$service", slo=~"$slo"'
# Parts of the stack only have alerts, and those lead to their own dashboards.
# Objectives are recorded every other minute, a burn rate from the first evaluation on.
_RECORDED: Final = f'__name__=~"{slo_series.OBJECTIVE}|{slo_series.BURN_NOW}"'
_SERVICES: Final = f"label_values({{{_RECORDED}}}, service)"
_SLOS: Final = f'label_values({{{_RECORDED}, service="$service"}}, slo)'
# A pattern: without metrics no service is known, and the lines of all are shown. Left out are those
# about Grafana's own questions, which fail then: they would be all that is read.
_BAD_LINES: Final = (
    '{service=~"$service", service!~"grafana|door", level=~"warning|error|critical"}'
)
# Stands for more days than any period has.
_NEVER: Final = 1e6


def _by_slo(expression: str) -> str:
    return f"max by (slo) ({expression})"


def _of_each(series: str) -> str:
    """Return what a series says of each objective of the service."""
    return _by_slo(f"{series}{{{_EACH}}}")


def _to_exhaustion() -> str:
    """Return the days until the budget is exhausted, at the rate of the last hour.

    More days than the period are never: by then what was spent before is a period old.
    """
    left = f"clamp_min({_of_each(slo_series.BUDGET_LEFT)}, 0)"
    days = _of_each(slo_series.PERIOD_DAYS)
    budget = _of_each(slo_series.ERROR_BUDGET)
    rate = _of_each(slo_series.errors("1h"))
    in_time = f"{left} * {days} * {budget} / ({rate} > 0) <= {days}"
    return f"({in_time}) or ({left} + {rate}) * 0 + {_NEVER:.0f}"


def _sli() -> str:
    """Return the period's share of good events: the spent part of the budget, taken from 1."""
    left = _of_each(slo_series.BUDGET_LEFT)
    return f"1 - (1 - {left}) * {_of_each(slo_series.ERROR_BUDGET)}"


def _not_measured(promises: Promises) -> str:
    """Return for how many seconds of the period there was nothing to count.

    What is missing are minutes in which no evaluation, of whatever interval, found the counters.
    One or two are missing by chance, where Prometheus began between two.
    """
    grain = 2 * CAUSE_EVALUATION_SECONDS
    found = f"count_over_time({slo_series.MEASURED}{{{_EACH}}}[{grain}s])"
    there = _by_slo(f"count_over_time({found}[{promises.period_days}d:{grain}s])")
    seconds = promises.period_days * DAY
    expected = f"clamp_max({_of_each(slo_series.HISTORY_SECONDS)}, {seconds})"
    # The subquery looks at whole multiples of its step: a young history may not have one yet.
    return f"clamp_min({expected} - {grain} * ({there} or {expected} * 0) - {2 * grain}, 0)"


def _history(promises: Promises) -> str:
    """Return for how long a ledger has counted, at most the period."""
    return f"clamp_max({_of_each(slo_series.HISTORY_SECONDS)}, {promises.period_days * DAY})"


def _objectives(promises: Promises) -> Builder:
    return table(
        "Objectives",
        "Is it bad, and which objective is missed? What is left of each error budget, its burn "
        "rate now, when it is exhausted at the rate of the last hour, the objective, and its SLI "
        "over the period. Not measured: a hole in the budget, in "
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
            # First what a phone has room for.
            budget_left(
                promises,
                _of_each(slo_series.BUDGET_LEFT),
                empty="not recorded",
                width=110,
            ),
            burn_rate_now(promises, _of_each(slo_series.BURN_NOW), width=115),
            Column(
                "Exhausted in",
                _to_exhaustion(),
                "suffix:d",
                Steps(RED, ((1, YELLOW), (3, GREEN))),
                decimals=1,
                width=135,
                empty="not known",
                spent="spent already",
                words=((_NEVER, "never at this rate"),),
            ),
            Column(
                "Objective",
                _of_each(slo_series.OBJECTIVE),
                "percentunit",
                # 99.995 % is not 100 %.
                decimals=3,
                width=90,
            ),
            Column(
                "SLI",
                _sli(),
                "percentunit",
                decimals=3,
                width=115,
                empty="not recorded",
            ),
            Column(
                "Not measured",
                _not_measured(promises),
                "s",
                width=120,
                steps=Steps(GREEN, ((300, YELLOW), (3600, RED))),
                decimals=0,
                empty="not recorded",
            ),
            Column(
                "History",
                _history(promises),
                "s",
                decimals=0,
                width=85,
                words=((promises.period_days * DAY, f"{promises.period_days} days"),),
            ),
        ],
        empty="no objective of this service is recorded",
        sort_by="Budget left",
        smallest_first=True,
    )


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
    )


def _burn(tier: Tier) -> Builder:
    budget = f"on (service, slo) group_left () {slo_series.ERROR_BUDGET}{{{_CHOSEN}}}"
    long, short = tier.long.name, tier.short.name
    one, other = (f"{slo_series.errors(window)}{{{_CHOSEN}}}" for window in (long, short))
    # An alert fires while both are above its limit: so it does while the lower one is.
    lower = f"(({one} <= {other}) or {other})"
    rate = f'{slo_series.ALERT_BURN_RATE}{{{_CHOSEN}, tier="{tier.suffix}"}}'
    return graph(
        f"Burn rate, {long} and {short}",
        f"Does the {tier.suffix.lower()} {tier.severity} fire, and since when? It does while both "
        "windows of an objective are above the dashed line: of each, the lower one is drawn. At 1 "
        "the budget lasts exactly its period.",
        [Query(f"{lower} / {budget}", "{{slo}}"), Query(f"max({rate})", LIMIT)],
        unit="suffix:x",
    ).override_by_name(LIMIT, DASHED)


def _first_screen(promises: Promises) -> list[Builder]:
    """Return what answers without scrolling: is it bad, since when, how fast, where, and why."""
    fastest, *_ = promises.tiers
    by_status = requests.requests_by_status(requests.REQUESTS)
    left = budget_over_time(
        "Error budget left over time",
        "When was the budget spent? It falls with each failure, and recovers when that failure is "
        "a period old.",
        Query(f"{slo_series.BUDGET_LEFT}{{{_CHOSEN}}}", "{{slo}}"),
    )
    return [
        _objectives(promises).span(16).height(8),
        _firing().span(8).height(8),
        *(compact(panel).height(6) for panel in (_burn(fastest), left, by_status)),
        requests.route_table(promises).grid_pos(GridPos(h=9, w=12, x=0, y=14)),
        *limits(GridPos(h=3, w=3, x=12, y=14)),
        log_lines(
            "Warnings and errors",
            "What does the service say about it? Its lines of level warning and above; those of "
            "all while no metrics say which services there are. Each links to its trace. Empty "
            "while nothing goes wrong.",
            readable(_BAD_LINES),
            empty="no warnings or errors in this time range",
        ).grid_pos(GridPos(h=6, w=12, x=12, y=17)),
    ]


def page(promises: Promises) -> Page:
    """Return the SLO overview, for a team's promises."""
    slower = promises.tiers[1:]
    return Page(
        uid=Uid.OVERVIEW,
        title="SLO overview",
        description=(
            "A service's objectives, what is left of their error budgets, and the way to the cause."
        ),
        variables=(service_variable(_SERVICES), slo_variable(_SLOS)),
        annotations=(alerts_of_service(), deployments(), restarts(), configurations(), faults()),
        has_logs=True,
        rows=(
            Row("", _first_screen(promises)),
            Row("Budget: how fast, and what spent it?", spending(promises)),
            Row(
                "Slower burns",
                [_burn(tier).span(24 // max(len(slower), 1)) for tier in slower],
            ),
        ),
    )
