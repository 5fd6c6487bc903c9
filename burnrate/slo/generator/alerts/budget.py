"""The tickets about an SLO's budget: little of it is left, or nothing."""

from typing import Final

from burnrate.slo.generator.alerts.burn import alert_labels
from burnrate.slo.generator.alerts.texts import budget_left, remaining, until, value
from burnrate.slo.generator.links import slo_links
from burnrate.slo.generator.windows import Rule
from burnrate.slo.specification import Slo, number
from burnrate.slo.windows import D1, DAY

_COUNT: Final = '{{ . | first | value | printf "%.0f" }}'
_TIME: Final = "{{ . | first | value | humanizeTimestamp }}"


def budget_alerts(slo: Slo) -> list[Rule]:
    """Return the two tickets; none where the specification has turned tickets off."""
    if slo.spec.alerting.ticket_alert.disable:
        return []
    left, low = remaining(slo), number(slo.low_budget)
    percent = number(100 * slo.low_budget)
    return [
        _ticket(
            slo,
            "ErrorBudgetLow",
            f"{left} > 0 < {low}",
            f"Less than {percent} % of the error budget of {slo.name} of {slo.service} is left.",
            f"Below {percent} % since {_since(slo, f'{left} >= {low}')}. What to do: put the repair"
            " of what fails most before new features, and release nothing risky: one more incident"
            " may spend the rest.",
        ),
        _ticket(
            slo,
            "ErrorBudgetSpent",
            f"{left} <= 0",
            f"The error budget of {slo.name} of {slo.service} is spent.",
            f"Spent since {_since(slo, f'{left} > 0')}. What to do: release only what repairs it;"
            f" the budget comes back as failures become older than {slo.period_days} days.",
        ),
    ]


def _ticket(slo: Slo, name: str, condition: str, summary: str, more: str) -> Rule:
    alerting = slo.spec.alerting
    failed = f"slo:bad_events:count{slo.period}{slo.selector}"
    total = f"slo:total_events:count{slo.period}{slo.selector}"
    allowed = f"{total} * {number(slo.budget)}"
    description = (
        f"{value(failed, _COUNT)} of {value(total, _COUNT)} events of the last {slo.period_days}"
        f" days were bad; the objective of {number(slo.objective * 100)} % allows"
        f" {value(allowed, _COUNT)}. {budget_left(slo, D1)} {more}"
    )
    return {
        "alert": name,
        # Of so few failures nothing follows, however small the budget is that they are part of.
        "expr": f"{condition} and {failed} > {slo.minimum_failures - 0.5:g}",
        "labels": alert_labels(slo, "ticket", {**alerting.labels, **alerting.ticket_alert.labels}),
        "annotations": {
            "summary": summary,
            "description": description,
            **slo_links(slo, name),
            **alerting.annotations,
            **alerting.ticket_alert.annotations,
        },
    }


def _since(slo: Slo, before: str) -> str:
    # The last moment at which it was not so; without one it has been so since the records begin.
    return value(until(before, slo.period_days * DAY), _TIME, "the beginning of its records")
