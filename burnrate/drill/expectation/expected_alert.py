"""Which rule a drill expects, found by its labels, and what its expression says of windows."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from burnrate.drill.clients.prometheus_api import Prometheus, Rule, duration_seconds
from burnrate.drill.expectation.bounds import Window

_RECORD = re.compile(r"[a-zA-Z_][\w]*:[\w:]+")
_RANGE = re.compile(r"\[((?:\d+(?:ms|[smhdwy]))+)(?::[^\]]*)?\]")
_AND = re.compile(r"\s+and(?:\s+(?:on|ignoring)\s*\([^)]*\))?\s+")
_GREATER = re.compile(r"\s>\s")
_DEEPEST = 5


@dataclass(frozen=True)
class Expected:
    """Which alert a drill waits for, told by labels as far as they are known before it fires.

    Args:
        labels: What the alert that arrives must carry; values are regular expressions, since an
            SLO's name is its specification's choice.
        name: The alert's name, a regular expression as well, where labels do not tell one rule from
            another: a rule on `up` gets its service from the target and has no label of it.
    """

    labels: Mapping[str, str]
    name: str | None = None

    def is_met_by(self, labels: Mapping[str, str]) -> bool:
        """Whether an alert with these labels is the one."""
        if not re.fullmatch(self.name or ".*", labels.get("alertname", "")):
            return False
        return all(re.fullmatch(v, labels.get(k, "")) for k, v in self.labels.items())

    def may_come_from(self, rule: Rule) -> bool:
        """Whether a rule's alerts could be the one; labels a target brings are open."""
        if rule.kind != "alerting" or not re.fullmatch(self.name or ".*", rule.name):
            return False
        known = {k: v for k in self.labels if (v := _label(rule, k)) is not None}
        # An SLO is never a target's label: a rule without one is about something else.
        if not known or ("slo" in self.labels and "slo" not in known):
            return False
        return all(re.fullmatch(self.labels[k], value) for k, value in known.items())

    def pinned_to(self, rule: Rule) -> "Expected":
        """Return what is met by this rule's alerts alone, and not by another tier's."""
        exact = {name: re.escape(value) for name, value in rule.labels.items()}
        return Expected({**self.labels, **exact}, name=rule.name)

    def __str__(self) -> str:
        # Without what escapes a name's characters in a pattern.
        words = [f"{k}={v}".replace("\\", "") for k, v in sorted(self.labels.items())]
        return f"{self.name or 'an alert'} with {', '.join(words)}"


@dataclass(frozen=True)
class Condition:
    """A comparison of a recorded ratio with a threshold."""

    record: str
    threshold: str  # an expression
    windows_seconds: frozenset[float] = field(default_factory=frozenset)

    @property
    def seconds(self) -> float:
        """The longest range that the record looks back."""
        return max(self.windows_seconds, default=0.0)


def find_rule(expected: Expected, rules: Sequence[Rule]) -> Rule | None:
    """Return the rule to expect; of several the one with the shortest windows, which is first."""
    found = [rule for rule in rules if expected.may_come_from(rule)]
    return min(found, key=lambda rule: _longest(rule, rules), default=None)


def conditions(rule: Rule, rules: Iterable[Rule]) -> list[Condition]:
    """Return the comparisons of recorded ratios in an alert's expression.

    A comparison with arithmetic on its left, such as the least number of failures, is none.
    """
    recordings = [each for each in rules if each.kind == "recording"]
    found = []
    for term in _AND.split(rule.query):
        sides = _GREATER.split(_bare(term))
        if len(sides) != 2:  # noqa: PLR2004 - left and right
            continue
        left, right = _bare(sides[0]), _bare(sides[1])
        if re.fullmatch(r"[\w:]+\s*(\{[^}]*\})?", left) and _RECORD.match(left):
            ranges = _ranges(left, recordings, _DEEPEST)
            found.append(Condition(left, right, frozenset(ranges)))
    return found


def windows(
    prometheus: Prometheus, found: Iterable[Condition], *, total: str, bad: str
) -> list[Window]:
    """Return the conditions with their numbers now.

    `total` and `bad` are expressions that count events, with `{window}` for their range.
    """
    return [
        Window(
            seconds=each.seconds,
            threshold=prometheus.value(each.threshold),
            total=prometheus.value(total.replace("{window}", f"{each.seconds:.0f}s")),
            bad=prometheus.value(bad.replace("{window}", f"{each.seconds:.0f}s")),
        )
        for each in found
    ]


def _label(rule: Rule, name: str) -> str | None:
    """Return a label of a rule's alerts: its own, or the one that all its series must have."""
    if name in rule.labels:
        return rule.labels[name]
    found = set(re.findall(rf'[{{,]\s*{name}="([^"]*)"', rule.query))
    return found.pop() if len(found) == 1 else None


def _longest(rule: Rule, rules: Sequence[Rule]) -> float:
    longest = (condition.seconds for condition in conditions(rule, rules))
    return max(longest, default=0.0) + rule.duration


def ranges_seconds(expression: str) -> set[float]:
    """Return all ranges that an expression itself looks back."""
    return {duration_seconds(text) for text in _RANGE.findall(expression)}


def _ranges(expression: str, recordings: Sequence[Rule], depth: int) -> set[float]:
    """Return all ranges of an expression and of the records it is made of."""
    found = ranges_seconds(expression)
    if depth:
        for name in set(_RECORD.findall(expression)):
            for rule in recordings:
                if rule.name == name:
                    found |= _ranges(rule.query, recordings, depth - 1)
    return found


def _bare(text: str) -> str:
    """Return text without blanks and without unbalanced or enclosing parentheses at its ends."""
    before = None
    while text != before:
        before = text
        text = text.strip()
        surplus = text.count("(") - text.count(")")
        if surplus > 0 and text.startswith("("):
            text = text[1:]
        elif surplus < 0 and text.endswith(")"):
            text = text[:-1]
        elif text.startswith("(") and text.endswith(")") and _encloses(text):
            text = text[1:-1]
    return text


def _encloses(text: str) -> bool:
    """Whether the first parenthesis is closed by the last character."""
    depth = 0
    for index, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return index == len(text) - 1
    return False
