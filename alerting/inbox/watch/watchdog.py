"""The dead man's switch: silence means health only while the watchdog alert keeps arriving.

Two clocks run. One since the watchdog last arrived firing: it runs out when Alertmanager, or the
way from it, is dead. One since Prometheus last told Alertmanager of the watchdog, which
Alertmanager's own list shows: it runs out when Prometheus is dead, and minutes before
Alertmanager notices, since that goes on sending the alert until it expires.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the path works, and why not, for people."""

    is_late: bool
    reason: str = ""


class Watchdog:
    """Keeps the two clocks; they are monotonic, so that a clock that is set fools nobody."""

    def __init__(self, late_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin to wait now: whatever came before this process does not count.

        With `late_seconds` 0 it is never late.
        """
        self._late_seconds = late_seconds
        self._clock = clock
        self._heard_at = clock()
        self._is_ever_heard = False
        self._is_resolved = False
        self._told_at: float | None = None
        self._started_at = clock()
        self._is_reached = True

    def heard(self, *, is_firing: bool) -> None:
        """Take note of a delivery of the watchdog."""
        self._is_resolved = not is_firing
        if is_firing:
            self._heard_at = self._clock()
            self._is_ever_heard = True

    def looked(self, age: timedelta | None) -> None:
        """Take note of an answer of Alertmanager's: how old its news of the watchdog is."""
        self._is_reached = True
        if age is not None:
            self._told_at = self._clock() - age.total_seconds()

    def missed(self) -> None:
        """Take note that Alertmanager did not answer; its news is as old as the last look's."""
        self._is_reached = False

    @property
    def is_ever_heard(self) -> bool:
        """Whether the watchdog has arrived since this process started."""
        return self._is_ever_heard

    @property
    def silent_seconds(self) -> float:
        """How long ago it last arrived, or this process started."""
        return self._clock() - self._heard_at

    def verdict(self) -> Verdict:
        """Judge the path as it is now."""
        if not self._late_seconds:
            return Verdict(is_late=False)
        if self.silent_seconds > self._late_seconds:
            return Verdict(is_late=True, reason=self._silence())
        if self._is_resolved:
            return Verdict(
                is_late=True, reason="Prometheus has stopped telling Alertmanager what fires."
            )
        if self._told_at is not None and self._is_reached:
            untold_seconds = self._clock() - max(self._told_at, self._started_at)
            if untold_seconds > self._late_seconds:
                return Verdict(
                    is_late=True, reason="Prometheus no longer tells Alertmanager what fires."
                )
        return Verdict(is_late=False)

    def _silence(self) -> str:
        whose = "" if self._is_reached else " Alertmanager does not answer."
        return f"The watchdog alert does not arrive any more.{whose}"
