"""Whether Alertmanager's receivers take what it sends, by its own counters."""

import time
from collections.abc import Callable, Mapping
from datetime import timedelta

# A delivery that failed is tried again at the group's next flush: the longest group_interval, and
# what a flush itself may take.
_REMEMBERED = timedelta(minutes=5, seconds=30)


class FailedNotifications:
    """Remembers which integrations gave a notification up lately.

    One that a receiver took at a later attempt is none.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Know nothing yet: what failed before the first look is over, or fails again."""
        self._clock = clock
        self._counts: Mapping[str, float] | None = None
        self._failed_at: dict[str, float] = {}

    def note(self, counts: Mapping[str, float]) -> None:
        """Take note of how many were given up since Alertmanager started, by integration."""
        before, self._counts = self._counts, counts
        if before is None:
            return
        for name, count in counts.items():
            # A smaller count is that of an Alertmanager that has been started anew.
            known = before.get(name, 0.0)
            if count > known or 0 < count < known:
                self._failed_at[name] = self._clock()

    def lately(self) -> tuple[str, ...]:
        """Return the integrations that gave one up within the last minutes."""
        since = self._clock() - _REMEMBERED.total_seconds()
        return tuple(sorted(name for name, at in self._failed_at.items() if at > since))
