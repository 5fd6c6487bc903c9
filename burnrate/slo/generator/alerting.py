"""The alerts of one SLO, and those of a service that has SLOs."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from burnrate.slo.generator.alerts import (
    budget_alerts,
    burn_alert,
    held_records,
    recovery_records,
    route_rules,
)
from burnrate.slo.generator.recording import records, settings_records, ticket_records
from burnrate.slo.generator.service_alerts import (
    dependency_records,
    down_alert,
    missing_alert,
    replica_alert,
)
from burnrate.slo.generator.windows import Rule, counting
from burnrate.slo.specification import Service, Slo
from burnrate.slo.windows import (
    CAUSE_EVALUATION_SECONDS,
    EVALUATION_SECONDS,
    RECOVERY_EVALUATION_SECONDS,
    ROUTES_EVALUATION_SECONDS,
    TICKET_EVALUATION_SECONDS,
    Tier,
)

Group = dict[str, Any]


def slo_groups(slo: Slo) -> list[Group]:
    """Return an SLO's groups: what is urgent, what changes slowly with the period, and the routes.

    Before them, for a ledger, what looks far back.

    Each tier has an alert of its own; one alert for all would resolve with the slowest.
    """
    often, seldom = (
        _tier_rules(slo, [tier for tier in slo.tiers if tier.is_often == is_often])
        for is_often in (True, False)
    )
    *recovery_names, name, tickets_name = group_names(slo)
    last_events = recovery_records(slo) if slo.has_ledger else []
    routes = route_rules(slo)
    settings = settings_records(slo)
    if recovery_names:
        looks_back = [*settings, *counting(slo).recovery(slo)]
        pace = max(RECOVERY_EVALUATION_SECONDS, evaluation_seconds(slo))
        first = [_group(recovery_names[0], looks_back, pace)]
        urgent = records(slo)
    else:
        first, urgent = [], [*settings, *records(slo)]
    return [
        *first,
        _group(name, [*urgent, *last_events, *often, missing_alert(slo)], evaluation_seconds(slo)),
        _group(
            tickets_name,
            [*ticket_records(slo), *seldom, *budget_alerts(slo)],
            TICKET_EVALUATION_SECONDS,
        ),
        *([_group(f"{name}-routes", routes, ROUTES_EVALUATION_SECONDS)] if routes else []),
    ]


def evaluation_seconds(slo: Slo) -> int:
    """Return how often an SLO's ledger and its urgent rules are evaluated."""
    pages = any(tier.severity == "page" for tier in slo.tiers)
    return EVALUATION_SECONDS if pages else CAUSE_EVALUATION_SECONDS


def _tier_rules(slo: Slo, tiers: Sequence[Tier]) -> list[Rule]:
    return [*held_records(slo, tiers), *(burn_alert(slo, tier) for tier in tiers)]


def group_names(slo: Slo) -> tuple[str, ...]:
    """Return the names of an SLO's groups, each after those that it reads.

    The last but one is what pages depend on, the last are its tickets.
    """
    name = f"{_prefix(slo.identity)}-{slo.name}"
    recovery = [f"{name}-recovery"] if slo.has_ledger else []
    return (*recovery, name, f"{name}-tickets")


def service_group(service: Service) -> Group:
    """Return the group of rules about a service as a whole, not one of its SLOs."""
    alerts = [down_alert(service), replica_alert(service)] if _has_alerts(service) else []
    rules = [*dependency_records(service), *alerts]
    return _group(_prefix(service.identity), rules, EVALUATION_SECONDS)


def service_alerts(service: Service) -> list[Rule]:
    """Return the alerts about a service as a whole; none if its job is unknown."""
    return [each for each in service_group(service)["rules"] if "alert" in each]


def _has_alerts(service: Service) -> bool:
    is_silent = service.is_observed or all("page" in slo.disabled for slo in service.slos)
    return bool(service.job) and not is_silent


def groups(service: Service) -> list[Group]:
    """Return all groups of a service."""
    own = service_group(service)
    return [*chain.from_iterable(map(slo_groups, service.slos)), *([own] if own["rules"] else [])]


def _prefix(identity: Mapping[str, str]) -> str:
    return "-".join(["slo", *identity.values()])


def _group(name: str, rules: list[Rule], seconds: int) -> Group:
    return {"name": name, "interval": f"{seconds}s", "rules": rules}
