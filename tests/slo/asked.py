"""What rules, runbooks and dashboards ask for: series with their labels, found by parsing."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from burnrate.promql import selectors

ROOT = Path(__file__).parents[2]
# Prometheus makes them itself, of its targets and of its rules.
OF_PROMETHEUS = frozenset(
    {"ALERTS", "scrape_duration_seconds", "scrape_samples_post_metric_relabeling", "up"}
)


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
        """Return the labels of each record, its name among them, and those it may have from others.

        A record of what other records hold keeps the labels that it has none of its own for.
        """
        records = [rule for rule in self.rules if "record" in rule]
        own = [{"__name__": rule["record"], **rule["labels"]} for rule in records]
        kept = [
            {**labels, **own_labels}
            for rule, own_labels in zip(records, own, strict=True)
            if rule["record"] == "slo:instance_events:gained"
            for labels in own
            if any(selector.accepts(labels) for selector in selectors(rule["expr"]))
        ]
        return [*own, *kept]

    def queries(self) -> Iterator[str]:
        """Return all expressions, those in the texts of alerts too."""
        for rule in self.rules:
            yield str(rule["expr"])
            for text in rule.get("annotations", {}).values():
                for query in re.findall(r'with query "((?:[^"\\]|\\.)*)"', text):
                    yield query.replace('\\"', '"')


def queries_of_runbooks() -> Iterator[str]:
    """Return what the runbooks tell one to ask Prometheus about the shipped service."""
    about = {"$service": "api", "$job": "api", "$front_door": "front-door"}
    for path in sorted((ROOT / "alerting/runbooks").glob("*.md")):
        for query in re.findall(
            r"^ *```promql\n(.*?)^ *```", path.read_text(), re.DOTALL | re.MULTILINE
        ):
            for place, value in about.items():
                query = query.replace(place, value)  # noqa: PLW2901 - one after the other
            yield query
