"""The simulation of the rules, compared with Prometheus and with what is meant."""

import random
import shutil
from pathlib import Path

import pytest

from burnrate.configuration import load_configuration
from burnrate.slo.simulation import rules_of
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
