"""How many failures an alert needs, so that chance alone seldom raises it.

A service that is exactly as good as its objective fails at random, and a few failures that happen
to come together look like a burn. They are taken as a Poisson process. Where failures come in
crowds there is a cause, and the alert is right.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import pairwise
from math import exp, floor, lgamma, log
from typing import Final

from burnrate.slo.windows import DAY, HOUR, Severity, Tier

_YEAR: Final = 365 * DAY
# How often a year a tier may fire by chance, at the traffic where it does most often: a page wakes
# somebody, a ticket is read once a month.
FALSE_ALARMS_A_YEAR: Final[dict[Severity, int]] = {"page": 1, "ticket": 12}
# At a factor near 1 no number of failures tells a burn from chance: at exactly 1 there is none.
_MOST: Final = 40
# Fewer requests than this, and windows are often empty: failures in a row count, and an alert ends
# with the first good request.
LOW_TRAFFIC_AN_HOUR: Final = 30


@dataclass(frozen=True)
class Minimum:
    """How many failures an alert needs in its long window: more where more events come.

    It is `first` for up to `until` events and one more for each `step` events beyond, up to `most`:
    from there the error ratio asks for more anyway.
    """

    first: int
    until: int = 0
    step: int = 1
    most: int = 0

    @property
    def is_constant(self) -> bool:
        """Whether it is the same for any number of events."""
        return self.most <= self.first

    def at(self, events: float) -> int:
        """Return how many failures are needed among so many events."""
        if self.is_constant:
            return self.first
        more = -floor(-(events - self.until) / self.step)
        return min(max(self.first + more, self.first), self.most)


def minimum_of(tier: Tier, factor: Fraction, budget: Fraction, first: int) -> Minimum:
    """Return the failures that a tier needs.

    Args:
        tier: For its long window, and what it may cost a year.
        factor: The burn rate that it fires for.
        budget: The part of events that may be bad.
        first: What is needed at least, however few events there are.
    """
    allowed = FALSE_ALARMS_A_YEAR[tier.severity]
    return _derived(float(factor), float(budget), tier.long.seconds, first, allowed)


def false_alarms(failures: float, seconds: int, needed: int) -> float:
    """Return how often a year a window comes to hold as many failures, at most.

    That is how often a failure comes while the window before it holds all others that are needed.

    Args:
        failures: How many a window holds on average.
        seconds: Its length.
        needed: How many it must hold.
    """
    return failures * _YEAR / seconds * _tail(failures, needed - 1)


def in_a_row(budget: Fraction, first: int) -> int:
    """Return how many failures in a row are no chance, at low traffic: at most one page a year.

    Args:
        budget: The part of events that may be bad.
        first: What is needed at least.
    """
    count = first
    while row_limit(budget, count) < LOW_TRAFFIC_AN_HOUR:
        count += 1
    return count


def row_limit(budget: Fraction, count: int) -> float:
    """Return up to how many events an hour chance brings so many failures in a row once a year."""
    return FALSE_ALARMS_A_YEAR["page"] * HOUR / _YEAR / float(budget) ** count


@cache
def _derived(factor: float, budget: float, seconds: int, first: int, allowed: int) -> Minimum:
    ends: list[float] = []
    for count in range(first, _MOST):
        # Beyond, the error ratio needs more failures than these.
        most = count / factor
        if false_alarms(most, seconds, count) <= allowed:
            return _stepped(first, [*ends, most], budget)
        ends.append(_largest(count, seconds, allowed, most))
    return Minimum(first)


def _stepped(first: int, ends: list[float], budget: float) -> Minimum:
    if len(ends) == 1:
        return Minimum(first)
    # Steps become longer; the shortest for all is a little more than is needed.
    step = min(after - before for before, after in pairwise(ends))
    until, step = floor(ends[0] / budget), max(1, floor(step / budget))
    return Minimum(first, until, step, first + len(ends) - 1)


def _largest(count: int, seconds: int, allowed: int, most: float) -> float:
    """Return how many failures a window may hold on average for `count` to be enough."""
    low, high = 0.0, most
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if false_alarms(middle, seconds, count) <= allowed else (low, middle)
        )
    return low


def _tail(mean: float, count: int) -> float:
    """Return the chance that a Poisson variable is at least `count`."""
    if count <= 0:
        return 1.0
    if not mean:
        return 0.0
    below = sum(exp(k * log(mean) - mean - lgamma(k + 1)) for k in range(count))
    if below < 1 - 1e-6:
        return 1 - below
    # So near 1 the difference has no digits left: the terms themselves.
    return sum(exp(k * log(mean) - mean - lgamma(k + 1)) for k in range(count, count + 60))
