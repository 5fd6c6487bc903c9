"""Looks at the running stack, again and again, for what a drill waits for."""

import contextlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from burnrate.drill.clients.alertmanager_api import Alertmanager, Sent
from burnrate.drill.clients.inbox_api import Arrived, Inbox, read_late
from burnrate.drill.clients.prometheus_api import Prometheus, Rule
from burnrate.drill.errors import NoAnswer
from burnrate.drill.expectation.expected_alert import Expected
from burnrate.drill.observation.timeline import Look, State

_WATCHDOG = {"alertname": "Watchdog"}


@dataclass
class PageWatch:
    """Tells pages that arrive from those that were on their way before the fault.

    A rule that was pending already, of the drill before for one, may fire in the middle of this.
    """

    prometheus: Prometheus
    inbox: Inbox
    _known: frozenset[int] = frozenset()
    _active: tuple[Mapping[str, str], ...] = ()

    def begin(self) -> None:
        """Take note of how everything is before the fault; raises NoAnswer."""
        self._known = frozenset(alert.id for alert in self.inbox.alerts())
        self._active = tuple(alert.labels for alert in self.prometheus.alerts())

    def is_known(self, episode: int) -> bool:
        """Whether an episode was in the inbox before the fault."""
        return episode in self._known

    def new(self) -> list[Arrived]:
        """Return the pages that came since `begin` and were not on their way; raises NoAnswer."""
        return [
            page
            for page in self.inbox.alerts({"severity": "page"})
            if page.id not in self._known
            and not any(before.items() <= page.labels.items() for before in self._active)
        ]


@dataclass
class AlertWatch:
    """Follows one alert from its samples to the inbox.

    Args:
        pages: What was there before.
        expected: The alert.
        rule: Where it comes from; None for a rule that Prometheus does not evaluate.
        bad: An expression that rises with the first bad sample; empty where there is none.
        wait_seconds: How long Alertmanager may hold the notification.
        is_inbox_away: A notification that failed counts as sent.
    """

    prometheus: Prometheus
    alertmanager: Alertmanager
    inbox: Inbox
    pages: PageWatch
    expected: Expected
    rule: Rule | None
    bad: str
    wait_seconds: float
    is_inbox_away: bool = False
    _bad_before: float = 0.0
    _sent_before: float = 0.0
    _failed_before: float | None = None
    _held_since: float | None = None
    _arrived: int | None = None

    def begin(self) -> None:
        """Take note of how everything is before the fault; raises NoAnswer."""
        self._bad_before = self.prometheus.value(self.bad) if self.bad else 0.0
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
        """Whether Alertmanager has sent more, since the alert's notification is due, than before.

        It does not say whose it counts, so an earlier one may be another group's; what is sent
        before its time is known by its arrival.
        """
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
            if not self._is_due(at):
                self._sent_before = count
            return count > self._sent_before
        return False

    def _is_due(self, at: float) -> bool:
        return self._held_since is not None and at >= self._held_since + self.wait_seconds

    def _has_failed(self, at: float, sent: Sent) -> bool:
        """Whether a request failed since the alert's notification was due."""
        if not self._is_due(at):
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
        is_new = not self.pages.is_known(alert.id)
        first = alert.first_received_at if is_new else alert.last_received_at
        self._arrived = alert.id
        is_resolved = alert.state == "resolved"
        return first.timestamp(), alert.last_received_at.timestamp() if is_resolved else None

    def _find(self, alerts: Iterable[Arrived]) -> Arrived | None:
        """Return this drill's episode: a new one, or an old one that was opened again."""
        for alert in alerts:
            is_ours = alert.id == self._arrived or (
                self._arrived is None
                and (not self.pages.is_known(alert.id) or alert.state == "firing")
            )
            if is_ours and self.expected.is_met_by(alert.labels):
                return alert
        return None


@dataclass
class WatchdogWatch:
    """Follows the inbox' dead man's switch."""

    inbox: Inbox

    def begin(self) -> None:
        """There is nothing to take note of: it is not late, or the drill was refused."""

    def is_late(self) -> bool | None:
        """Whether the inbox misses the watchdog; None where it does not say."""
        with contextlib.suppress(NoAnswer):
            return read_late(self.inbox.metrics())
        return None

    def look(self) -> Look:
        """Look once: late counts as stored, and no longer late as resolved."""
        at = time.time()
        is_late = self.is_late()
        return Look(
            at=at,
            stored_at=at if is_late else None,
            resolved_at=at if is_late is False else None,
        )
