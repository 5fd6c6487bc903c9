"""How an SLO's events are counted: in a window, and the bad ones since the beginning."""

from dataclasses import dataclass

from burnrate.durations import format_duration
from burnrate.promql import counters
from burnrate.slo.specification import Slo

_ANY_WINDOW = "5m"


@dataclass(frozen=True)
class EventCounts:
    """Queries for the events of one SLO, made of its specification's."""

    slo: Slo

    def total(self, window_seconds: float) -> str:
        """Return a query for all events of a window."""
        return _count(self.slo.total_query(format_duration(window_seconds)), window_seconds)

    def bad(self, window_seconds: float) -> str:
        """Return a query for the bad events of a window."""
        return _count(self.slo.error_query(format_duration(window_seconds)), window_seconds)

    @property
    def bad_so_far(self) -> str:
        """A query that grows with each bad event, at the scrape that sees it.

        A rate needs two scrapes of a series; here the counters themselves are in its place.
        """
        return counters(self.slo.error_query(_ANY_WINDOW))


def _count(per_second: str, seconds: float) -> str:
    return f"({per_second}) * {seconds:g}"
