"""Raises the alarm when the watchdog is late: no alert would arrive, so silence is no news."""

import logging
from datetime import UTC, datetime

from alerting.inbox.change_signal import ChangeSignal
from alerting.inbox.metrics import InboxMetrics
from alerting.inbox.watch.fallback import Fallback
from alerting.inbox.watch.watchdog import Verdict, Watchdog

_log = logging.getLogger(__name__)


class DeadMansSwitch:
    """Reports a late watchdog, and its return, by log, metric, page and fallback."""

    def __init__(
        self,
        watchdog: Watchdog,
        fallback: Fallback | None,
        changes: ChangeSignal,
        metrics: InboxMetrics,
    ) -> None:
        """Take what to judge and where to report it; without a fallback nobody else is told."""
        self._watchdog = watchdog
        self._fallback = fallback
        self._changes = changes
        self._metrics = metrics
        self._last = Verdict(is_late=False)
        self._is_fallback_alarmed = False

    async def __call__(self) -> None:
        """Judge once; the fallback is tried again until it has taken what is so now."""
        verdict = self._watchdog.verdict()
        self._metrics.show_late(is_late=verdict.is_late)
        if verdict.is_late != self._last.is_late:
            self._report(verdict)
            self._changes.notify()
        self._last = verdict
        if self._fallback is not None and verdict.is_late != self._is_fallback_alarmed:
            is_delivered = await self._fallback.send(*_message(verdict))
            self._metrics.count_fallback(is_delivered=is_delivered)
            if is_delivered:
                self._is_fallback_alarmed = verdict.is_late

    def _report(self, verdict: Verdict) -> None:
        if verdict.is_late:
            fields = {"reason": verdict.reason, "silent_seconds": self._watchdog.silent_seconds}
            _log.error("the watchdog is late: no alert would arrive", extra=fields)
        else:
            _log.warning("the watchdog is back")


def _message(verdict: Verdict) -> tuple[str, dict[str, object]]:
    status = "firing" if verdict.is_late else "resolved"
    fields: dict[str, object] = {
        "status": status,
        "alertname": "WatchdogLate",
        "severity": "page",
        "service": "inbox",
        "reason": verdict.reason,
        "at": datetime.now(UTC).isoformat(),
    }
    if verdict.is_late:
        return f"Burnrate is blind: no alert would arrive now. {verdict.reason}", fields
    return "Burnrate sees again: the watchdog alert arrives.", fields
