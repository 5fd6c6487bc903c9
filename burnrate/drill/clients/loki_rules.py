"""The rules that Loki evaluates, read from their files: in containers its API is not published."""

import re
from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import TypeAdapter, ValidationError

from burnrate.drill.clients.prometheus_api import Rule
from burnrate.drill.errors import Refused
from burnrate.durations import parse_duration

_OBJECTS = TypeAdapter(list[dict[str, object]])
# LogQL has no parser in Python; in brackets stands a range, as in PromQL.
_RANGE = re.compile(r"\[([0-9a-z]+)\]")
# Loki's own default.
_EVALUATION = "1m"


def read_loki_rules(folder: Path) -> list[Rule]:
    """Return the alerts in Loki's rule files, which have Prometheus' form.

    Raises:
        Refused: a file is none.
    """
    found = []
    for path in sorted(folder.rglob("*.y*ml")):
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
            groups = _OBJECTS.validate_python(content["groups"])
        except (ValidationError, yaml.YAMLError, KeyError, TypeError) as error:
            raise Refused(f"{path} holds no rules: {error}") from error
        for group in groups:
            interval = parse_duration(str(group.get("interval", _EVALUATION)))
            rules = _OBJECTS.validate_python(group.get("rules", []))
            found += [_loki_rule(rule, interval) for rule in rules if "alert" in rule]
    return found


def loki_ranges(query: str) -> set[float]:
    """Return all ranges that a LogQL query looks back, in seconds."""
    return {parse_duration(text) for text in _RANGE.findall(query)}


def _loki_rule(rule: Mapping[str, object], interval: float) -> Rule:
    return Rule.model_validate(
        {
            "type": "alerting",
            "name": rule["alert"],
            "query": rule["expr"],
            "labels": rule.get("labels", {}),
            "duration": parse_duration(str(rule.get("for", "0s"))),
            "interval": interval,
        }
    )
