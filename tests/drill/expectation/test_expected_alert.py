"""Which alert a drill expects, and which rule it comes from."""

from pathlib import Path

import pytest
import yaml

from burnrate.drill.catalogue import DRILLS
from burnrate.drill.clients import Rule
from burnrate.drill.definition import Drill
from burnrate.drill.expectation import ExpectedAlert, find_rule

RULES = Path(__file__).resolve().parents[3] / "prometheus/rules"


def burn(name: str, slo: str, severity: str) -> Rule:
    """An alert of one of an SLO's tiers."""
    labels = {"service": "api", "slo": slo, "severity": severity}
    return Rule(kind="alerting", name=name, query="slo:sli_error:ratio_rate1h > 1", labels=labels)


def test_the_rule_is_found_by_its_labels_and_told_from_those_of_other_tiers() -> None:
    """A slower tier's page is of the same SLO, and not the one that is waited for."""
    slow, fast = burn("BurnHigh", "a", "page"), burn("BurnFast", "a", "page")
    other, ticket = burn("OtherFast", "b", "page"), burn("BurnFast", "a", "ticket")
    record = Rule(kind="recording", name="BurnFast", query="x", labels=fast.labels)
    expected = ExpectedAlert({"service": "api", "slo": "a", "severity": "page"}, name=".*Fast")
    assert find_rule(expected, [record, slow, other, ticket, fast]) == fast
    narrowed = expected.narrowed_to(fast)
    assert narrowed.matches({"alertname": "BurnFast", **fast.labels, "instance": "x"})
    assert not narrowed.matches({"alertname": "BurnHigh", **slow.labels})
    assert not narrowed.matches({"alertname": "OtherFast", **other.labels})


def test_of_several_rules_the_one_that_fires_first_is_expected() -> None:
    """ServiceDown and TargetDown see the same outage, one of them later."""
    rules = [
        Rule(kind="alerting", name=name, query='up{service="api"} == 0', duration=seconds)
        for name, seconds in (("Slow", 300), ("Quick", 60), ("Other", 0))
    ]
    found = find_rule(ExpectedAlert({"service": "api"}, name="Slow|Quick"), rules)
    assert found == rules[1]


def test_a_label_may_come_from_the_series() -> None:
    """A rule without an slo label has the one that all its series must have."""
    rule = Rule(
        kind="alerting",
        name="Fast",
        query='slo:ratio:rate1h{service="api", slo="a"} > 0.1',
        labels={"severity": "page"},
    )
    assert find_rule(ExpectedAlert({"slo": "a", "severity": "page"}), [rule]) == rule
    assert find_rule(ExpectedAlert({"slo": "b", "severity": "page"}), [rule]) is None


def test_a_label_that_series_must_not_have_is_none_of_the_alert() -> None:
    """A rule about everything but one service is not about that one."""
    rule = Rule(
        kind="alerting", name="Down", query='up{service!="api"} == 0', labels={"severity": "page"}
    )
    expected = ExpectedAlert({"service": "redis", "severity": "page"}, name="Down")
    assert find_rule(expected, [rule]) == rule


def test_a_target_brings_the_service() -> None:
    """The rule is found by its name and severity."""
    page = Rule(kind="alerting", name="Down", query="up == 0", labels={"severity": "page"})
    ticket = page.model_copy(update={"labels": {"severity": "ticket"}})
    expected = ExpectedAlert({"service": "redis", "severity": "ticket"}, name="Down|Gone")
    assert find_rule(expected, [page, ticket]) == ticket
    assert expected.matches({"alertname": "Down", "service": "redis", "severity": "ticket"})
    assert not expected.matches({"alertname": "Down", "service": "api", "severity": "ticket"})


def test_a_log_rule_is_known_by_its_own_labels() -> None:
    """LogQL is no PromQL, and says nothing of what its lines are about."""
    query = 'sum by (service) (count_over_time({service=~".+", level="error"} != "x" [5m])) > 10'
    rule = Rule(kind="alerting", name="Logs", query=query, labels={"severity": "ticket"})
    expected = ExpectedAlert({"service": "api", "severity": "ticket"}, name="Logs")
    assert find_rule(expected, [rule]) == rule
    assert find_rule(ExpectedAlert({"severity": "page"}, name="Logs"), [rule]) is None


@pytest.mark.parametrize(
    "drill", [d for d in DRILLS.values() if d.noticed_by == "prometheus"], ids=lambda d: d.name
)
def test_the_shipped_rules_have_the_alert_of_each_drill(drill: Drill) -> None:
    """A drill of an SLO finds a page of it, and each other one its rule."""
    rule = find_rule(drill.expected, shipped_rules())
    assert rule is not None, str(drill.expected)
    assert ("slo" in rule.labels) == (drill.slo is not None)


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
