"""The inbox's own metrics, besides those of its requests."""

from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

from alerting.inbox.store import Summary

# Severities are the sender's text, so any other becomes "other".
_SEVERITIES: Final = ("page", "ticket")
OUTCOMES: Final = (
    "stored",
    "unauthorized",
    "too_large",
    "timeout",
    "disconnected",
    "invalid",
    "unavailable",
)


class InboxMetrics:
    """The inbox's own families, in one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register them in a registry, every series at 0."""
        self._deliveries = Counter(
            "inbox_deliveries",
            "Webhook deliveries by what became of them.",
            ["outcome"],
            registry=registry,
        )
        self._transitions = Counter(
            "inbox_transitions",
            "Changes of an alert; repeats are none.",
            registry=registry,
        )
        self._firing = Gauge(
            "inbox_alerts_firing", "Alerts that fire now.", ["severity"], registry=registry
        )
        self._watchdog = Gauge(
            "inbox_watchdog_last_seen_timestamp_seconds",
            "When the Watchdog alert last arrived firing; 0 is never.",
            registry=registry,
        )
        for outcome in OUTCOMES:
            self._deliveries.labels(outcome)
        for severity in (*_SEVERITIES, "other"):
            self._firing.labels(severity)

        self._stale = Gauge(
            "inbox_alerts_stale",
            "Alerts that are open and that Alertmanager does not list.",
            registry=registry,
        )
        self._found = Counter(
            "inbox_alerts_found",
            "Alerts that fired at Alertmanager and never arrived, taken over from its list.",
            registry=registry,
        )
        self._watchdog_late = Gauge(
            "inbox_watchdog_late",
            "1 while the path from Prometheus to the inbox is not proven.",
            registry=registry,
        )
        self._polls = Counter(
            "inbox_reconciliations",
            "Polls of Alertmanager's own list of alerts.",
            ["outcome"],
            registry=registry,
        )
        self._fallbacks = Counter(
            "inbox_fallback_notifications",
            "Attempts to tell the fallback webhook.",
            ["outcome"],
            registry=registry,
        )
        self._heartbeats = Counter(
            "inbox_heartbeats",
            "Signs of life: ok, fail where the alert path is broken, error where nobody took it.",
            ["outcome"],
            registry=registry,
        )
        for outcome in ("ok", "fail", "error"):
            self._heartbeats.labels(outcome)
        self._set_aside = Gauge(
            "inbox_damaged_stores",
            "Damaged stores that were set aside and still stand beside the one in use.",
            registry=registry,
        )
        self._streams = Gauge(
            "inbox_streams", "Clients that follow the stream of changes.", registry=registry
        )
        for counter in (self._polls, self._fallbacks):
            for outcome in ("ok", "error"):
                counter.labels(outcome)

    def count_heartbeat(self, outcome: str) -> None:
        """Count one sign of life; the outcome is ok, fail or error."""
        self._heartbeats.labels(outcome).inc()

    def show_losses(self, count: Callable[[], int]) -> None:
        """Show how many damaged stores stand beside the one in use, asked at each scrape."""
        self._set_aside.set_function(count)

    def count_poll(self, *, is_answered: bool) -> None:
        """Count one poll of Alertmanager."""
        self._polls.labels("ok" if is_answered else "error").inc()

    def count_missed(self, number: int) -> None:
        """Count alerts that never arrived and were taken over from Alertmanager's list."""
        self._found.inc(number)

    def count_fallback(self, *, is_delivered: bool) -> None:
        """Count one attempt to tell the fallback webhook."""
        self._fallbacks.labels("ok" if is_delivered else "error").inc()

    def show_late(self, *, is_late: bool) -> None:
        """Show whether the watchdog is late."""
        self._watchdog_late.set(is_late)

    def show_streams(self, count: int) -> None:
        """Show how many follow the changes."""
        self._streams.set(count)

    def count_delivery(self, outcome: str) -> None:
        """Count one delivery; the outcome is one of OUTCOMES."""
        self._deliveries.labels(outcome).inc()

    def show_store(self, transitions: int, summary: Summary) -> None:
        """Count the transitions of a commit, and show what is in the store after it."""
        self._transitions.inc(transitions)
        firing = dict(summary.firing)
        for severity in _SEVERITIES:
            self._firing.labels(severity).set(firing.pop(severity, 0))
        self._firing.labels("other").set(sum(firing.values()))
        self._stale.set(summary.stale)
        if summary.watchdog_seen_at is not None:
            self._watchdog.set(summary.watchdog_seen_at.timestamp())
