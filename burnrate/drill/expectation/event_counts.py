"""How an SLO's events are counted: in a window, and the bad ones since the beginning."""

from dataclasses import dataclass

from burnrate.promql import counters
from burnrate.slo.specification import Slo
from burnrate.slo.windows import WINDOWS

_ANY_WINDOW = "5m"


@dataclass(frozen=True)
class EventCounts:
    """Queries for the events of one SLO, made of its specification's."""

    slo: Slo

    def total(self, window_seconds: float) -> str:
        """Return a query for all events of a window, as alerts see them."""
        return self._recorded("total", window_seconds)

    def bad(self, window_seconds: float) -> str:
        """Return a query for the bad events of a window, as alerts see them."""
        return self._recorded("bad", window_seconds)

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

    def _recorded(self, kind: str, seconds: float) -> str:
        (window,) = (each for each in WINDOWS if each.seconds == seconds)
        return f"slo:{kind}_events:rate{window.name}{self.slo.selector} * {seconds:g}"
