"""What the rules of an SLO make of events, evaluation by evaluation, without a Prometheus.

It does what the generated rules say (tests compare it with promtool), in memory: years of nights,
and traffic of every size.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor, inf
from typing import Final

from burnrate.slo.minimums import LOW_TRAFFIC_AN_HOUR, Minimum
from burnrate.slo.pace import tier_seconds
from burnrate.slo.specification import Slo
from burnrate.slo.windows import DAY, EVALUATION_SECONDS, HOUR, Severity, Tier

_LOW_A_SECOND: Final = LOW_TRAFFIC_AN_HOUR / HOUR
# Counts are whole, so that half an event is a difference.
_HALF: Final = 0.5


@dataclass(frozen=True)
class TierRules:
    """What one tier fires for.

    Attributes:
        long: Evaluations in its long window.
        short: The same of its short window.
        in_a_row: How many failures in a row are enough where there is little traffic, or None.
        row_limit: And what is little traffic for them: events in the long window.
        is_row_recent: Whether the long window must hold as many.
        every: From one of its own evaluations to the next.
        is_held: Whether only a good event ends it where its windows say nothing.
    """

    name: str
    severity: Severity
    long: int
    short: int
    threshold: float
    minimum: Minimum
    in_a_row: int | None = None
    row_limit: float = inf
    is_row_recent: bool = False
    is_held: bool = True
    every: int = 1


@dataclass
class _Held:
    """Good events at the failure that a tier's alert goes on with."""

    good: float | None = None


@dataclass
class Simulation:
    """The rules of one SLO, fed with the events between two evaluations.

    Attributes:
        total: All events so far, at each evaluation; where nothing was measured, what it was when
            something was again.
        bad: The bad ones among them.
    """

    tiers: tuple[TierRules, ...]
    every_seconds: int = EVALUATION_SECONDS
    total: list[float] = field(default_factory=list)
    bad: list[float] = field(default_factory=list)
    _began: int = 0
    _missed: int = 0
    _good_at_failure: float | None = None
    _bad_at_good: float = 0
    _held: dict[str, _Held] = field(default_factory=dict)
    _firing: dict[str, bool] = field(default_factory=dict)

    def evaluate(self, good: int, bad: int) -> list[str]:
        """Count events since the last evaluation and return the names of the tiers that fire."""
        self.count(good, bad)
        return self.firing()

    def count(self, good: float, bad: float) -> None:
        """Count events since the last evaluation, without a look at them."""
        last = len(self.total) - 1 - self._missed
        is_first = last < self._began
        total_before, bad_before = (0, 0) if is_first else (self.total[last], self.bad[last])
        self.total.append(total_before + good + bad)
        self.bad.append(bad_before + bad)
        for missed in range(-1 - self._missed, -1):
            # A window that starts in a gap starts at its end; a new ledger began at 0.
            self.total[missed] = 0 if is_first else self.total[-1]
            self.bad[missed] = 0 if is_first else self.bad[-1]
        self._missed = 0
        if bad > _HALF:
            self._good_at_failure = self.total[-1] - self.bad[-1]
        if good > _HALF or is_first:
            self._bad_at_good = self.bad[-1]

    def miss(self) -> None:
        """Let an evaluation pass at which nothing is measured; nothing fires then."""
        self.total.append(self.total[-1] if self.total else 0)
        self.bad.append(self.bad[-1] if self.bad else 0)
        self._missed += 1
        if self._missed * self.every_seconds > DAY or self._began >= len(self.total) - 1:
            # Nothing is remembered for longer, and before the first measurement there is nothing.
            self._began = len(self.total)
            self._good_at_failure, self._bad_at_good = None, 0
            self._held.clear()

    @property
    def has_history(self) -> bool:
        """Whether anything is remembered: something was measured within a day."""
        return self._began < len(self.total)

    def firing(self) -> list[str]:
        """Return the names of the tiers that fire now, or did at their last evaluation."""
        for tier in self.tiers:
            if (len(self.total) - 1) % tier.every == 0:
                self._firing[tier.name] = self.fires(tier)
        return [tier.name for tier in self.tiers if self._firing.get(tier.name)]

    def pass_quietly(self, an_evaluation: Fraction, evaluations: int) -> None:
        """Let so many evaluations with even, good events pass, before all others."""
        self.total = [floor(index * an_evaluation) for index in range(evaluations + 1)]
        self.bad = [0] * (evaluations + 1)

    def fires(self, tier: TierRules) -> bool:
        """Return whether a tier fires now, where something is measured."""
        bad, total = self.window(tier.long)
        if not bad:
            return False
        matters = bad > tier.threshold * total and bad > tier.minimum.at(total) - _HALF
        if not tier.is_held:
            return matters and self._is_over(tier)
        is_low = total < _LOW_A_SECOND * tier.long * self.every_seconds
        return (matters and not is_low and self._is_over(tier)) or self._goes_on(
            tier, is_low=is_low, matters=matters
        )

    def _is_over(self, tier: TierRules) -> bool:
        bad, total = self.window(tier.short)
        return bad > tier.threshold * total

    def _goes_on(self, tier: TierRules, *, is_low: bool, matters: bool) -> bool:
        held = self._held.setdefault(tier.name, _Held())
        good = self._good_at_failure
        if good is None or good <= self.total[-1] - self.bad[-1] - _HALF:
            return False
        is_row = tier.in_a_row is not None and self._is_row(tier, tier.in_a_row - _HALF)
        is_silent = is_low or not self.window(tier.short)[1]
        if not (is_row or ((matters or held.good == good) and is_silent)):
            return False
        held.good = good
        return True

    def _is_row(self, tier: TierRules, enough: float) -> bool:
        bad, total = self.window(tier.long)
        is_enough = self.bad[-1] - self._bad_at_good > enough and total < tier.row_limit
        return is_enough and (bad > enough or not tier.is_row_recent)

    def window(self, evaluations: int) -> tuple[float, float]:
        """Return the bad and all events of a window that ends now.

        A young ledger has the traffic of a full window, at its mean.
        """
        last = len(self.total) - 1
        history = last - self._began
        if history >= evaluations:
            began = last - evaluations
            return self.bad[-1] - self.bad[began], self.total[-1] - self.total[began]
        counted = max(history, EVALUATION_SECONDS / self.every_seconds)
        return self.bad[-1], self.total[-1] * evaluations / counted


def rules_of(slo: Slo, every_seconds: int = EVALUATION_SECONDS) -> tuple[TierRules, ...]:
    """Return what an SLO's tiers fire for, evaluated once in so many seconds."""
    return tuple(_rules(slo, tier, every_seconds) for tier in slo.tiers)


def first_firing(
    simulation: Simulation, events: Iterable[tuple[int, int]], severity: Severity
) -> tuple[int, str] | None:
    """Return after how many evaluations a tier of a severity fires first, and which.

    Args:
        simulation: What has been before.
        events: Good and bad ones between evaluations.
        severity: Whose tiers count.
    """
    wanted = {tier.name for tier in simulation.tiers if tier.severity == severity}
    for index, (good, bad) in enumerate(events, start=1):
        for name in simulation.evaluate(good, bad):
            if name in wanted:
                return index, name
    return None


def evenly(
    an_evaluation: Fraction, bad_share: Fraction, evaluations: int
) -> Iterator[tuple[int, int]]:
    """Yield evenly spread good and bad events; the first is bad and comes after a whole gap."""
    total = bad = 0
    for index in range(1, evaluations + 1):
        now = floor(index * an_evaluation)
        failed = ceil(now * bad_share)
        yield now - total - (failed - bad), failed - bad
        total, bad = now, failed


def _rules(slo: Slo, tier: Tier, every: int) -> TierRules:
    counts_rows = slo.has_ledger and tier in (slo.row_tier, slo.quick_row_tier)
    return TierRules(
        name=slo.alert_name(tier),
        severity=tier.severity,
        long=tier.long.seconds // every,
        short=tier.short.seconds // every,
        threshold=float(slo.threshold(tier)),
        minimum=slo.minimum(tier),
        in_a_row=slo.failures_in_a_row if counts_rows else None,
        row_limit=slo.row_limit * tier.long.seconds / HOUR,
        is_row_recent=tier == slo.quick_row_tier,
        is_held=slo.has_ledger,
        every=max(1, tier_seconds(slo, tier) // every),
    )
