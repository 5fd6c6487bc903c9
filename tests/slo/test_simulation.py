"""The simulation of the rules, compared with Prometheus and with what is meant."""

import random
import shutil
from pathlib import Path

import pytest

from burnrate.configuration import load_configuration
from burnrate.slo.simulation import Simulation, rules_of
from burnrate.slo.specification import Slo, load
from tests.servers.processes import ROOT
from tests.slo.traces import EVERY_SECONDS, Trace, fired, promtool_test, run


def _availability() -> Slo:
    service = load(ROOT / "prometheus/slo/api.yml", load_configuration())
    return next(slo for slo in service.slos if slo.name == "availability")


SLO = _availability()
PAGES = tuple(tier for tier in rules_of(SLO, EVERY_SECONDS) if tier.severity == "page")


def _trace(seed: int, hours: int) -> Trace:
    """Return random traffic with an outage in the middle, whole or in part."""
    chance = random.Random(seed)  # noqa: S311 - a test's traffic
    an_hour = chance.choice([1, 3, 10, 25, 40, 100, 400])
    share = chance.choice([1, 1, 0.6, 0.1])
    an_evaluation = an_hour * EVERY_SECONDS / 3600
    evaluations = hours * 3600 // EVERY_SECONDS
    began, ended = sorted(chance.sample(range(evaluations // 4, evaluations), 2))
    made = []
    for index in range(evaluations):
        failing = share if began <= index < ended else 0.002
        events = sum(chance.random() < an_evaluation / 8 for _ in range(8))
        bad = sum(chance.random() < failing for _ in range(events))
        made.append((events - bad, bad))
    return made


@pytest.mark.parametrize("seed", range(4))
def test_prometheus_fires_when_the_simulation_says(seed: int, tmp_path: Path) -> None:
    """Each page, as many evaluations long, at every half hour of random traffic."""
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    trace = _trace(seed, hours=10)
    expected = fired(PAGES, trace)

    assert run([promtool_test(f"seed {seed}", trace, expected)], tmp_path) == ""


@pytest.mark.parametrize(("minutes", "has_fast"), [(1, True), (40, False)])
def test_failures_in_a_row_are_the_fastest_pages_if_they_come_within_its_long_window(
    minutes: int, *, has_fast: bool
) -> None:
    """At the evaluation of the third; in any case the slower page's, at its next one."""
    rules = tuple(tier for tier in rules_of(SLO) if tier.severity == "page")
    fast, high = (tier.name for tier in rules)
    simulation = Simulation(rules)
    for index in range(30 * 240):
        simulation.count(index % 2, 0)
    gap = [(0, 0)] * (minutes * 4 - 1)
    seen = [simulation.evaluate(*events) for events in [(0, 1), *gap, (0, 1), *gap]]
    assert not any(seen)
    assert (fast in simulation.evaluate(0, 1)) is has_fast
    soon = [simulation.evaluate(0, 0) for _ in range(4)]
    assert set(soon[-1]) == ({fast, high} if has_fast else {high})


def test_a_page_keeps_its_verdict_between_its_own_evaluations() -> None:
    """It is evaluated each minute where the ledger is each 15 s."""
    (rules,) = (each for each in rules_of(SLO) if each.name.endswith("High"))
    assert rules.every == 4
    simulation = Simulation((rules,))
    seen = [bool(simulation.evaluate(100, 0)) for _ in range(240)]
    seen += [bool(simulation.evaluate(0, 100)) for _ in range(240)]
    first = seen.index(True)
    assert first % 4 == 0
    assert all(seen[first:])
