"""What rules, runbooks and dashboards ask for: series with their labels, found by parsing."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

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
