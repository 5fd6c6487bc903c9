"""When an alert must fire and when it must end, by the workbook's arithmetic."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from burnrate.slo.specification import Slo
from burnrate.slo.windows import Tier

# An outage, a bad release, a slow leak.
FAILURE_PARTS: Final[Sequence[Fraction]] = (Fraction(1), Fraction(1, 10), Fraction(2, 100))


def detection_seconds(slo: Slo, tier: Tier, failing: Fraction) -> Fraction | None:
    """Return how long a part of all events must fail before the tier sees it; None for never."""
    threshold = slo.threshold(tier)
    return tier.long.seconds * threshold / failing if failing > threshold else None


def reset_seconds(slo: Slo, tier: Tier, failing: Fraction) -> Fraction:
    """Return how long after the last failure the tier's alert ends."""
    return tier.short.seconds * (1 - slo.threshold(tier) / failing)
