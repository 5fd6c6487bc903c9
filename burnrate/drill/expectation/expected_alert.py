"""The alert that a drill waits for, and the rule it comes from."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from burnrate.drill.clients import Rule
from burnrate.promql import QueryError, selectors


@dataclass(frozen=True)
class ExpectedAlert:
    """An alert, described by what is known of it before it fires.

    Args:
        labels: What the alert that arrives must carry; values are regular expressions, since an
            SLO's name is its specification's choice.
        name: The alert's name, a regular expression as well, where labels do not tell one rule from
            another: a rule on `up` gets its service from the target and has no label of it.
    """

    labels: Mapping[str, str]
    name: str | None = None

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an alert with these labels is the one."""
        if not re.fullmatch(self.name or ".*", labels.get("alertname", "")):
            return False
        return all(re.fullmatch(v, labels.get(k, "")) for k, v in self.labels.items())

    def can_come_from(self, rule: Rule) -> bool:
        """Whether a rule's alerts could be the one; labels a target brings are open."""
        if rule.kind != "alerting" or not re.fullmatch(self.name or ".*", rule.name):
            return False
        known = {k: v for k in self.labels if (v := _label(rule, k)) is not None}
        # An SLO is never a target's label: a rule without one is about something else.
        if not known or ("slo" in self.labels and "slo" not in known):
            return False
        return all(re.fullmatch(self.labels[k], value) for k, value in known.items())

    def narrowed_to(self, rule: Rule) -> "ExpectedAlert":
        """Return what this rule's alerts alone match, and not another tier's."""
        exact = {name: re.escape(value) for name, value in rule.labels.items()}
        return ExpectedAlert({**self.labels, **exact}, name=rule.name)

    def named(self, name: str | None) -> "ExpectedAlert":
        """Return what alerts of this name alone match; itself without one."""
        return self if name is None else ExpectedAlert(self.labels, re.escape(name))

    def __str__(self) -> str:
        # Without what escapes a name's characters in a pattern.
        words = [f"{k}={v}".replace("\\", "") for k, v in sorted(self.labels.items())]
        return f"{self.name or 'an alert'} with {', '.join(words)}"


def find_rule(expected: ExpectedAlert, rules: Sequence[Rule]) -> Rule | None:
    """Return the rule that the alert comes from; of several the one that fires first."""
    found = [rule for rule in rules if expected.can_come_from(rule)]
    return min(found, key=lambda rule: rule.duration, default=None)


def _label(rule: Rule, name: str) -> str | None:
    """Return a label of a rule's alerts: its own, or the one that all its series must have."""
    if name in rule.labels:
        return rule.labels[name]
    try:
        read = selectors(rule.query)
    except QueryError:  # LogQL
        return None
    found = {each.value for one in read for each in one.of(name) if each.operator == "="}
    return found.pop() if len(found) == 1 else None
