"""The rules that Loki evaluates, read from their files: in containers its API is not published."""

from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import TypeAdapter, ValidationError

from burnrate.drill.clients.prometheus_api import Rule, duration_seconds
from burnrate.drill.errors import Refused

_OBJECTS = TypeAdapter(list[dict[str, object]])
# Loki's own default.
_EVALUATION = "1m"


def loki_rules(folder: Path) -> list[Rule]:
    """Return the alerts in Loki's rule files, which have Prometheus' form."""
    found = []
    for path in sorted(folder.rglob("*.y*ml")):
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
            groups = _OBJECTS.validate_python(content["groups"])
        except (ValidationError, yaml.YAMLError, KeyError, TypeError) as error:
            raise Refused(f"{path} holds no rules: {error}") from error
        for group in groups:
            interval = duration_seconds(str(group.get("interval", _EVALUATION)))
            rules = _OBJECTS.validate_python(group.get("rules", []))
            found += [_loki_rule(rule, interval) for rule in rules if "alert" in rule]
    return found


def _loki_rule(rule: Mapping[str, object], interval: float) -> Rule:
    return Rule.model_validate(
        {
            "type": "alerting",
            "name": rule["alert"],
            "query": rule["expr"],
            "labels": rule.get("labels", {}),
            "duration": duration_seconds(str(rule.get("for", "0s"))),
            "interval": interval,
        }
    )
