"""grafana/ and the rules: dashboards show what is recorded, and alerts lead to dashboards."""

import re

import pytest
import yaml

from tests.grafana.panels import BUILT, ROOT, all_queries, panels


def test_dashboards_show_only_what_rules_record() -> None:
    """A panel that names a series no rule makes would be empty for ever."""
    rules = "".join(path.read_text() for path in (ROOT / "prometheus/rules").glob("*.yml"))
    recorded = {
        rule["record"]
        for path in (ROOT / "prometheus/rules").glob("*.yml")
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
        if "record" in rule
    }
    shown = {series for query in all_queries() for series in re.findall(r"slo:\w+:\w+", query.text)}

    assert rules
    assert shown
    assert shown <= recorded


def test_burn_rates_are_drawn_as_the_alerts_judge_them() -> None:
    """Each alert has a panel of its two windows, and the dashed line is the rate it fires for."""
    objective = yaml.safe_load((ROOT / "prometheus/rules/slo-api-availability.yml").read_text())
    rules = [rule for group in objective["groups"] for rule in group["rules"]]
    (budget,) = [r["expr"] for r in rules if r.get("record") == "slo:error_budget:ratio"]
    share = float(re.sub(r"[^\d.]", "", budget))
    recorded = {
        rule["labels"]["tier"]: (
            rule["labels"]["long_window"],
            rule["labels"]["short_window"],
            float(re.sub(r"[^\d.]", "", rule["expr"])),
        )
        for rule in rules
        if rule.get("record") == "slo:alert_burn_rate:factor"
    }
    of_alerts = {}
    for rule in rules:
        judged = re.findall(r"slo:sli_error:ratio_rate(\w+){[^}]*}\s*> ([\d.]+)", rule["expr"])
        if "alert" in rule and len(judged) == 2:
            (long, limit), (short, other) = judged
            assert limit == other
            tier = rule["alert"].removeprefix("ErrorBudgetBurn")
            of_alerts[tier] = (long, short, round(float(limit) / share, 6))
    drawn = {}
    for panel in panels(BUILT["overview.json"]):
        if panel["title"].startswith("Burn rate"):
            lower, limit = [target["expr"] for target in panel["targets"]]
            (tier,) = re.findall(r'tier="(\w+)"', limit)
            # An alert needs both: a graph of either one would be above the line while none fires.
            both = re.match(r"\(\(\S+_rate(\w+){.+?} <= \S+_rate(\w+){.+?}\) or ", lower)
            drawn[tier] = list(both.groups()) if both else []

    assert of_alerts == recorded
    assert drawn == {tier: [long, short] for tier, (long, short, _) in recorded.items()}


def test_alerts_lead_to_dashboards_that_exist() -> None:
    """Each `dashboard_url` of a rule names the uid of a dashboard and variables that it has."""
    by_uid = {dashboard["uid"]: dashboard for dashboard in BUILT.values()}
    files = [*(ROOT / "prometheus/rules").glob("*.yml"), *(ROOT / "loki/rules").rglob("*.yml")]
    urls = {url for path in files for url in re.findall(r"dashboard_url: (\S+)", path.read_text())}

    assert urls
    for url in urls:
        uid, _, query = url.strip("\"'").partition("/d/")[2].partition("?")
        declared = {variable["name"] for variable in by_uid[uid]["templating"]["list"]}
        assert set(re.findall(r"var-(\w+)=", query)) <= declared


@pytest.mark.parametrize("name", ["causes", "inbox", "stack"])
def test_only_alerts_about_objectives_lead_to_the_overview(name: str) -> None:
    """Whatever else fires has a page of its own, where the overview would be empty."""
    assert "burnrate-overview" not in (ROOT / f"prometheus/rules/{name}.yml").read_text()
