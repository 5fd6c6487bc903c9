"""Which tiers of alerts an SLO has: those that it wants, and that can fire."""

from dataclasses import replace

from burnrate.configuration import Configuration
from burnrate.slo.specification.model import Slo, number
from burnrate.slo.specification.settings import Mode
from burnrate.slo.specification.sloth import SloSpec
from burnrate.slo.windows import Severity, Tier


def disabled(slo: SloSpec, mode: Mode) -> frozenset[Severity]:
    """Return the severities that nobody is to be alerted with."""
    if mode == "observe":
        return frozenset({"page", "ticket"})
    off: dict[Severity, bool] = {
        "page": slo.alerting.page_alert.disable,
        "ticket": slo.alerting.ticket_alert.disable,
    }
    return frozenset(severity for severity, is_off in off.items() if is_off)


def tiers_of(slo: Slo, configuration: Configuration) -> tuple[tuple[Tier, ...], list[str]]:
    """Return the tiers of an SLO, and what is to be said of those that could never fire."""
    tiers, left_out = [], []
    for each in map(Tier.of, configuration.tiers):
        if each.severity in slo.disabled:
            continue
        # A pool is a cause: what users feel has an objective of its own, and that one pages.
        tier = replace(each, severity="ticket") if slo.is_cause else each
        if slo.threshold(each) < 1:
            tiers.append(tier)
            continue
        left_out.append(
            f"{slo.alert_name(each)} is left out: {number(slo.factor(each))}"
            f" x (1 - {number(slo.objective)}) = {number(slo.threshold(each))},"
            " but an error ratio is at most 1"
        )
    return tuple(tiers), left_out
