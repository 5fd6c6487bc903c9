"""What LogErrorBurst leaves out, as its rule has it and as its runbook explains it."""

import re
from pathlib import Path
from typing import Any

import yaml

from tests.compose.servers import ROOT

RULES = ROOT / "loki/rules/fake/errors.yml"
_RUNBOOK = ROOT / "alerting/runbooks/LogErrorBurst.md"
_FILTER = re.compile(r"!~ `\^([a-z-]+): \.\*([^`]+)`")
_ROW = re.compile(r"^\| ([a-z-]+) \| `([^`]+)` \| ([^|]+) \|$", re.MULTILINE)


def filters() -> set[tuple[str, str]]:
    """Return service and pattern of each filter of the rule."""
    rules = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"][0]["rules"]
    (burst,) = [rule for rule in rules if rule["alert"] == "LogErrorBurst"]
    return set(_FILTER.findall(burst["expr"]))


def explained() -> dict[tuple[str, str], str]:
    """Return why, by service and pattern; a row escapes the bars of its pattern."""
    text = _RUNBOOK.read_text(encoding="utf-8").replace("\\|", "\0")
    return {
        (service, pattern.replace("\0", "|")): why
        for service, pattern, why in _ROW.findall(text)
    }  # fmt: skip


def lines(kind: str) -> list[tuple[str, str]]:
    """Return service and text of lines that the real programs wrote.

    Args:
        kind: `noise`, or `errors` for what is to be told.
    """
    path = Path(__file__).with_name("log_lines.yml")
    found: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [(service, line) for service, kinds in found.items() for line in kinds.get(kind, [])]
