"""What follows from a delivery beyond the store: metrics, watchdog, followers, the next poll."""

from collections.abc import Callable

from alerting.inbox.change_signal import ChangeSignal
from alerting.inbox.metrics import InboxMetrics
from alerting.inbox.store import Delivery, Recorded, State
from alerting.inbox.watch.watchdog import Watchdog

# Alertmanager, which had the right token, does not send these again before its next flush.
_LOST = frozenset({"too_large", "timeout", "invalid"})


class DeliveryEffects:
    """Passes on what became of each delivery."""

    def __init__(
        self,
        metrics: InboxMetrics,
        watchdog: Watchdog,
        changes: ChangeSignal,
        expect_loss: Callable[[], None],
    ) -> None:
        """Take who wants to know; `expect_loss` is called when alerts were refused for good."""
        self._metrics = metrics
        self._watchdog = watchdog
        self._changes = changes
        self._expect_loss = expect_loss

    def stored(self, delivery: Delivery, recorded: Recorded) -> None:
        """A delivery is committed."""
        self._metrics.count_delivery("stored")
        self._watchdog.note_stored()
        self._metrics.show_store(recorded.transitions, recorded.summary)
        for alert in delivery.alerts:
            if alert.is_watchdog:
                self._watchdog.note_arrival(is_firing=alert.state is State.FIRING)
        if recorded.transitions:
            self._changes.notify()

    def not_stored(self, reason: str) -> None:
        """A delivery could not be stored."""
        self._watchdog.note_refusal(reason)
        self._changes.notify()

    def refused(self, outcome: str) -> None:
        """A delivery is refused; the outcome is one of `metrics.OUTCOMES`."""
        self._metrics.count_delivery(outcome)
        if outcome in _LOST:
            self._expect_loss()
