"""Events as promtool's input, and what the rules make of them by simulation."""

import subprocess
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from burnrate.slo.simulation import Simulation, TierRules
from tests.servers.processes import ROOT

Trace = Sequence[tuple[int, int]]
_COUNTER = 'front_door_requests_total{{job="front-door", kind="route", outcome="{outcome}"}}'
# A minute from one evaluation to the next: fewer are faster.
EVERY_SECONDS = 60
# Twice an hour, how many evaluations have seen it fire so far.
_LOOK = 1800 // EVERY_SECONDS


def fired(tiers: tuple[TierRules, ...], trace: Trace) -> dict[str, list[bool]]:
    """Return at which evaluations each tier's alert fires; the first is before all events."""
    simulation = Simulation(tiers, EVERY_SECONDS)
    seen = [simulation.evaluate(good, bad) for good, bad in [(0, 0), *trace]]
    return {tier.name: [tier.name in names for names in seen] for tier in tiers}


def promtool_test(name: str, trace: Trace, expected: dict[str, list[bool]]) -> dict[str, Any]:
    """Return a test that Prometheus' rules fire as often as expected, up to each of many times."""
    looks = range(_LOOK, len(trace), _LOOK)
    return {
        "name": name,
        "interval": f"{EVERY_SECONDS}s",
        "input_series": [
            {"series": 'up{job="front-door"}', "values": f"1x{len(trace)}"},
            *(
                {
                    "series": _COUNTER.format(outcome=outcome),
                    "values": _running([events[index] for events in trace]),
                }
                for index, outcome in enumerate(("good", "bad"))
            ),
        ],
        "promql_expr_test": [
            _look(alert, look, sum(fires[: look + 1]))
            for alert, fires in expected.items()
            for look in looks
        ],
    }


def run(tests: Sequence[dict[str, Any]], folder: Path) -> str:
    """Run tests of the shipped rules of availability; return what promtool says of a failure."""
    rules = yaml.safe_load((ROOT / "prometheus/rules/slo-api-availability.yml").read_text())
    names = [f"slo-api-availability{suffix}" for suffix in ("-recovery", "", "-slower")]
    groups = [each for each in rules["groups"] if each["name"] in names]
    # What alerts say is asked at each evaluation, and not what is tested here.
    for rule in chain.from_iterable(group["rules"] for group in groups):
        rule.pop("annotations", None)
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": groups}))
    content = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": f"{EVERY_SECONDS}s",
        "group_eval_order": names,
        "tests": list(tests),
    }
    path = folder / "traces_test.yml"
    path.write_text(yaml.safe_dump(content))
    done = subprocess.run(
        ["promtool", "test", "rules", str(path)], capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def _look(alert: str, look: int, times: int) -> dict[str, Any]:
    seconds = look * EVERY_SECONDS
    firing = f'ALERTS{{alertname="{alert}", alertstate="firing"}}'
    return {
        "expr": f"sum(count_over_time({firing}[{seconds + 1}s])) or vector(0)",
        "eval_time": f"{seconds}s",
        "exp_samples": [{"labels": "{}", "value": times}],
    }


def _running(increments: Sequence[int]) -> str:
    values, value = ["0"], 0
    for each in increments:
        value += each
        values.append(str(value))
    return " ".join(values)
