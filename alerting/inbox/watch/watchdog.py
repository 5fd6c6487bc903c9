"""The dead man's switch's clocks: silence means health only while the watchdog alert arrives.

A delivery that could not be stored stops the silence at once.

One clock runs since the watchdog last arrived firing: it runs out when Alertmanager, or the way
from it, is dead. One runs since Prometheus last sent the watchdog to Alertmanager, which
Alertmanager's own list shows: it runs out when Prometheus is dead, and minutes before
Alertmanager notices, since that goes on sending the alert until it expires.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the path works, and why not, for people.

    Attributes:
        is_repeated: Whether the watchdog goes on arriving all the same, from Alertmanager's memory.
    """

    is_late: bool
    reason: str = ""
    is_repeated: bool = False


class Watchdog:
    """Keeps the two clocks; they are monotonic, so setting the system's clock changes nothing."""

    def __init__(self, late_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin to wait now: whatever came before this process does not count.

        With `late_seconds` 0 it is never late.
        """
        self._late_seconds = late_seconds
        self._clock = clock
        self._arrived_at = clock()
        self._has_arrived = False
        self._is_resolved = False
        self._sent_at: float | None = None
        self._started_at = clock()
        self._is_alertmanager_reached = True
        self._refusal: str | None = None

    def note_stored(self) -> None:
        """Take note that a delivery was stored."""
        self._refusal = None

    def note_refusal(self, reason: str) -> None:
        """Take note that a delivery could not be stored, until one is."""
        self._refusal = reason

    def note_arrival(self, *, is_firing: bool) -> None:
        """Take note of a delivery of the watchdog."""
        self._is_resolved = not is_firing
        if is_firing:
            self._arrived_at = self._clock()
            self._has_arrived = True

    def note_answer(self, age: timedelta | None) -> None:
        """Take note that Alertmanager answered a poll.

        Args:
            age: How long ago Prometheus sent it the watchdog; None if it does not list one.
        """
        self._is_alertmanager_reached = True
        if age is not None:
            self._sent_at = self._clock() - age.total_seconds()

    def note_no_answer(self) -> None:
        """Take note that Alertmanager did not answer a poll: its list is as old as the last one."""
        self._is_alertmanager_reached = False

    @property
    def has_arrived(self) -> bool:
        """Whether the watchdog has arrived firing since this process started."""
        return self._has_arrived

    @property
    def silent_seconds(self) -> float:
        """How long ago it last arrived, or this process started."""
        return self._clock() - self._arrived_at

    def verdict(self) -> Verdict:
        """Judge the path as it is now."""
        if not self._late_seconds:
            return Verdict(is_late=False)
        if self._refusal is not None:
            return Verdict(is_late=True, reason=f"Deliveries cannot be stored: {self._refusal}.")
        if self.silent_seconds > self._late_seconds:
            return Verdict(is_late=True, reason=self._silence())
        if self._is_resolved:
            return Verdict(
                is_late=True, reason="Prometheus has stopped sending alerts to Alertmanager."
            )
        if self._sent_at is not None and self._is_alertmanager_reached:
            unsent_seconds = self._clock() - max(self._sent_at, self._started_at)
            if unsent_seconds > self._late_seconds:
                return Verdict(
                    is_late=True,
                    reason="Prometheus no longer sends alerts to Alertmanager.",
                    is_repeated=True,
                )
        return Verdict(is_late=False)

    def _silence(self) -> str:
        cause = "" if self._is_alertmanager_reached else " Alertmanager does not answer."
        return f"The watchdog alert no longer arrives.{cause}"
