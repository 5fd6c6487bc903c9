"""The home page: each service with objectives, the worst on top, and the way to its overview."""

from typing import Final

from grafana.budgets import budget_left, budget_over_time, burn_rate_now
from grafana.frame import Builder, Page, Row, all_alerts, firing
from grafana.panels import GREEN, NEUTRAL, RED, YELLOW, Query, Steps
from grafana.places import Uid, field, to
from grafana.promises import Promises
from grafana.slo_series import BUDGET_LEFT, BURN_NOW, MEASURED, OBJECTIVE, errors, total
from grafana.tables import Column, Label, label_table, table

_SERVICE: Final = "Service"
# Each service, with the way to its overview.
_LINKED: Final = Label(
    "service",
    _SERVICE,
    (to(Uid.OVERVIEW, "Overview of this service", service=field(_SERVICE)),),
)
_LEFT: Final = f"min by (service, slo) ({BUDGET_LEFT})"
_STATES: Final = (
    (0, "within its objectives"),
    (1, "no traffic"),
    (2, "a ticket is open"),
    (3, "a budget is spent"),
    (4, "not measured"),
    (5, "users are affected"),
)


def _worst(expression: str) -> str:
    return f"max by (service) ({expression})"


def _if(number: int, condition: str) -> str:
    return f"{_worst(condition)} * 0 + {number}"


def _with_objectives(expression: str) -> str:
    """Return it without parts of the stack, which only have alerts."""
    return f"{expression} and on (service) {OBJECTIVE}"


def _state() -> str:
    """Return a number for the worst that is said of each service with objectives."""
    ladder = [
        _if(5, firing('severity="page"')),
        _if(4, firing('alertname=~"SLIMissing|ServiceDown"')),
        _if(4, f"{OBJECTIVE} unless on (service, slo) {MEASURED}"),
        _if(3, f"{BUDGET_LEFT} <= 0"),
        _if(2, firing('severity="ticket"')),
        _if(0, f"{total('1h')} > 0"),
        _if(1, OBJECTIVE),
    ]
    worst = " or ".join(f"({each})" for each in ladder)
    return _with_objectives(f"({worst})")


def _services(promises: Promises) -> Builder:
    begun = f"ALERTS_FOR_STATE and ignoring (alertstate) {firing()}"
    by_bucket = (
        "sum by (service, le) (rate(http_request_duration_seconds_bucket[$__rate_interval]))"
    )
    return table(
        "Services",
        "Which service needs somebody? One row a service with objectives, the worst on top. The "
        "budget is that of its worst objective, events and failed share are those of the last "
        "five minutes, of the objective with the most. A service links to its overview.",
        [_LINKED],
        [
            Column(
                "State",
                _state(),
                "none",
                Steps(GREEN, ((1, NEUTRAL), (2, YELLOW), (3, RED))),
                words=_STATES,
                width=190,
            ),
            budget_left(promises, f"min by (service) ({BUDGET_LEFT})", empty="not recorded yet"),
            burn_rate_now(promises, _worst(BURN_NOW)),
            Column("Events", _worst(total("5m")), "suffix:/s", decimals=2),
            Column(
                "Failed share",
                _worst(errors("5m")),
                "percentunit",
                decimals=2,
            ),
            Column(
                "p99",
                _with_objectives(f"histogram_quantile(0.99, {by_bucket}) >= 0"),
                "s",
                decimals=0,
            ),
            Column(
                "Firing alerts",
                _with_objectives(f"count by (service) ({firing()})"),
                "none",
                decimals=0,
                empty="none",
            ),
            Column(
                "Firing for",
                _with_objectives(f"time() - min by (service) ({begun})"),
                "s",
                decimals=0,
            ),
            Column(
                "Last start",
                _with_objectives("time() - max by (service) (process_start_time_seconds)"),
                "s",
                decimals=0,
            ),
        ],
        empty="no service has an objective in prometheus/slo",
        sort_by="State",
    ).height(10)


def _objectives(promises: Promises) -> Builder:
    return table(
        "Objectives",
        "Which objective is missed? The twenty with the least budget left, of all services.",
        [_LINKED, Label("slo", "Objective of")],
        [
            budget_left(promises, f"bottomk(20, {_LEFT})"),
        ],
        empty="no service has an objective in prometheus/slo",
        sort_by="Budget left",
        smallest_first=True,
    ).span(8)


def _budgets() -> Builder:
    now = f"min by (service, slo) ({BUDGET_LEFT} @ end())"
    return budget_over_time(
        "Budget left over time",
        "When was a budget spent? The ten objectives with the least left now.",
        Query(f"{_LEFT} and on (service, slo) bottomk(10, {now})", "{{service}} {{slo}}"),
    ).span(8)


def _firing() -> Builder:
    return label_table(
        "Firing alerts",
        "What fires now, for any service or part of the stack? Empty while all is well.",
        Query(firing()),
        [
            Label("alertname", "Alert", width=180),
            Label("severity", "Severity", width=75),
            Label("service", _SERVICE, width=75),
            Label("slo", "Objective of"),
        ],
        empty="no alert is firing",
    ).span(8)


def page(promises: Promises) -> Page:
    """Return the home page, for a team's promises."""
    return Page(
        uid=Uid.SERVICES,
        title="Services",
        description="All services with objectives, the worst on top.",
        annotations=(all_alerts(),),
        rows=(
            Row("Is anything bad?", [_services(promises)]),
            Row("Which objective, since when?", [_firing(), _objectives(promises), _budgets()]),
        ),
    )
