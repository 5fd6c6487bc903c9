"""What rules, runbooks and dashboards ask for: series with their labels, found by parsing."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import promql_parser as promql
import yaml

ROOT = Path(__file__).parents[2]
# Prometheus makes them itself, of its targets and of its rules.
OF_PROMETHEUS = frozenset(
    {"ALERTS", "scrape_duration_seconds", "scrape_samples_post_metric_relabeling", "up"}
)
_OPERATORS = {
    str(promql.MatchOp.Equal): "=",
    str(promql.MatchOp.NotEqual): "!=",
    str(promql.MatchOp.Re): "=~",
    str(promql.MatchOp.NotRe): "!~",
}


@dataclass(frozen=True)
class Matcher:
    """One condition on a label."""

    label: str
    operator: str
    value: str

    def accepts(self, value: str) -> bool:
        """Say whether a label's value meets it."""
        is_same = (
            re.fullmatch(self.value, value) is not None
            if "~" in self.operator
            else value == self.value
        )
        return is_same != self.operator.startswith("!")


@dataclass(frozen=True)
class Selector:
    """Series that a query reads; `grouped` are the labels by which it sums or joins them."""

    matchers: frozenset[Matcher]
    grouped: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The metric's name, or the pattern of several."""
        return next(each.value for each in self.matchers if each.label == "__name__")

    def __str__(self) -> str:
        rest = sorted(f'{m.label}{m.operator}"{m.value}"' for m in self.matchers)
        shown = ", ".join(each for each in rest if not each.startswith("__name__"))
        return f"{self.name}{{{shown}}}" + (f" by {sorted(self.grouped)}" if self.grouped else "")


@dataclass(frozen=True)
class Rules:
    """All rules of Prometheus."""

    rules: list[dict[str, Any]] = field(
        default_factory=lambda: [
            rule
            for path in sorted((ROOT / "prometheus/rules").glob("*.yml"))
            for group in yaml.safe_load(path.read_text())["groups"]
            for rule in group["rules"]
        ]
    )

    def recorded(self) -> list[dict[str, str]]:
        """Return the labels of each record, its name among them."""
        return [
            {"__name__": rule["record"], **rule["labels"]}
            for rule in self.rules
            if "record" in rule
        ]

    def queries(self) -> Iterator[str]:
        """Return all expressions, those in the texts of alerts too."""
        for rule in self.rules:
            yield str(rule["expr"])
            for text in rule.get("annotations", {}).values():
                for query in re.findall(r'with query "((?:[^"\\]|\\.)*)"', text):
                    yield query.replace('\\"', '"')


def queries_of_runbooks() -> Iterator[str]:
    """Return what the runbooks tell one to ask Prometheus."""
    for path in sorted((ROOT / "alerting/runbooks").glob("*.md")):
        yield from re.findall(
            r"^ *```promql\n(.*?)^ *```", path.read_text(), re.DOTALL | re.MULTILINE
        )


def selectors(query: str) -> set[Selector]:
    """Return the series that a query reads."""
    return set(_walk(promql.parse(query), frozenset()))


def _walk(node: Any, grouped: frozenset[str]) -> Iterator[Selector]:  # noqa: ANN401 - any node
    if isinstance(node, promql.VectorSelector):
        found = {
            Matcher(each.name, _OPERATORS[str(each.op)], each.value)
            for each in node.matchers.matchers
        }
        if node.name:
            found.add(Matcher("__name__", "=", node.name))
        yield Selector(frozenset(found), grouped)
    elif isinstance(node, promql.BinaryExpr):
        # One side of a join need not have been summed by what the other side brings along.
        on = node.modifier and node.modifier.matching
        both = frozenset(on.labels) if on and "on" in str(on) else frozenset()
        yield from _walk(node.lhs, grouped | both)
        yield from _walk(node.rhs, both)
    elif isinstance(node, promql.AggregateExpr):
        kept = node.modifier
        by = kept.labels if kept and "By" in str(kept.type) else []
        # What is above an aggregation sees the labels that it keeps.
        yield from _walk(node.expr, frozenset(by))
    elif isinstance(node, promql.Call):
        for each in node.args:
            yield from _walk(each, grouped)
    elif isinstance(node, promql.MatrixSelector):
        yield from _walk(node.vector_selector, grouped)
    elif isinstance(node, promql.SubqueryExpr | promql.ParenExpr | promql.UnaryExpr):
        yield from _walk(node.expr, grouped)
    else:
        assert isinstance(node, promql.NumberLiteral | promql.StringLiteral), node
