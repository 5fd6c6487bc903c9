"""The home page: each service with objectives, the worst on top, and the way to its overview."""

from typing import Final

from grafana.budgets import budget_left, budget_over_time, burn_rate_now
from grafana.frame import Builder, Page, Row, all_alerts, firing, team_variable
from grafana.panels import GREEN, NEUTRAL, RED, YELLOW, Query, Steps
from grafana.places import Uid, field, to
from grafana.promises import Promises
from grafana.quantiles import quantile, under
from grafana.requests import DURATION
from grafana.slo_series import BUDGET_LEFT, BURN_NOW, MEASURED, OBJECTIVE, errors, total
from grafana.tables import DASH, Column, Label, label_table, table

_SERVICE: Final = "Service"
# Those of the chosen team. All are chosen by what also takes a service that has none.
_OURS: Final = f'{OBJECTIVE}{{team=~"$team"}}'
# Each service, with the way to its overview.
_LINKED: Final = Label(
    "service",
    _SERVICE,
    (to(Uid.OVERVIEW, "Overview of this service", service=field(_SERVICE)),),
    # A phone shows its state and its budget, too.
    narrow=100,
)
_LEFT: Final = f"min by (service, slo) ({BUDGET_LEFT}) and on (service) {_OURS}"
# One a service, also where two that are called the same are of two teams.
_WHOSE: Final = f"topk by (service) (1, max by (service, team) ({_OURS}))"
# Objectives are recorded every other minute: until the first time, a burn rate is all that there
# is of a service. It has no team, so that it is seen among all services and not by a chosen team.
_YOUNG: Final = f'{BURN_NOW}{{team=~"$team"}} unless on (service) {OBJECTIVE}'
# As the table of alerts has them, where several instances fire one.
_ALERTS: Final = f"max by (service, alertname, severity, slo) ({firing()})"
_STATES: Final = (
    (0, "within its objectives"),
    (1, "no traffic"),
    (2, "not judged yet"),
    (3, "a ticket is open"),
    (4, "burning fast"),
    (5, "a budget is spent"),
    (6, "not measured"),
    (7, "users are affected"),
)


def _worst(expression: str) -> str:
    return f"max by (service) ({expression})"


def _if(number: int, condition: str) -> str:
    return f"{_worst(condition)} * 0 + {number}"


def _with_objectives(expression: str) -> str:
    """Return it for the team's services, without parts of the stack, which only have alerts."""
    return f"({expression}) and on (service) {_OURS}"


def _state(promises: Promises) -> str:
    """Return a number for the worst that is said of each service with objectives."""
    ladder = [
        _if(7, firing('severity="page"')),
        _if(6, firing('alertname=~"SLIMissing|ServiceDown"')),
        # Not the one whose rules were evaluated for the first time a moment ago.
        _if(6, f"{OBJECTIVE} offset 5m unless on (service, slo) {MEASURED}"),
        _if(5, f"{BUDGET_LEFT} <= 0"),
        # As fast as would page, and no page yet: that waits for its longer window.
        _if(4, f"{BURN_NOW} >= {float(promises.fastest_page):g}"),
        _if(3, firing('severity="ticket"')),
        _if(0, f"{total('1h')} > 0"),
        _if(1, OBJECTIVE),
    ]
    worst = " or ".join(f"({each})" for each in ladder)
    # With the label `team`, which makes a column of its own.
    judged = f"({worst}) + on (service) group_left (team) 0 * {_WHOSE}"
    return f"({judged}) or on (service) ({_if(2, _YOUNG)})"


def _services(promises: Promises) -> Builder:
    begun = f"ALERTS_FOR_STATE and ignoring (alertstate) {firing()}"
    p99 = quantile(0.99, DURATION, "", by=("service",))
    return table(
        "Services",
        "Which service needs somebody? One row a service with objectives, the worst on top. The "
        "budget is that of its worst objective, events and the share of bad ones are those of the "
        "last five minutes, of the objective with the most. An alert is active from when its cause "
        "began, before it fires. A service links to its overview.",
        [_LINKED, Label("team", "Team", width=110, is_last=True)],
        [
            Column(
                "State",
                _state(promises),
                "none",
                Steps(GREEN, ((1, NEUTRAL), (3, YELLOW), (5, RED))),
                words=_STATES,
                width=150,
            ),
            budget_left(
                promises,
                _with_objectives(f"min by (service) ({BUDGET_LEFT})"),
                empty="not recorded yet",
            ),
            burn_rate_now(promises, _with_objectives(_worst(BURN_NOW))),
            Column("Events", _with_objectives(_worst(total("5m"))), "suffix:/s", decimals=2),
            Column(
                "Bad events",
                _with_objectives(_worst(errors("5m"))),
                "percentunit",
                decimals=2,
            ),
            Column(
                "p99",
                _with_objectives(f"{p99} >= 0"),
                "s",
                decimals=0,
                words=(under(DURATION),),
            ),
            Column(
                "Firing alerts",
                _with_objectives(f"(count by (service) ({_ALERTS}) or {_if(0, OBJECTIVE)})"),
                "none",
                decimals=0,
                words=((0, "none"),),
            ),
            Column(
                "Active for",
                _with_objectives(f"(time() - min by (service) ({begun}) or {_if(0, OBJECTIVE)})"),
                "s",
                decimals=0,
                words=((0, DASH),),
            ),
            Column(
                "Last start",
                _with_objectives("time() - max by (service) (process_start_time_seconds)"),
                "s",
                decimals=0,
            ),
        ],
        empty="no service has an objective in prometheus/slo, or no rule was evaluated yet",
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
        empty="no budget is recorded yet",
        sort_by="Budget left",
        smallest_first=True,
    ).span(8)


def _budgets() -> Builder:
    now = f"min by (service, slo) ({BUDGET_LEFT} @ end())"
    return budget_over_time(
        "Budget left over time",
        "When was a budget spent? The ten objectives with the least left now.",
        Query(
            f"{_LEFT} and on (service, slo) bottomk(10, {now} and on (service) {_OURS})",
            "{{service}} {{slo}}",
        ),
    ).span(8)


def _firing() -> Builder:
    return label_table(
        "Firing alerts",
        "What fires now, for any service or part of the stack, or for the team's services? Empty "
        "while all is well.",
        Query(firing('team=~"$team"')),
        [
            Label("alertname", "Alert", width=200),
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
        description="All services with objectives, or a team's, the worst on top.",
        variables=(team_variable(),),
        annotations=(all_alerts(),),
        rows=(
            Row("Is anything bad?", [_services(promises)]),
            Row("Which objective, since when?", [_firing(), _objectives(promises), _budgets()]),
        ),
    )
