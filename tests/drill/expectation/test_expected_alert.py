"""Which rule a drill expects, and what it says of windows."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from burnrate.drill.catalogue import DRILLS
from burnrate.drill.clients.prometheus_api import Rule, duration_seconds
from burnrate.drill.expectation.expected_alert import Expected, conditions, find_rule

RULES = Path(__file__).resolve().parents[3] / "prometheus/rules"

RECORDED = [
    Rule(
        kind="recording",
        name="slo:bad:rate5m",
        query='sum(rate(http_requests_total{status=~"5.."}[5m]))',
    ),
    Rule(kind="recording", name="slo:bad:rate1h", query="sum(rate(http_requests_total[1h]))"),
    Rule(kind="recording", name="slo:ratio:rate5m", query="slo:bad:rate5m / 2"),
    Rule(kind="recording", name="slo:ratio:rate1h", query="slo:bad:rate1h / 2"),
]


def burn(name: str, long: str, **labels: str) -> Rule:
    """A page on a long and a short window, with the least number of failures."""
    query = (
        f'slo:ratio:rate{long}{{slo="a"}} > 14.4 * 0.001 and slo:ratio:rate5m{{slo="a"}} > 0.0144 '
        f'and slo:bad:rate{long}{{slo="a"}} * 3600 > 2.5'
    )
    return Rule(kind="alerting", name=name, query=query, labels=labels)


def test_windows_are_read_from_the_records_and_not_from_their_names() -> None:
    """Through as many records as there are between; the least number of failures is no window."""
    found = conditions(burn("Fast", "1h"), RECORDED)
    assert [(each.seconds, each.threshold) for each in found] == [
        (3_600, "14.4 * 0.001"),
        (300, "0.0144"),
    ]


def test_parentheses_change_nothing() -> None:
    """However a generator sets them."""
    rule = Rule(
        kind="alerting",
        name="Fast",
        query="((slo:ratio:rate1h > (14.4 * 0.001)) and on (slo) (slo:ratio:rate5m > (0.01)))",
    )
    found = conditions(rule, RECORDED)
    assert [(each.record, each.threshold) for each in found] == [
        ("slo:ratio:rate1h", "14.4 * 0.001"),
        ("slo:ratio:rate5m", "0.01"),
    ]


def test_the_rule_is_found_by_its_labels_and_the_fastest_tier_is_expected() -> None:
    """A slower tier's page is of the same SLO, and not the one that is waited for."""
    labels = {"service": "api", "slo": "a", "severity": "page"}
    records = [*RECORDED, Rule(kind="recording", name="slo:ratio:rate6h", query="x[6h]")]
    slow, fast = burn("High", "6h", **labels), burn("Fast", "1h", **labels)
    other = burn("Other", "1h", **{**labels, "slo": "b"})
    ticket = burn("Ticket", "1h", **{**labels, "severity": "ticket"})
    expected = Expected(labels)
    found = find_rule(expected, [*records, slow, fast, other, ticket])
    assert found == fast
    assert expected.is_met_by({"alertname": "High", **labels})
    pinned = expected.pinned_to(fast)
    assert pinned.is_met_by({"alertname": "Fast", **labels, "instance": "x"})
    assert not pinned.is_met_by({"alertname": "High", **labels})


def test_a_label_may_come_from_the_series() -> None:
    """A rule without an slo label has the one that all its series must have."""
    rule = Rule(
        kind="alerting",
        name="Fast",
        query='slo:ratio:rate1h{service="api", slo="a"} > 0.1',
        labels={"severity": "page"},
    )
    assert find_rule(Expected({"slo": "a", "severity": "page"}), [rule]) == rule
    assert find_rule(Expected({"slo": "b", "severity": "page"}), [rule]) is None


def test_a_target_brings_the_service() -> None:
    """The rule is found by its name and severity."""
    page = Rule(kind="alerting", name="Down", query="up == 0", labels={"severity": "page"})
    ticket = page.model_copy(update={"labels": {"severity": "ticket"}})
    expected = Expected({"service": "redis", "severity": "ticket"}, name="Down|Gone")
    assert find_rule(expected, [page, ticket]) == ticket
    assert expected.is_met_by({"alertname": "Down", "service": "redis", "severity": "ticket"})
    assert not expected.is_met_by({"alertname": "Down", "service": "api", "severity": "ticket"})


@pytest.mark.parametrize(
    "drill", [d for d in DRILLS.values() if d.sees == "prometheus"], ids=lambda drill: drill.name
)
def test_the_shipped_rules_have_the_alert_of_each_drill(drill: Any) -> None:  # noqa: ANN401
    """Each drill of a rule finds it, and a burn-rate rule's windows."""
    rules = shipped_rules()
    rule = find_rule(drill.expected, rules)
    assert rule is not None, str(drill.expected)
    assert bool(conditions(rule, rules)) == (drill.events is not None)


def shipped_rules() -> list[Rule]:
    """The rule files as Prometheus' API tells of them."""
    found = []
    for path in sorted(RULES.glob("*.yml")):
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            for rule in group["rules"]:
                kind = "alerting" if "alert" in rule else "recording"
                name = rule.get("alert") or rule["record"]
                query = " ".join(str(rule["expr"]).split())
                found.append(Rule(kind=kind, name=name, query=query, labels=rule.get("labels", {})))
    return found


@pytest.mark.parametrize(
    ("text", "seconds"), [("15s", 15), ("1h30m", 5_400), ("2500ms", 2.5), ("30d", 2_592_000)]
)
def test_durations_are_prometheus_own(text: str, seconds: float) -> None:
    """Units may be combined."""
    assert duration_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "m", "5x", "1h 3m"])
def test_anything_else_is_no_duration(text: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError, match="no duration"):
        duration_seconds(text)
