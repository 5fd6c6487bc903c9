"""Looks at the running stack, again and again, for what a drill waits for."""

import contextlib
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from burnrate.drill.alertmanager import Alertmanager, Sent
from burnrate.drill.errors import NoAnswer
from burnrate.drill.inbox import Arrived, Inbox
from burnrate.drill.prometheus import Prometheus, Rule
from burnrate.drill.rules import Expected
from burnrate.drill.timeline import Look, State

_WATCHDOG = {"alertname": "Watchdog"}


@dataclass
class AlertWatch:
    """Follows one alert from its samples to the inbox.

    Args:
        expected: The alert.
        rule: Where it comes from; None for a rule that Prometheus does not evaluate.
        bad: An expression that rises with the first bad sample; empty where there is none.
        group_wait: How long Alertmanager holds the first notification.
        is_inbox_away: A notification that failed counts as sent.
    """

    prometheus: Prometheus
    alertmanager: Alertmanager
    inbox: Inbox
    expected: Expected
    rule: Rule | None
    bad: str
    group_wait: float
    is_inbox_away: bool = False
    _bad_before: float = 0.0
    _sent_before: float = 0.0
    _failed_before: float | None = None
    _held_since: float | None = None
    _known: frozenset[int] = frozenset()
    _arrived: int | None = None

    def begin(self) -> None:
        """Take note of how everything is before the fault; raises NoAnswer."""
        self._bad_before = self.prometheus.value(self.bad) if self.bad else 0.0
        self._known = frozenset(alert.id for alert in self.inbox.alerts())
        self._sent_before = self._sent_but_watchdog(self.alertmanager.sent()) or 0.0

    def look(self) -> Look:
        """Look once; what does not answer is not seen."""
        at = time.time()
        state, active_at = self._state()
        is_sent = self._is_sent(at)
        stored_at, resolved_at = self._in_inbox()
        return Look(
            at=at,
            is_bad=self._is_bad(),
            is_over=self._is_over(),
            state=state,
            active_at=active_at,
            is_sent=is_sent,
            stored_at=stored_at,
            resolved_at=resolved_at,
        )

    def new_pages(self) -> list[Arrived]:
        """Return the pages that arrived since `begin`; raises NoAnswer."""
        pages = self.inbox.alerts({"severity": "page"})
        return [page for page in pages if page.id not in self._known]

    def _is_bad(self) -> bool | None:
        if not self.bad:
            return None
        with contextlib.suppress(NoAnswer):
            return self.prometheus.value(self.bad) > self._bad_before
        return None

    def _is_over(self) -> bool | None:
        if self.rule is None:
            return None
        with contextlib.suppress(NoAnswer):
            added = {"alertname": self.rule.name, **self.rule.labels}
            samples = self.prometheus.query(self.rule.query)
            return any(self.expected.is_met_by({**each.labels, **added}) for each in samples)
        return None

    def _state(self) -> tuple[State | None, float | None]:
        if self.rule is None:
            return None, None
        with contextlib.suppress(NoAnswer):
            for alert in self.prometheus.alerts():
                if self.expected.is_met_by(alert.labels):
                    return alert.state, alert.active_at.timestamp()
            return "inactive", None
        return None, None

    def _is_sent(self, at: float) -> bool:
        """Whether Alertmanager has sent more, since it holds the alert, than it had before."""
        with contextlib.suppress(NoAnswer):
            is_held = any(self.expected.is_met_by(a.labels) for a in self.alertmanager.alerts())
            sent = self.alertmanager.sent()
            if is_held and self._held_since is None:
                self._held_since = at
            if self.is_inbox_away:
                return self._has_failed(at, sent)
            count = self._sent_but_watchdog(sent)
            if count is None:
                return False
            if self._held_since is None:
                self._sent_before = count
            return self._held_since is not None and count > self._sent_before
        return False

    def _has_failed(self, at: float, sent: Sent) -> bool:
        """Whether a request failed since the alert's notification was due."""
        if self._held_since is None or at < self._held_since + self.group_wait:
            return False
        if self._failed_before is None:
            self._failed_before = sent.failed_requests
        return sent.failed_requests > self._failed_before

    def _sent_but_watchdog(self, sent: Sent) -> float | None:
        """Return how many notifications were not the watchdog's, which come all the time."""
        try:
            watchdogs = self.inbox.alerts(_WATCHDOG)
        except NoAnswer:
            return None
        return sent.notifications - sum(alert.deliveries for alert in watchdogs)

    def _in_inbox(self) -> tuple[float | None, float | None]:
        try:
            alert = self._find(self.inbox.alerts())
        except NoAnswer:
            return None, None
        if alert is None:
            return None, None
        is_new = alert.id not in self._known
        first = alert.first_received_at if is_new else alert.last_received_at
        self._arrived = alert.id
        is_resolved = alert.state == "resolved"
        return first.timestamp(), alert.last_received_at.timestamp() if is_resolved else None

    def _find(self, alerts: Iterable[Arrived]) -> Arrived | None:
        """Return this drill's episode: a new one, or an old one that was opened again."""
        for alert in alerts:
            is_ours = alert.id == self._arrived or (
                self._arrived is None and (alert.id not in self._known or alert.state == "firing")
            )
            if is_ours and self.expected.is_met_by(alert.labels):
                return alert
        return None


@dataclass
class WatchdogWatch:
    """Follows the inbox' dead man's switch."""

    inbox: Inbox
    _known: frozenset[int] = field(default_factory=frozenset)

    def begin(self) -> None:
        """Take note of how everything is before the fault; raises NoAnswer."""
        self._known = frozenset(alert.id for alert in self.inbox.alerts())

    def is_late(self) -> bool | None:
        """Whether the inbox misses the watchdog; None where it does not say."""
        with contextlib.suppress(NoAnswer):
            return read_late(self.inbox.metrics())
        return None

    def new_pages(self) -> list[Arrived]:
        """Return the pages that arrived since `begin`; raises NoAnswer."""
        pages = self.inbox.alerts({"severity": "page"})
        return [page for page in pages if page.id not in self._known]

    def look(self) -> Look:
        """Look once: late counts as stored, and no longer late as resolved."""
        at = time.time()
        is_late = self.is_late()
        return Look(
            at=at,
            stored_at=at if is_late else None,
            resolved_at=at if is_late is False else None,
        )


def read_late(exposition: str) -> bool | None:
    """Return what the inbox' metrics say of the watchdog; None for an inbox without the switch."""
    for line in exposition.splitlines():
        if line.startswith("inbox_watchdog_late "):
            return float(line.rpartition(" ")[2]) > 0
    return None
