"""Windows, tiers and the factors that follow from the period.

Source: Google's SRE workbook, chapter 5, "Multiwindow, Multi-Burn-Rate Alerts":
https://sre.google/workbook/alerting-on-slos/
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

from burnrate.configuration import TierSettings

Severity = Literal["page", "ticket"]

HOUR: Final = 3600
DAY: Final = 24 * HOUR
# Prometheus evaluates what pages wait for at this pace; the tests' tolerance is two of it.
EVALUATION_SECONDS: Final = 15
# And at this one what changes little in a minute: windows of days, their tickets, the period. One
# may be left out before a record is five minutes old, when Prometheus would no longer find it.
TICKET_EVALUATION_SECONDS: Final = 120


@dataclass(frozen=True)
class Window:
    """A range over which events are counted.

    Attributes:
        part: The window this one is put together from, or None if it is read from the raw series.
    """

    name: str
    seconds: int
    part: "Window | None" = None


# The short ones are read from the raw series, where every sample counts. Longer ones are sums of
# recorded shorter ones at their offsets: the same events, none twice, for a handful of samples
# instead of days of raw ones.
M5: Final = Window("5m", 300)
M30: Final = Window("30m", 1800)
H1: Final = Window("1h", HOUR, M30)
H2: Final = Window("2h", 2 * HOUR, H1)
H6: Final = Window("6h", 6 * HOUR, H2)
D1: Final = Window("1d", DAY, H6)
D3: Final = Window("3d", 3 * DAY, D1)
WINDOWS: Final = (M5, M30, H1, H2, H6, D1, D3)
_BY_NAME: Final = {window.name: window for window in WINDOWS}
# What pages may wait for, and with it what it is put together from.
_LONGEST_PAGE: Final = H6.seconds
PAGE_WINDOWS: Final = tuple(w for w in WINDOWS if w.seconds <= _LONGEST_PAGE)
TICKET_WINDOWS: Final = tuple(w for w in WINDOWS if w.seconds > _LONGEST_PAGE)


@dataclass(frozen=True)
class Tier:
    """A pair of windows with an alert of its own.

    Attributes:
        suffix: What is added to the alert's name.
        budget_part: The part of the period's budget that is gone when the long window is full.
    """

    suffix: str
    severity: Severity
    long: Window
    short: Window
    budget_part: Fraction

    @classmethod
    def of(cls, settings: TierSettings) -> "Tier":
        """Return a team's tier with its windows."""
        return cls(
            settings.name,
            settings.severity,
            _BY_NAME[settings.long],
            _BY_NAME[settings.short],
            settings.budget_part,
        )

    def factor(self, period_days: int) -> Fraction:
        """Return how many times faster than sustainable the budget must burn.

        Never below 1: at that pace the budget lasts exactly as long as the period, and a slower
        one needs nobody.
        """
        return max(Fraction(1), self.budget_part * period_days * DAY / self.long.seconds)
