"""The alerts of one SLO, and those of a service that has SLOs."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, Final

from burnrate.slo.generator.alerts import (
    budget_alerts,
    burn_alert,
    held_records,
    recovery_records,
    route_rules,
)
from burnrate.slo.generator.recording import (
    records,
    settings_records,
    ticket_records,
    window_records,
)
from burnrate.slo.generator.service_alerts import (
    dependency_records,
    down_alert,
    job_records,
    missing_alert,
    replica_alert,
)
from burnrate.slo.generator.windows import Rule, counting
from burnrate.slo.pace import paces
from burnrate.slo.specification import Service, Slo
from burnrate.slo.windows import (
    EVALUATION_SECONDS,
    RECOVERY_EVALUATION_SECONDS,
    ROUTES_EVALUATION_SECONDS,
    Tier,
)

Group = dict[str, Any]

# What looks a day back for a ledger, the pages that can wait a minute, and what waits for longer.
_RECOVERY: Final = "-recovery"
_SLOWER: Final = "-slower"
_TICKETS: Final = "-tickets"


def slo_groups(slo: Slo) -> list[Group]:
    """Return an SLO's groups: what is urgent, the slower pages, the tickets, and the routes.

    Before them, for a ledger, what looks far back.

    Each tier has an alert of its own; one alert for all would resolve with the slowest.
    """
    name, (urgent, slower, late) = _name(slo), paces(slo)
    settings, first, last_events = settings_records(slo), [], []
    if slo.has_ledger:
        looks_back = [*settings, *counting(slo).recovery(slo)]
        pace = max(RECOVERY_EVALUATION_SECONDS, urgent.seconds)
        first = [_group(f"{name}{_RECOVERY}", looks_back, pace)]
        settings, last_events = [], recovery_records(slo)
    at_once = [*settings, *records(slo), *last_events, *_tier_rules(slo, urgent.tiers)]
    soon = [*window_records(slo, slower.windows), *_tier_rules(slo, slower.tiers)]
    # It waits for five minutes anyway.
    (soon or at_once).append(missing_alert(slo))
    seldom = [*ticket_records(slo), *_tier_rules(slo, late.tiers), *budget_alerts(slo)]
    routes = route_rules(slo)
    return [
        *first,
        _group(name, at_once, urgent.seconds),
        *([_group(f"{name}{_SLOWER}", soon, slower.seconds)] if soon else []),
        _group(f"{name}{_TICKETS}", seldom, late.seconds),
        *([_group(f"{name}-routes", routes, ROUTES_EVALUATION_SECONDS)] if routes else []),
    ]


def _tier_rules(slo: Slo, tiers: Sequence[Tier]) -> list[Rule]:
    return [*held_records(slo, tiers), *(burn_alert(slo, tier) for tier in tiers)]


def group_names(slo: Slo) -> tuple[str, ...]:
    """Return the names of an SLO's groups, each after those that it reads, without its routes'."""
    _, slower, _ = paces(slo)
    suffixes = (
        *([_RECOVERY] if slo.has_ledger else []),
        "",
        *([_SLOWER] if slower.tiers else []),
        _TICKETS,
    )
    return tuple(f"{_name(slo)}{suffix}" for suffix in suffixes)


def _name(slo: Slo) -> str:
    return f"{_prefix(slo.identity)}-{slo.name}"


def service_group(service: Service) -> Group:
    """Return the group of rules about a service as a whole, not one of its SLOs."""
    alerts = [down_alert(service), replica_alert(service)] if _has_alerts(service) else []
    rules = [*dependency_records(service), *alerts, *job_records(service)]
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
