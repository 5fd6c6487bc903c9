"""When an alert must fire and when it must resolve, by the workbook's arithmetic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final, TypeVar

from burnrate.slo.engines import Engine
from burnrate.slo.pace import paces, tier_seconds
from burnrate.slo.specification import Slo
from burnrate.slo.windows import Tier, Window

N = TypeVar("N", Fraction, float)

# An outage, a bad release, a slow leak.
FAILURE_PARTS: Final[Sequence[Fraction]] = (Fraction(1), Fraction(1, 10), Fraction(2, 100))


@dataclass(frozen=True)
class Detection:
    """How a tier detects failures in even traffic.

    Attributes:
        failing: The part of all events that is bad, 0 to 1.
        after_seconds: How long they last before the tier's alert fires; None if it never does.
        reset_seconds: How long after the last failure it resolves; None likewise.
    """

    tier: Tier
    failing: Fraction
    after_seconds: Fraction | None
    reset_seconds: Fraction | None


def detections(slo: Slo) -> Mapping[Tier, Sequence[Detection]]:
    """Return, for each tier of an SLO, how it detects an outage, a bad release, a slow leak."""
    return {tier: [_detection(slo, tier, part) for part in FAILURE_PARTS] for tier in slo.tiers}


def lateness(slo: Slo, tier: Tier, engine: Engine | None = None) -> int:
    """Return by how many seconds a tier is later than `detections` says, beside two evaluations.

    Args:
        slo: Whose tier it is.
        tier: It.
        engine: What evaluates the rules; by default the SLO's.
    """
    by = engine or slo.engine
    if not by.sees_records_late:
        return by.unseen_seconds
    elsewhere = replace(slo, engine=by)
    pace = {window: each.seconds for each in paces(elsewhere) for window in each.windows}
    # Each rule waits for an evaluation: those of the windows, of the error ratio, the alert.
    windows = sum(pace[window] for window in _chain(tier.long))
    return by.unseen_seconds + windows + pace[tier.long] + tier_seconds(elsewhere, tier)


def _chain(window: Window) -> list[Window]:
    """Return the windows that are recorded one from the other, up to this one."""
    return [*(_chain(window.part) if window.part else ()), window]


def _detection(slo: Slo, tier: Tier, failing: Fraction) -> Detection:
    threshold = slo.threshold(tier)
    # A window full of even traffic: as many events leave it as come.
    after = seconds_until_over(
        threshold,
        failing,
        total=Fraction(tier.long.seconds),
        bad=Fraction(0),
        arriving=Fraction(1),
        leaving=Fraction(1),
    )
    if after is None:
        return Detection(tier, failing, None, None)
    reset = seconds_until_under(threshold, failing, window=Fraction(tier.short.seconds))
    return Detection(tier, failing, after, reset)


def seconds_until_over(
    threshold: N, failing: N, *, total: N, bad: N, arriving: N, leaving: N
) -> N | None:
    """Return how long failures must last until a window's error ratio is over a threshold.

    After t seconds it is (bad + failing x arriving x t) / (total + (arriving - leaving) x t).

    Args:
        threshold: The error ratio, 0 to 1.
        failing: The part of the new events that is bad, 0 to 1.
        total: Events in the window before the failures; `bad` of them are bad.
        bad: Those.
        arriving: Events a second.
        leaving: Good events a second that drop out of the window meanwhile.

    Returns:
        None for failures that are too few, however long they last.
    """
    if failing <= threshold:
        return None
    growth = failing * arriving - threshold * (arriving - leaving)
    return max((threshold * total - bad) / growth, 0 * growth)


def seconds_until_under(threshold: N, failing: N, *, window: N) -> N:
    """Return how long after the last failure a window's error ratio is under a threshold again.

    Args:
        threshold: The error ratio, 0 to 1.
        failing: The part of events that was bad, at least `threshold`.
        window: Its seconds, all of them with failures in even traffic.
    """
    return window * (1 - threshold / failing)
