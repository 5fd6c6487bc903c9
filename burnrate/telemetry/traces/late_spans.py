"""How many spans are made afterwards: in an overload each request is slow, none may cost more."""

from collections.abc import Callable
from time import monotonic
from typing import Final

# Of each kind at once, so that a few failures in a row all have theirs.
_BURST: Final = 10


class LateSpans:
    """Says which requests that failed or were slow get a span, of those that were not sampled.

    So many a second of each route and status: one that fails all the time hides no other, and an
    outage costs no more than these. Several threads may ask: two that do so at once may both be
    told yes, which harms nobody.

    Args:
        per_second: Of each route and status, after ten at once; 0: none.
        clock: Returns seconds that never go back.
    """

    def __init__(self, per_second: float, clock: Callable[[], float] = monotonic) -> None:
        self._interval = 1.0 / per_second if per_second else None
        self._clock = clock
        # When the next one of its kind is due, if they came at this rate.
        self._due: dict[tuple[str, int], float] = {}

    def take(self, endpoint: str, status: int) -> bool:
        """Say whether one more may have a span.

        Args:
            endpoint: The route's template.
            status: Of the answer.
        """
        if self._interval is None:
            return False
        now = self._clock()
        earliest = now - (_BURST - 1) * self._interval
        due = max(self._due.get((endpoint, status), earliest), earliest)
        if due > now:
            return False
        self._due[endpoint, status] = due + self._interval
        return True
