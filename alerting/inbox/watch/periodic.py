"""What the inbox does by itself, again and again."""

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from alerting.inbox.changes import Changes
from alerting.inbox.errors import UpstreamUnavailableError
from alerting.inbox.metrics import InboxMetrics
from alerting.inbox.settings import Settings
from alerting.inbox.store.missed_alerts import Waiting
from alerting.inbox.store.reconciliation import Look, Patience
from alerting.inbox.store.retention import BATCH
from alerting.inbox.store.store import Store
from alerting.inbox.watch.alertmanager import AlertmanagerClient, look_at
from alerting.inbox.watch.fallback import Fallback
from alerting.inbox.watch.watchdog import Verdict, Watchdog

_log = logging.getLogger(__name__)


class Reconciliation:
    """Looks at Alertmanager and lets the store compare."""

    def __init__(
        self,
        settings: Settings,
        alertmanager: AlertmanagerClient,
        store: Store,
        watchdog: Watchdog,
        changes: Changes,
        metrics: InboxMetrics,
    ) -> None:
        """Take the parts it works with."""
        self._alertmanager = alertmanager
        self._store = store
        self._watchdog = watchdog
        self._changes = changes
        self._metrics = metrics
        self._close_after = timedelta(seconds=settings.close_after_seconds)
        self._patience = Patience(
            timedelta(seconds=settings.stale_after_seconds), self._close_after
        )
        # With the switch turned off there is no watchdog to go by: then uptime alone must do.
        late_seconds = settings.watchdog_late_seconds
        self._late_after = timedelta(seconds=late_seconds) if late_seconds else None
        self._waiting = Waiting(timedelta(seconds=settings.found_after_seconds))
        self._is_hurried = False
        self.is_answered = True

    def hurry(self) -> None:
        """Wait no longer for what is missing: a delivery was refused, and others were in it."""
        self._is_hurried = True

    async def __call__(self) -> None:
        """Look once; Alertmanager's silence confirms nothing, so everything becomes stale."""
        at = datetime.now(UTC)
        is_hurried, self._is_hurried = self._is_hurried, False
        overdue = None if is_hurried else self._waiting.overdue(at)
        look = replace(await self._look(at), overdue=overdue)
        self._metrics.looked(is_answered=self.is_answered)
        reconciled = await self._store.reconcile(look, self._patience)
        if self.is_answered:
            self._waiting.note(reconciled.missing, at)
        elif is_hurried:
            self.hurry()
        self._metrics.changed(reconciled.transitions, reconciled.summary)
        if reconciled.found:
            self._metrics.found(reconciled.found)
            _log.warning("alerts never arrived", extra={"found": reconciled.found})
        if reconciled.transitions:
            _log.info("reconciled", extra={"transitions": reconciled.transitions})
            self._changes.ring()

    async def _look(self, at: datetime) -> Look:
        was_answered = self.is_answered
        try:
            holdings = await self._alertmanager.holdings()
        except UpstreamUnavailableError as error:
            self.is_answered = False
            self._watchdog.missed()
            if was_answered:
                _log.warning("nothing can be confirmed", extra={"reason": str(error)})
                self._changes.ring()
            return Look(at)
        self.is_answered = True
        self._watchdog.looked(holdings.watchdog_age)
        if not was_answered:
            _log.info("Alertmanager answers again")
            self._changes.ring()
        return look_at(holdings, at, self._close_after, self._late_after)


class DeadMansSwitch:
    """Says it when the watchdog is late, and when it is back: log, metric, page, fallback."""

    def __init__(
        self,
        watchdog: Watchdog,
        fallback: Fallback | None,
        changes: Changes,
        metrics: InboxMetrics,
    ) -> None:
        """Take the parts it works with."""
        self._watchdog = watchdog
        self._fallback = fallback
        self._changes = changes
        self._metrics = metrics
        self._last = Verdict(is_late=False)
        self._told = False

    async def __call__(self) -> None:
        """Judge once; the fallback is tried again until it has taken what is so now."""
        verdict = self._watchdog.verdict()
        self._metrics.show_late(is_late=verdict.is_late)
        if verdict.is_late != self._last.is_late:
            self._say(verdict)
            self._changes.ring()
        self._last = verdict
        if self._fallback is not None and verdict.is_late != self._told:
            is_delivered = await self._fallback.tell(*_message(verdict))
            self._metrics.fell_back(is_delivered=is_delivered)
            if is_delivered:
                self._told = verdict.is_late

    def _say(self, verdict: Verdict) -> None:
        if verdict.is_late:
            fields = {"reason": verdict.reason, "silent_seconds": self._watchdog.silent_seconds}
            _log.error("the watchdog is late: no alert would arrive", extra=fields)
        else:
            _log.warning("the watchdog is back")


class Retention:
    """Forgets what is too old."""

    def __init__(self, settings: Settings, store: Store) -> None:
        """Take how long to keep it."""
        self._days = settings.retention_days
        self._store = store

    async def __call__(self) -> None:
        """Delete batch after batch, each behind the deliveries that wait meanwhile."""
        if not self._days:
            return
        before = datetime.now(UTC) - timedelta(days=self._days)
        total = 0
        while deleted := await self._store.forget(before):
            total += deleted
        if total:
            _log.info("forgot what is too old", extra={"rows": total, "batch": BATCH})


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
