"""What a team's specification says about its alerts, kept in every alert of the SLO."""

from burnrate.slo.generator.alerting import Group, slo_groups
from burnrate.slo.generator.windows import Rule
from burnrate.slo.specification import Slo


def kept_groups(slo: Slo) -> list[Group]:
    """Return the groups of an SLO as they are written."""
    return obeyed(slo, slo_groups(slo))


def obeyed(slo: Slo, groups: list[Group]) -> list[Group]:
    """Return an SLO's groups as its specification wants alerts.

    None is there of a disabled severity; all others have the team's labels and severities.
    """
    kept = [
        {**group, "rules": [_worded(slo, rule) for rule in group["rules"] if _is_kept(slo, rule)]}
        for group in groups
    ]
    return [group for group in kept if group["rules"]]


def _is_kept(slo: Slo, rule: Rule) -> bool:
    return "alert" not in rule or rule["labels"]["severity"] not in slo.disabled


def _worded(slo: Slo, rule: Rule) -> Rule:
    if "alert" not in rule:
        return rule
    severity, alerting = rule["labels"]["severity"], slo.spec.alerting
    own = alerting.page_alert if severity == "page" else alerting.ticket_alert
    word = slo.severities.get(severity, severity)
    labels = {**rule["labels"], **alerting.labels, **own.labels, "severity": word}
    return {**rule, "labels": labels}
