"""Quiet nights: how often chance alone pages, and what the same rules find, before and now.

A service that is exactly as good as its objective is simulated for years; then it fails, wholly or
in part. Both rules see the same events. Traffic is random (Poisson).
"""

import random
from collections.abc import Iterator
from dataclasses import replace
from math import exp
from statistics import fmean
from typing import Final

from burnrate.slo.minimums import Minimum
from burnrate.slo.simulation import Simulation, TierRules, rules_of
from burnrate.slo.specification import Slo
from burnrate.slo.windows import DAY, EVALUATION_SECONDS, HOUR

_TRAFFIC: Final = (("30 an hour", 30.0), ("83 an hour", 83.0), ("1,000 an hour", 1000.0),
                   ("100 a second", 360_000.0))  # fmt: skip
_FAILING: Final = (1.0, 0.1, 0.02)
_YEAR: Final = 365 * DAY // EVALUATION_SECONDS
# The longest window of a page, and a little more.
_BEFORE: Final = 7 * HOUR // EVALUATION_SECONDS
_LONGEST: Final = 12 * HOUR // EVALUATION_SECONDS
# From here on a normal distribution does.
_MANY: Final = 50
# What a tier needed at any traffic before.
_BEFORE_MINIMUM: Final = Minimum(3)
Rules = tuple[TierRules, ...]


def quiet_lines(slo: Slo, years: int, outages: int) -> Iterator[str]:
    """Yield false pages a year, and the mean time to a page, of the rules before and now.

    Args:
        slo: Whose page tiers are meant.
        years: Simulated for each traffic; one for the largest.
        outages: Simulated for each traffic and share of failures, of twelve hours each.
    """
    now = tuple(tier for tier in rules_of(slo) if tier.severity == "page")
    before = without_chance(now)
    budget = float(slo.budget)
    yield f"False pages a year, {slo.service} {slo.name} exactly at {float(slo.objective):.4g}"
    for name, rate in _TRAFFIC:
        found = (_a_year(rules, rate, budget, years) for rules in (before, now))
        yield "{}: before {:.2f}, now {:.2f}".format(name, *found)
    yield "Minutes to the first page (outages without one)"
    for name, rate in _TRAFFIC:
        for share in _FAILING:
            cells = [_time(rules, rate, share, outages, budget) for rules in (before, now)]
            yield f"{name}, {share:.0%} fail: before {cells[0]}, now {cells[1]}"


def without_chance(rules: Rules) -> Rules:
    """Return the rules as they were: three failures at any traffic, no row, each 15 s."""
    return tuple(
        replace(tier, minimum=_BEFORE_MINIMUM, in_a_row=None, is_held=False, every=1)
        for tier in rules
    )


def false_pages(rules: Rules, rate: float, bad_share: float, evaluations: int, seed: int) -> int:
    """Return how often pages begin where none fired, in so many evaluations without a cause."""
    simulation, firing, pages, looks = Simulation(rules), False, 0, 0
    slowest = max(tier.every for tier in rules)
    for good, bad in events(random.Random(seed), rate, bad_share, evaluations):  # noqa: S311
        simulation.count(good, bad)
        # A page begins with a failure, at the next evaluation of its own, and without one not.
        looks = slowest if bad else looks - 1
        if looks > 0 or firing:
            was, firing = firing, bool(simulation.firing())
            pages += firing and not was
    return pages


def events(
    chance: random.Random, rate: float, bad_share: float, evaluations: int
) -> Iterator[tuple[int, int]]:
    """Yield good and bad events between evaluations, of so many an hour."""
    mean = rate * EVALUATION_SECONDS / HOUR
    for _ in range(evaluations):
        yield _poisson(chance, mean * (1 - bad_share)), _poisson(chance, mean * bad_share)


def _a_year(rules: Rules, rate: float, budget: float, years: int) -> float:
    # With much traffic a year holds as many failures as others hold in thousands.
    some = 1 if rate > HOUR else years
    return sum(false_pages(rules, rate, budget, _YEAR, seed) for seed in range(some)) / some


def _time(rules: Rules, rate: float, share: float, outages: int, budget: float) -> str:
    found = [_found(rules, rate, share, budget, seed) for seed in range(outages)]
    seen = [each for each in found if each is not None]
    return f"{fmean(seen):.1f} ({len(found) - len(seen)})" if seen else f"never ({len(found)})"


def _found(rules: Rules, rate: float, share: float, budget: float, seed: int) -> float | None:
    chance = random.Random(seed)  # noqa: S311 - traffic
    simulation = Simulation(rules)
    for good, bad in events(chance, rate, budget, _BEFORE):
        simulation.count(good, bad)
    for index, (good, bad) in enumerate(events(chance, rate, share, _LONGEST), start=1):
        simulation.count(good, bad)
        if simulation.firing():
            return index * EVALUATION_SECONDS / 60
    return None


def _poisson(chance: random.Random, mean: float) -> int:
    if mean > _MANY:
        return max(0, round(chance.gauss(mean, mean**0.5)))
    # Knuth: as many as fit before a product of random numbers falls below e^-mean.
    limit, product, count = exp(-mean), chance.random(), 0
    while product > limit:
        product *= chance.random()
        count += 1
    return count
