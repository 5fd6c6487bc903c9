"""Years without a cause, and outages, by simulation."""

import random

from bench.slo.quiet import events, false_pages, without_chance
from burnrate.configuration import load_configuration
from burnrate.slo.simulation import rules_of
from burnrate.slo.specification import load
from burnrate.slo.windows import HOUR
from tests.servers.processes import ROOT

SLO = load(ROOT / "prometheus/slo/api.yml", load_configuration()).slos[0]
PAGES = tuple(tier for tier in rules_of(SLO) if tier.severity == "page")
_DAYS = 200 * 24 * HOUR // 15


def test_chance_pages_less_often_than_with_three_failures_at_any_traffic() -> None:
    """At the traffic where those were worst: 83 requests an hour, exactly at 99.9 %."""
    before, now = (
        false_pages(rules, 83, 0.001, _DAYS, seed=1) for rules in (without_chance(PAGES), PAGES)
    )
    assert now < before
    assert false_pages(PAGES, 83, 0, _DAYS // 20, seed=1) == 0


def test_random_events_are_as_many_as_they_should_be() -> None:
    """Few or many between two evaluations."""
    for an_hour in (30, 30_000):
        drawn = list(events(random.Random(1), an_hour, 0.1, 50 * 240))  # noqa: S311 - traffic
        total = sum(good + bad for good, bad in drawn)
        assert abs(total / (50 * an_hour) - 1) < 0.1
        assert abs(sum(bad for _, bad in drawn) / total - 0.1) < 0.03
