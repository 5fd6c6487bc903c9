"""Ledgers and `increase`, of services other than ours, on promtool."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from burnrate.configuration import load_configuration
from burnrate.slo.generator import Tree, generated, how_counted, write
from burnrate.slo.specification import Service, load_all
from tests.servers.processes import ROOT

_SPEC = """version: prometheus/v1
service: shop
slos:
  - name: checkout
    objective: 99
    sli:
      events:
        error_query: ERRORS
        total_query: sum(rate(hits_total{job="shop"}[{{.window}}]))
"""
_SETTINGS = """\
version: burnrate/v1
job: shop
slos:
  checkout:
    kind: ratio
    good: ['hits_total{job="shop", code="200"}']
    bad: ['hits_total{job="shop", code="500"}']
"""
_ERRORS = 'sum(rate(hits_total{job="shop", code="500"}[{{.window}}]))'
_GOOD = 'hits_total{job="shop", code="200"}'
_BAD = 'hits_total{job="shop", code="500"}'


def _make(
    folder: Path, errors: str = _ERRORS, settings: str = _SETTINGS, team: str = "low_budget: 0.25\n"
) -> tuple[Tree, Service]:
    tree = Tree(folder)
    tree.specs.mkdir(parents=True)
    tree.alertmanager.parent.mkdir()
    shutil.copy(Tree(ROOT).alertmanager, tree.alertmanager)
    (folder / "burnrate.yml").write_text(team)
    (tree.specs / "shop.yml").write_text(_SPEC.replace("ERRORS", errors))
    (tree.specs / "shop.settings.yml").write_text(settings)
    configuration = load_configuration(folder)
    services = load_all(tree.specs, configuration)
    write(generated(tree, services, configuration))
    return tree, services[0]


def _run(*paths: Path) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    for path in paths:
        done = subprocess.run(
            ["promtool", "test", "rules", str(path)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def _check(tree: Tree, series: dict[str, str], values: dict[str, float], at: str) -> None:
    """Let promtool evaluate the rules each minute and compare some expressions."""
    test: dict[str, Any] = {
        "interval": "1m",
        "input_series": [{"series": name, "values": text} for name, text in series.items()],
        "promql_expr_test": [
            {"expr": expr, "eval_time": at, "exp_samples": [{"labels": "{}", "value": value}]}
            for expr, value in values.items()
        ],
    }
    path = tree.tests / "own_test.yml"
    path.write_text(
        yaml.safe_dump(
            {
                "rule_files": ["../rules/slo-shop-checkout.yml"],
                "evaluation_interval": "1m",
                "group_eval_order": [
                    f"slo-shop-checkout{suffix}"
                    for suffix in ("-recovery", "", "-slower", "-tickets")
                ],
                "tests": [test],
            }
        )
    )
    _run(path)


def _rules(tree: Tree) -> str:
    return (tree.rules / "slo-shop-checkout.yml").read_text()


def _events(tree: Tree) -> dict[str, str]:
    """Return the rules that count events, not those that hold an alert with them."""
    groups = yaml.safe_load(_rules(tree))["groups"]
    rules = {rule.get("record", ""): rule["expr"] for group in groups for rule in group["rules"]}
    return {n: e for n, e in rules.items() if "events" in n and not n.startswith("slo:alert_")}


@pytest.mark.parametrize(
    ("errors", "team", "said"),
    [
        (_ERRORS, "engine: victoriametrics\n", "may not see at once what they recorded"),
        (f"{_ERRORS} * 1", "low_budget: 0.25\n", "error_query is no sum"),
    ],
)
def test_without_a_ledger_the_same_alerts_come_from_increase(
    tmp_path: Path, errors: str, team: str, said: str
) -> None:
    """No rule reads what it recorded, none uses `rate`, and every tier keeps its promises."""
    tree, service = _make(tmp_path, errors, team=team)

    text = _rules(tree)
    assert said in text.splitlines()[1]
    assert said in " ".join(how_counted(service.slos[0]))
    assert "rate(" not in text
    assert "slo:total_events:total" not in text
    for group in yaml.safe_load(text)["groups"]:
        for rule in group["rules"]:
            assert rule.get("record", "no record") not in rule["expr"]
    _run(*(tree.tests / f"slo-shop-checkout-{name}_test.yml" for name in ("fast", "healthy")))


def test_a_service_that_is_renamed_keeps_its_ledger(tmp_path: Path) -> None:
    """With `formerly`; what its counters said at that moment is where it goes on."""
    tree, service = _make(tmp_path, settings=f"formerly: [kiosk]\n{_SETTINGS}")
    old = 'service="kiosk", slo="checkout"'

    _check(
        tree,
        {
            f"slo:total_events:total{{{old}}}": "0+600x119 stale",
            f"slo:bad_events:total{{{old}}}": "0+6x119 stale",
            f"slo:history:start{{{old}}}": "0x119 stale",
            f"slo:history:seconds{{{old}}}": "0+60x119 stale",
            _GOOD: "_x120 7000+594x120",
            _BAD: "_x120 700+6x120",
        },
        {
            # 119 minutes under the old name, and an hour under the new one.
            "sum(slo:total_events:count30d)": 600 * (119 + 60),
            "sum(slo:bad_events:count30d)": 6 * (119 + 60),
            "sum(slo:total_events:rate2h) * 7200": 600 * 119,
            "sum(slo:history:seconds)": 180 * 60,
        },
        "180m",
    )
    assert "called kiosk" in " ".join(how_counted(service.slos[0]))


def test_a_budget_that_is_reset_counts_from_then(tmp_path: Path) -> None:
    """The windows of alerts do not: what burns still burns."""
    reset = '    reset: {at: "1970-01-01T02:00:00", reason: a migration}\n'
    tree, _ = _make(tmp_path, settings=_SETTINGS + reset)

    _check(
        tree,
        {_GOOD: "0+500x119 60000+594x60", _BAD: "0+100x119 12000+6x60"},
        {
            "sum(slo:bad_events:count30d)": 360,
            "sum(slo:total_events:count30d)": 36_000,
            # Of the hour since then, in a month of such hours.
            "round(sum(slo:period_burn_rate:ratio) * 720, 0.001)": 1,
            "sum(slo:bad_events:rate2h) * 7200": 6_360,
            'sum(slo:budget_reset:seconds{reason="a migration"})': 7_200,
        },
        "180m",
    )


@pytest.mark.parametrize(
    ("at", "series", "bad", "total"),
    [
        # In a hole of an hour, in which 5,000 failed before and after it: nobody knows how many.
        ("01:30", ("0+500x59 stale _x58 60000+494x60", "0x59 stale _x58 5000+6x60"), 354, 29_500),
        # Nobody measures yet again: it begins at the end of the hole, whenever that is.
        ("01:30", ("0+500x59 stale _x120", "0+100x59 stale _x120"), 0, 0),
        # To come: until then all counts.
        ("03:00", ("0+500x200", "0+100x200"), 17_800, 106_800),
        # Before anything was counted.
        ("00:00", ("0+500x200", "0+100x200"), 17_800, 106_800),
    ],
)
def test_a_budget_may_be_reset_at_an_odd_moment(
    tmp_path: Path, at: str, series: tuple[str, str], bad: int, total: int
) -> None:
    """What is counted since then, and in a hole from its end on."""
    reset = f'    reset: {{at: "1970-01-01T{at}:00", reason: a migration}}\n'
    tree, _ = _make(tmp_path, settings=_SETTINGS + reset)
    good, failed = series
    expected: dict[str, float] = {
        "sum(slo:bad_events:count30d)": bad,
        "sum(slo:total_events:count30d)": total,
    }
    _check(tree, {_GOOD: good, _BAD: failed}, expected, "178m")


def test_a_ledger_that_is_younger_than_a_reset_counts_from_its_beginning(tmp_path: Path) -> None:
    """After more than a day without any measurement it is another one, with smaller numbers."""
    reset = '    reset: {at: "1970-01-01T01:00:00", reason: a migration}\n'
    tree, _ = _make(tmp_path, settings=_SETTINGS + reset)
    series = {
        _GOOD: "0+500x119 stale _x1500 900000+500x60",
        _BAD: "0+100x119 stale _x1500 90000+6x60",
    }
    expected = {
        f"sum(slo:{kind}_events:count30d) - sum(slo:{kind}_events:total)": 0
        for kind in ("bad", "total")
    }
    _check(tree, series, {**expected, "sum(slo:bad_events:total) > bool 0": 1}, "1680m")


def test_another_objective_changes_the_budget_and_not_what_was_counted(tmp_path: Path) -> None:
    """No name and no label of a ledger's depends on it."""
    first, _ = _make(tmp_path / "first")
    text = _SPEC.replace("objective: 99", "objective: 99.9").replace("ERRORS", _ERRORS)
    second, _ = _make(tmp_path / "second")
    (second.specs / "shop.yml").write_text(text)
    configuration = load_configuration()
    write(generated(second, load_all(second.specs, configuration), configuration))

    assert _rules(first) != _rules(second)
    assert _events(first) == _events(second) != {}


def test_a_threshold_that_changes_brings_no_old_events(tmp_path: Path) -> None:
    """A bucket that nobody has looked at begins at what it has, and so does what it is part of."""
    count = 'sum(rate(seconds_count{job="shop"}[{{.window}}]))'
    bucket = 'sum(rate(seconds_bucket{job="shop", le="LE"}[{{.window}}]))'
    (before, _), (after, _) = (
        _make(tmp_path / le, f"{count} - {bucket.replace('LE', le)}") for le in ("0.5", "1")
    )
    old, new = (set(re.findall(r"term: (.*)", _rules(tree))) for tree in (before, after))

    # Only what is counted in total goes on.
    assert [name.partition("-")[0] for name in old & new] == ["hits_total"]
    assert {name.partition("-")[0] for name in new - old} == {"seconds_count", "seconds_bucket"}
    target = 'job="shop", instance="a"'
    _check(
        after,
        {
            f"up{{{target}}}": "1x60",
            f"process_start_time_seconds{{{target}}}": "-90000x60",
            f'hits_total{{{target}, code="200"}}': "136000+600x60",
            f"seconds_count{{{target}}}": "136000+600x60",
            f'seconds_bucket{{{target}, le="1"}}': "120000+590x60",
        },
        {"sum(slo:bad_events:total)": 600, "sum(slo:total_events:total)": 36_000},
        "60m",
    )
