"""Rules that are generated for another service, run by promtool: nothing of ours is in them."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from burnrate.configuration import load_configuration
from burnrate.slo.generator import Tree, generated, write
from burnrate.slo.specification import load_all
from tests.servers.processes import ROOT

_SPEC = r"""version: prometheus/v1
service: shop
slos:
  - name: checkout
    objective: 99.5
    sli:
      events:
        error_query: >-
          sum(rate(http_request_duration_seconds_count{job="shop"}[{{.window}}])) -
          sum(rate(http_request_duration_seconds_bucket{job="shop", le=~"1|1\\.0"}[{{.window}}]))
        total_query: sum(rate(http_request_duration_seconds_count{job="shop"}[{{.window}}]))
"""
_SETTINGS = """\
version: burnrate/v1
job: shop
period_days: PERIOD
slos:
  checkout: {kind: latency, threshold_seconds: 1, example_endpoint: /carts}
"""


def _make(folder: Path, period_days: int) -> Tree:
    tree = Tree(folder)
    tree.specs.mkdir(parents=True)
    tree.alertmanager.parent.mkdir()
    shutil.copy(Tree(ROOT).alertmanager, tree.alertmanager)
    (tree.specs / "shop.yml").write_text(_SPEC)
    settings = _SETTINGS.replace("PERIOD", str(period_days))
    (tree.specs / "shop.settings.yml").write_text(settings)
    write(generated(tree, load_all(tree.specs, load_configuration()), load_configuration()))
    return tree


def _groups(tree: Tree) -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = yaml.safe_load(
        (tree.rules / "slo-shop-checkout.yml").read_text()
    )["groups"]
    return groups


def _run(path: Path) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    done = subprocess.run(
        ["promtool", "test", "rules", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("days", "thresholds"),
    [
        (28, ["0.0672", "0.028", "0.014", "0.005"]),
        (7, ["0.0168", "0.007", "0.005", "0.005"]),
    ],
)
def test_each_period_has_factors_of_its_own(
    tmp_path: Path, days: int, thresholds: list[str]
) -> None:
    """Each tier's threshold, and the fastest one's promises; the shipped rules do it for 30."""
    tree = _make(tmp_path, days)
    groups = _groups(tree)

    rules = [rule for group in groups for rule in group["rules"]]
    alerts = [rule["expr"] for rule in rules if "BudgetBurn" in rule.get("alert", "")]
    assert [expr.split(" > ")[1].split(" ")[0] for expr in alerts] == thresholds
    _run(tree.tests / "slo-shop-checkout-fast_test.yml")


def test_pages_wait_for_no_ticket(tmp_path: Path) -> None:
    """What a page reads is recorded beside it; what tickets read is not forgotten in between.

    A page whose short window is six times as long is evaluated a quarter as often.
    """
    _, fast, slower, tickets = _groups(_make(tmp_path, 30))

    for group, page in ((fast, "ErrorBudgetBurnFast"), (slower, "ErrorBudgetBurnHigh")):
        recorded = {rule["record"] for rule in group["rules"] if "record" in rule}
        alerts = [rule for rule in group["rules"] if "alert" in rule]
        (rule,) = (alert for alert in alerts if alert["labels"]["severity"] == "page")
        assert rule["alert"] == page
        assert set(re.findall(r"slo:\w+:\w+", rule["expr"])) <= recorded
    assert (fast["interval"], slower["interval"]) == ("15s", "60s")
    # Prometheus finds a record for five minutes: one may be left out.
    assert 2 * int(tickets["interval"].removesuffix("s")) < 300


@pytest.mark.parametrize("le", ["1", "1.0"])
def test_a_bucket_of_a_whole_second_is_found_in_both_spellings(tmp_path: Path, le: str) -> None:
    """Prometheus 2 keeps the client's, Go's is 1 and Python's 1.0; Prometheus 3 makes it 1.0."""
    tree = _make(tmp_path, 30)
    name = 'http_request_duration_seconds_{kind}{{job="shop", endpoint="/carts"{le}}}'
    tests = {
        "rule_files": ["../rules/slo-shop-checkout.yml"],
        "evaluation_interval": "15s",
        "tests": [
            {
                "interval": "15s",
                "input_series": [
                    {"series": name.format(kind="count", le=""), "values": "0+10x40"},
                    {"series": name.format(kind="bucket", le=f', le="{le}"'), "values": "0+9x40"},
                ],
                "promql_expr_test": [
                    {
                        "expr": "round(sum(slo:sli_error:ratio_rate5m), 0.001)",
                        "eval_time": "10m",
                        "exp_samples": [{"labels": "{}", "value": 0.1}],
                    }
                ],
            }
        ],
    }
    path = tree.tests / "spelling_test.yml"
    path.write_text(yaml.safe_dump(tests))

    _run(path)
