"""The alerts of one SLO, and those of a service that has SLOs."""

from collections.abc import Mapping
from itertools import chain
from math import ceil
from typing import Any

from burnrate.slo.generator.links import dashboard
from burnrate.slo.generator.recording import records, ticket_records
from burnrate.slo.generator.service_alerts import down_alert, missing_alert, replica_alert
from burnrate.slo.generator.windows import Rule, events_name, ratio_name
from burnrate.slo.specification import Service, Slo, number
from burnrate.slo.windows import DAY, EVALUATION_SECONDS, TICKET_EVALUATION_SECONDS, Tier

Group = dict[str, Any]


def _burn(slo: Slo, tier: Tier) -> Rule:
    threshold = number(slo.threshold(tier))
    ratios = [
        f"{ratio_name(window)}{slo.selector} > {threshold}" for window in (tier.long, tier.short)
    ]
    # increase() extrapolates, so counts are not whole numbers: half a failure of tolerance.
    failures = (
        f"{events_name('bad', tier.long)}{slo.selector} * {tier.long.seconds}"
        f" > {slo.minimum_failures - 0.5:g}"
    )
    alerting = slo.spec.alerting
    own = alerting.page_alert if tier.severity == "page" else alerting.ticket_alert
    annotations = {
        "summary": (
            f"{slo.service} burns the error budget of {slo.name}: at this rate it lasts"
            f" {ceil(slo.period_days / slo.factor(tier))} days at most."
        ),
        "description": _description(slo, tier),
        "runbook_url": f"{slo.runbooks}/{slo.alert_name(tier)}",
        "dashboard_url": dashboard(slo),
    }
    return {
        "alert": slo.alert_name(tier),
        "expr": " and ".join([*ratios, failures]),
        "labels": {
            **slo.labels,
            **slo.alert_labels,
            **alerting.labels,
            **own.labels,
            "severity": tier.severity,
        },
        "annotations": {**annotations, **alerting.annotations, **own.annotations},
    }


def _description(slo: Slo, tier: Tier) -> str:
    budget, period = number(slo.budget), slo.period_days * DAY
    left = f"slo:period_error_budget_remaining:ratio{slo.selector}"
    ratio = f"{ratio_name(tier.long)}{slo.selector}"
    return (
        _value(f"100 * {ratio}", '{{ . | first | value | printf "%.4g" }} %')
        + f" of the events of the last {tier.long.name} were bad; the objective of"
        f" {number(slo.objective * 100)} % allows {number(slo.budget * 100)} %. The budget"
        " burns at "
        + _value(f"{ratio} / {budget}", '{{ . | first | value | printf "%.3g" }}x')
        + f" the rate that is sustainable over {slo.period_days} days. Budget left: "
        + _value(f"100 * {left}", '{{ . | first | value | printf "%.0f" }} %')
        + ". Time to exhaustion at this rate: "
        + _value(
            f"clamp_min({left}, 0) * {period} * {budget} / {ratio}",
            "{{ . | first | value | humanizeDuration }}",
        )
        + "."
    )


def _value(query: str, shown: str) -> str:
    escaped = query.replace("\\", "\\\\").replace('"', '\\"')
    return f'{{{{ with query "{escaped}" }}}}{shown}{{{{ else }}}}unknown{{{{ end }}}}'


def slo_groups(slo: Slo) -> list[Group]:
    """Return an SLO's two groups: what pages depend on, and tickets with the period, less often.

    Each tier has an alert of its own; one alert for all would resolve with the slowest.
    """
    pages, tickets = (
        [_burn(slo, tier) for tier in slo.tiers if tier.severity == severity]
        for severity in ("page", "ticket")
    )
    name, tickets_name = group_names(slo)
    return [
        _group(name, [*records(slo), *pages, missing_alert(slo)], EVALUATION_SECONDS),
        _group(tickets_name, [*ticket_records(slo), *tickets], TICKET_EVALUATION_SECONDS),
    ]


def group_names(slo: Slo) -> tuple[str, str]:
    """Return the names of an SLO's two groups; the second reads what the first records."""
    name = f"{_prefix(slo.identity)}-{slo.name}"
    return name, f"{name}-tickets"


def service_group(service: Service) -> Group:
    """Return the group of rules about a service as a whole, not one of its SLOs."""
    rules = [down_alert(service), replica_alert(service)]
    return _group(_prefix(service.identity), rules, EVALUATION_SECONDS)


def groups(service: Service) -> list[Group]:
    """Return all groups of a service."""
    return [*chain.from_iterable(map(slo_groups, service.slos)), service_group(service)]


def _prefix(identity: Mapping[str, str]) -> str:
    return "-".join(["slo", *identity.values()])


def _group(name: str, rules: list[Rule], seconds: int) -> Group:
    return {"name": name, "interval": f"{seconds}s", "rules": rules}
