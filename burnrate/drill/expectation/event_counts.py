"""How an SLO's events are counted: in a window, and the bad ones since the beginning."""

from dataclasses import dataclass

from burnrate.drill.expectation.tiers import RecordedTier
from burnrate.promql import counters
from burnrate.slo.specification import Slo
from burnrate.slo.windows import Window

_ANY_WINDOW = "5m"


@dataclass(frozen=True)
class EventCounts:
    """Queries for the events of one SLO, made of its specification's."""

    slo: Slo

    def windows(self, tier: RecordedTier) -> tuple[Window, Window]:
        """Return the long and the short window of a tier as they are specified.

        The loaded rules may have shorter ones under the same names, as a stack for tests has.
        """
        (found,) = (each for each in self.slo.tiers if each.suffix == tier.name)
        return found.long, found.short

    def total(self, window: Window) -> str:
        """Return a query for all events of a window, as alerts see them."""
        return self._recorded("total", window)

    def bad(self, window: Window) -> str:
        """Return a query for the bad events of a window, as alerts see them."""
        return self._recorded("bad", window)

    @property
    def history(self) -> str:
        """A query for the seconds that the SLO has been counted; no value where that is unknown."""
        return f"slo:history:seconds{self.slo.selector}"

    @property
    def bad_so_far(self) -> str:
        """A query that grows with each bad event, at the scrape that sees it.

        A rate needs two scrapes of a series; here the counters themselves are in its place.
        """
        return counters(self.slo.error_query(_ANY_WINDOW))

    def _recorded(self, kind: str, window: Window) -> str:
        return f"slo:{kind}_events:rate{window.name}{self.slo.selector} * {window.seconds:g}"
