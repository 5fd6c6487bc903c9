"""The alert of one tier: what it fires for, whom it reaches, what it says."""

from collections.abc import Sequence
from typing import Final

from burnrate.slo.generator.alerts.recovery import LOW_TRAFFIC, held_record, is_held, is_low
from burnrate.slo.generator.alerts.texts import burn_description, burn_summary
from burnrate.slo.generator.links import slo_links
from burnrate.slo.generator.recording import failures_minimum
from burnrate.slo.generator.windows import Rule, events_name, ratio_name
from burnrate.slo.specification import Slo, number
from burnrate.slo.windows import Tier, Window

# On everything about an SLO that users do not feel: a ticket that explains another SLO's burn.
_CAUSE: Final = {"role": "cause"}
# increase() extrapolates, so counts are not whole numbers: half a failure of tolerance.
_TOLERANCE: Final = 0.5


def burn_alert(slo: Slo, tier: Tier) -> Rule:
    """Return a tier's alert."""
    alerting = slo.spec.alerting
    own = alerting.page_alert if tier.severity == "page" else alerting.ticket_alert
    annotations = {
        "summary": burn_summary(slo),
        "description": burn_description(slo, tier),
        **slo_links(slo, slo.alert_name(tier)),
    }
    return {
        "alert": slo.alert_name(tier),
        "expr": _condition(slo, tier),
        "labels": alert_labels(slo, tier.severity, {**alerting.labels, **own.labels}),
        "annotations": {**annotations, **alerting.annotations, **own.annotations},
    }


def held_records(slo: Slo, tiers: Sequence[Tier]) -> list[Rule]:
    """Return the records by which the alerts of tiers go on; they stand before the alerts."""
    return [held_record(slo, tier, _matters(slo, tier)) for tier in tiers if slo.has_ledger]


def alert_labels(slo: Slo, severity: str, more: dict[str, str]) -> dict[str, str]:
    """Return the labels of an SLO's alert; `more` are the specification's own."""
    role = _CAUSE if slo.is_cause else {}
    return {**slo.labels, **slo.alert_labels, **more, **role, "severity": severity}


def _condition(slo: Slo, tier: Tier) -> str:
    both = f"{_over(slo, tier, tier.long)} and {_over(slo, tier, tier.short)}"
    if not slo.has_ledger:
        return f"{both} and {_failures(slo, tier)}"
    # With little traffic the short window says nothing, whether it is empty or not.
    if slo.minimum(tier).is_constant:
        burns = f"{both} and {_failures(slo, tier)} unless on () {is_low(slo, tier)}"
    else:
        burns = f"{both} and {_failures(slo, tier, LOW_TRAFFIC)}"
    return f"{burns} or {is_held(slo, tier)}"


def _matters(slo: Slo, tier: Tier) -> str:
    return f"{_over(slo, tier, tier.long)} and {_failures(slo, tier)}"


def _over(slo: Slo, tier: Tier, window: Window) -> str:
    return f"{ratio_name(window)}{slo.selector} > {number(slo.threshold(tier))}"


def _failures(slo: Slo, tier: Tier, at_least: str = "") -> str:
    failures = f"{events_name('bad', tier.long)}{slo.selector} * {tier.long.seconds}"
    minimum = slo.minimum(tier)
    if minimum.is_constant:
        return f"{failures} > {minimum.first - _TOLERANCE:g}"
    return f"{failures} > {failures_minimum(slo, tier, at_least)} - {_TOLERANCE:g}"
