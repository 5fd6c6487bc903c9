"""Each alert is seen firing by one unit test of the rules and seen silent by another."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from burnrate.configuration import load_configuration
from burnrate.slo.generator import has_input_series
from burnrate.slo.specification import load_all

_PROMETHEUS = Path(__file__).parents[2] / "prometheus"
_NAME = re.compile(r'alertname(=~?)"([^"]*)"')
_SEVERITY = re.compile(r'severity="([^"]*)"')
# What a unit test has seen: an alert's name, its severity, and whether it fired.
Seen = tuple[str, str, bool]


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
    return content


# A team's SLO whose query no test can feed has no unit tests; ours all have some.
_WITHOUT_TESTS = {
    f"slo-{service.stem}-{slo.stem}.yml"
    for service in load_all(_PROMETHEUS / "slo", load_configuration())
    for slo in service.slos
    if not has_input_series(slo)
}
_ALERTS = {
    (rule["alert"], rule["labels"]["severity"])
    for path in _PROMETHEUS.glob("rules/*.yml")
    if path.name not in _WITHOUT_TESTS
    for group in _read(path)["groups"]
    for rule in group["rules"]
    if "alert" in rule
}


def seen_by(document: dict[str, Any], alerts: set[tuple[str, str]]) -> Iterator[Seen]:
    """Yield what the unit tests of one file see of these alerts, each a name and a severity."""
    for test in document["tests"]:
        for case in test.get("alert_rule_test", []):
            yield from _seen_by_case(case, alerts)
        for case in test.get("promql_expr_test", []):
            yield from _seen_by_query(case, alerts)


def _seen_by_case(case: dict[str, Any], alerts: set[tuple[str, str]]) -> Iterator[Seen]:
    """`exp_alerts` are all alerts of this name: none of another severity fires."""
    fired = {alert["exp_labels"]["severity"] for alert in case.get("exp_alerts") or []}
    for name, severity in alerts:
        if name == case["alertname"]:
            yield name, severity, severity in fired


def _seen_by_query(case: dict[str, Any], alerts: set[tuple[str, str]]) -> Iterator[Seen]:
    """Only queries of what fires count: a pending alert has told nobody."""
    query = case["expr"]
    if _NAME.search(query) is None or 'alertstate="firing"' not in query:
        return
    samples = [each for each in case.get("exp_samples") or [] if each["value"] > 0]
    asked = [(name, severity) for name, severity in alerts if _is_meant(query, name, severity)]
    for name, severity in asked:
        labels = [sample.get("labels", "") for sample in samples]
        meant = [each for each in labels if _is_meant(each, name, severity)]
        # A count without labels is of one alert only if one was asked for.
        if all(_SEVERITY.search(each) for each in meant) or len(asked) == 1:
            yield name, severity, bool(meant)


def _is_meant(text: str, name: str, severity: str) -> bool:
    """Tell whether a selector or the labels of a sample leave room for an alert."""
    names, severities = _NAME.search(text), _SEVERITY.search(text)
    is_named = names is None or re.fullmatch(names[2], name) is not None
    return is_named and (severities is None or severities[1] == severity)


_SEEN = {seen for path in _PROMETHEUS.glob("tests/*.yml") for seen in seen_by(_read(path), _ALERTS)}


@pytest.mark.parametrize(("name", "severity"), sorted(_ALERTS))
def test_alert_is_seen_firing(name: str, severity: str) -> None:
    """An alert that no test has seen firing is a guess."""
    assert (name, severity, True) in _SEEN


@pytest.mark.parametrize(("name", "severity"), sorted(_ALERTS - {("Watchdog", "none")}))
def test_alert_is_seen_silent(name: str, severity: str) -> None:
    """One that has only been seen firing may fire always; the watchdog shall."""
    assert (name, severity, False) in _SEEN


_DOWN = {("Down", "page"), ("Down", "ticket")}
_COUNT = 'count(ALERTS{alertname="Down", alertstate="firing"%s}) or vector(0)'
_LABELS = '{alertname="Down", severity="page"}'


@pytest.mark.parametrize(
    ("kind", "case", "seen"),
    [
        ("alert_rule_test", {"alertname": "Down"}, {("page", False), ("ticket", False)}),
        (
            "alert_rule_test",
            {"alertname": "Down", "exp_alerts": [{"exp_labels": {"severity": "page"}}]},
            {("page", True), ("ticket", False)},
        ),
        (
            "promql_expr_test",
            {"expr": _COUNT % "", "exp_samples": [{"labels": "{}", "value": 0}]},
            {("page", False), ("ticket", False)},
        ),
        ("promql_expr_test", {"expr": _COUNT % "", "exp_samples": [{"value": 1}]}, set()),
        (
            "promql_expr_test",
            {"expr": _COUNT % ', severity="page"', "exp_samples": [{"value": 1}]},
            {("page", True)},
        ),
        (
            "promql_expr_test",
            {
                "expr": 'ALERTS{alertname="Down", alertstate="firing"}',
                "exp_samples": [{"labels": _LABELS, "value": 1}],
            },
            {("page", True), ("ticket", False)},
        ),
        (
            "promql_expr_test",
            {
                "expr": 'ALERTS{alertname="Down", alertstate="pending"}',
                "exp_samples": [{"labels": _LABELS, "value": 1}],
            },
            set(),
        ),
    ],
)
def test_a_unit_test_has_seen_what_it_asserts(
    kind: str, case: dict[str, Any], seen: set[tuple[str, bool]]
) -> None:
    """And not what it only mentions."""
    found = seen_by({"tests": [{kind: [case]}]}, _DOWN)
    assert {(severity, fired) for _, severity, fired in found} == seen
