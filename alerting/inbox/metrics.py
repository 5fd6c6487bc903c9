"""What the inbox says of itself beside its HTTP metrics."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

from alerting.inbox.journal import Summary

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
        """Register them, every series at 0."""
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

    def delivered(self, outcome: str) -> None:
        """Count one delivery; the outcome is one of OUTCOMES."""
        self._deliveries.labels(outcome).inc()

    def changed(self, transitions: int, summary: Summary) -> None:
        """Show what is in the store after a commit."""
        self._transitions.inc(transitions)
        firing = dict(summary.firing)
        for severity in _SEVERITIES:
            self._firing.labels(severity).set(firing.pop(severity, 0))
        self._firing.labels("other").set(sum(firing.values()))
        if summary.watchdog_seen_at is not None:
            self._watchdog.set(summary.watchdog_seen_at.timestamp())
