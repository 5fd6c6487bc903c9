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
# How often Prometheus evaluates what pages depend on; tests tolerate two of these.
EVALUATION_SECONDS: Final = 15
# And what changes little in a minute: windows of days, their tickets, the period. One evaluation
# may be missed before a record is five minutes old and Prometheus no longer finds it.
TICKET_EVALUATION_SECONDS: Final = 120
# And pages whose windows are longer than the fastest one's: at the most.
SLOWER_EVALUATION_SECONDS: Final = 60
# So often in a short window: two evaluations are a fifteenth of the time that an alert goes on for.
_EVALUATIONS_A_WINDOW: Final = 30
# And what nobody is paged for: SLOs whose tiers are all tickets. As tickets are.
CAUSE_EVALUATION_SECONDS: Final = TICKET_EVALUATION_SECONDS
# And what reads an hour of every route's raw series.
ROUTES_EVALUATION_SECONDS: Final = 60
# And what looks a day back for the last value of a ledger. A new ledger begins after the first one.
RECOVERY_EVALUATION_SECONDS: Final = 60


@dataclass(frozen=True)
class Window:
    """A range over which events are counted.

    Attributes:
        part: The window whose sums make up this one; None if it is read from the raw series.
    """

    name: str
    seconds: int
    part: "Window | None" = None

    @property
    def parts(self) -> "tuple[Window, ...]":
        """The window itself and all that its sums are made of, the longest first."""
        return (self, *(self.part.parts if self.part else ()))


# Short windows are read from the raw series, where every sample counts. Longer ones are sums of
# recorded shorter ones at offsets: the same events, none twice, for a few samples instead of days
# of raw ones.
M5: Final = Window("5m", 300)
M30: Final = Window("30m", 1800)
H1: Final = Window("1h", HOUR, M30)
H2: Final = Window("2h", 2 * HOUR, H1)
H6: Final = Window("6h", 6 * HOUR, H2)
D1: Final = Window("1d", DAY, H6)
D3: Final = Window("3d", 3 * DAY, D1)
WINDOWS: Final = (M5, M30, H1, H2, H6, D1, D3)
_BY_NAME: Final = {window.name: window for window in WINDOWS}
# The longest window that pages use; shorter ones are its parts.
_LONGEST_PAGE: Final = H6.seconds
PAGE_WINDOWS: Final = tuple(w for w in WINDOWS if w.seconds <= _LONGEST_PAGE)
TICKET_WINDOWS: Final = tuple(w for w in WINDOWS if w.seconds > _LONGEST_PAGE)


@dataclass(frozen=True)
class Tier:
    """A pair of windows with an alert of its own.

    Attributes:
        suffix: What is added to the alert's name.
        budget_part: The part of the period's budget that a full long window uses up.
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

    @property
    def is_often(self) -> bool:
        """Whether it is evaluated more often than tickets are: beside what it reads."""
        return self.severity == "page" or self.long in PAGE_WINDOWS

    @property
    def evaluation_seconds(self) -> int:
        """How often it is evaluated at the most, if it is often: its short window says so."""
        often = self.short.seconds // _EVALUATIONS_A_WINDOW
        return min(max(often, EVALUATION_SECONDS), SLOWER_EVALUATION_SECONDS)

    def factor(self, period_days: int) -> Fraction:
        """Return the burn rate above which the tier fires, for a period of so many days.

        Never below 1: at 1 the budget lasts exactly one period, and slower burns need nobody.
        """
        return max(Fraction(1), self.budget_part * period_days * DAY / self.long.seconds)
