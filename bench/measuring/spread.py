"""What many readings of a busy machine say together: medians and quartiles of paired readings."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles

# Numerator and denominator, or base and own: two readings taken one right after the other.
Pair = tuple[float, float]


@dataclass(frozen=True)
class Spread:
    """The median, and the quartiles between which half of the readings lie."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Return the spread of one reading or more.

        Raises:
            ValueError: there is no reading.
        """
        if not values:
            raise ValueError("a spread needs at least one reading")
        if len(values) == 1:
            return cls(values[0], values[0], values[0])
        low, median, high = quantiles(values, n=4, method="inclusive")
        return cls(low, median, high)

    def times(self, factor: float) -> "Spread":
        """Return it in another unit; `factor` is positive."""
        return Spread(self.low * factor, self.median * factor, self.high * factor)


def differences(pairs: Sequence[Pair]) -> Spread:
    """Return the spread of how much more each second reading is than its first.

    Two readings of one moment share what the machine did then, so their differences spread less
    than either reading does.
    """
    return Spread.of([own - base for base, own in pairs])


def ratios(pairs: Sequence[Pair]) -> Spread:
    """Return the spread of each second reading as a multiple of its first, which is not 0."""
    return Spread.of([own / base for base, own in pairs])
