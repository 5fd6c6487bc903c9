"""How late each engine is: what its rules do not see yet, once, or again with each record."""

from dataclasses import replace

import pytest

from burnrate.configuration import load_configuration
from burnrate.slo.detection import detections, lateness
from burnrate.slo.engines import ENGINES
from burnrate.slo.generator import detection_lines
from burnrate.slo.specification import Slo, load_all
from tests.servers.processes import ROOT


@pytest.fixture(scope="module")
def slo() -> Slo:
    """The shipped SLO that pages."""
    services = load_all(ROOT / "prometheus/slo", load_configuration(ROOT))
    return next(slo for slo in services[0].slos if slo.name == "availability")


@pytest.mark.parametrize(
    ("engine", "seconds"),
    [
        ("prometheus", [0, 0, 0, 0]),
        # 30 s, and an evaluation for each rule between the events and the alert: windows of 30m
        # and 1h each 15 s, of 2h and 6h each minute, of days each two; the ratio; the alert.
        ("victoriametrics", [30 + 4 * 15, 150 + 30 + 2 * 60, 180 + 3 * 120, 180 + 4 * 120]),
        ("mimir", [60, 60, 60, 60]),
    ],
)
def test_each_rule_on_the_way_costs_what_the_engine_sees_late(
    slo: Slo, engine: str, seconds: list[int]
) -> None:
    """By tier, from the fastest."""
    assert [lateness(slo, tier, ENGINES[engine]) for tier in slo.tiers] == seconds


def test_what_explains_an_slo_says_how_late_its_engine_is(slo: Slo) -> None:
    """Nothing of it where rules see at once what there is."""
    found = detections(slo)
    assert not any("later" in line for line in detection_lines(slo, found))
    elsewhere = replace(slo, engine=ENGINES["victoriametrics"])
    (line,) = (line for line in detection_lines(elsewhere, found) if "later" in line)
    assert line == "On VictoriaMetrics with vmalert alerts come later: 90 s up to 11 min."


def test_the_table_has_every_engine() -> None:
    """Of those that a configuration may name."""
    page = (ROOT / "docs/slo-detection.md").read_text()
    assert all(f"| {each.title} |" in page for each in ENGINES.values())
    assert set(ENGINES) == {"prometheus", "victoriametrics", "mimir"}
