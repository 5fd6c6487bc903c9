"""How far one alert has come, from its samples to the inbox."""

import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass

from burnrate.drill.clients import (
    AlertmanagerApi,
    Episode,
    InboxApi,
    PrometheusApi,
    Rule,
    WebhookCounters,
)
from burnrate.drill.expectation import ExpectedAlert
from burnrate.drill.observation.page_observer import PageObserver
from burnrate.drill.observation.timeline import Observation, State
from burnrate.http_client import NoAnswer

_WATCHDOG = {"alertname": "Watchdog"}


@dataclass
class AlertObserver:
    """Follows an alert from its samples to the inbox.

    Args:
        pages: What was there before.
        expected: The alerts any of which will do: of several that arrive the first counts, and then
            the first that resolves.
        rule: Of the one that fires first in theory; None if Prometheus does not evaluate it.
        bad: A query that rises with the first bad sample; empty where there is none.
        wait_seconds: How long Alertmanager may hold the notification.
        is_inbox_stopped: A notification that failed counts as sent.
    """

    prometheus: PrometheusApi
    alertmanager: AlertmanagerApi
    inbox: InboxApi
    pages: PageObserver
    expected: ExpectedAlert
    rule: Rule | None
    bad: str
    wait_seconds: float
    is_inbox_stopped: bool = False
    _bad_before: float = 0.0
    _sent_before: float = 0.0
    _failed_before: float | None = None
    _due_from: float | None = None
    _arrived: frozenset[int] = frozenset()

    def begin(self) -> None:
        """Take note of how everything is before the fault; raises NoAnswer."""
        self._bad_before = self.prometheus.value(self.bad) if self.bad else 0.0
        self._sent_before = self._sent_but_watchdog(self.alertmanager.webhooks()) or 0.0

    def observe(self) -> Observation:
        """Look once; what does not answer is not seen."""
        at = time.time()
        state, active_at = self._state()
        is_sent = self._is_sent(at)
        found = self._in_inbox()
        return Observation(
            at=at,
            is_bad=self._is_bad(),
            is_over=self._is_over(),
            state=state,
            active_at=active_at,
            is_sent=is_sent,
            stored_at=min(map(self._stored_at, found), default=None),
            resolved_at=min(map(_resolved_at, filter(_is_resolved, found)), default=None),
            alert=min(found, key=self._stored_at).labels.get("alertname") if found else None,
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
            return any(self.expected.matches({**each.labels, **added}) for each in samples)
        return None

    def _state(self) -> tuple[State | None, float | None]:
        if self.rule is None:
            return None, None
        with contextlib.suppress(NoAnswer):
            ours = [alert for alert in self.prometheus.alerts() if self._is_expected(alert.labels)]
            if not ours:
                return "inactive", None
            first = min(ours, key=lambda alert: (alert.state != "firing", alert.active_at))
            return first.state, first.active_at.timestamp()
        return None, None

    def _is_sent(self, at: float) -> bool:
        """Whether Alertmanager has sent more, since the alert's notification is due, than before.

        It does not say whose it counts, so an earlier one may be another group's; what is sent
        before its time is known by its arrival.
        """
        with contextlib.suppress(NoAnswer):
            is_firing = any(self._is_expected(a.labels) for a in self.alertmanager.alerts())
            webhooks = self.alertmanager.webhooks()
            if is_firing and self._due_from is None:
                self._due_from = at + self.wait_seconds
            if self.is_inbox_stopped:
                return self._has_failed(at, webhooks)
            count = self._sent_but_watchdog(webhooks)
            if count is None:
                return False
            if not self._is_due(at):
                self._sent_before = count
            return count > self._sent_before
        return False

    def _is_due(self, at: float) -> bool:
        return self._due_from is not None and at >= self._due_from

    def _has_failed(self, at: float, webhooks: WebhookCounters) -> bool:
        """Whether a request failed since the alert's notification was due."""
        if not self._is_due(at):
            return False
        if self._failed_before is None:
            self._failed_before = webhooks.failed_requests
        return webhooks.failed_requests > self._failed_before

    def _sent_but_watchdog(self, webhooks: WebhookCounters) -> float | None:
        """Return how many notifications were not the watchdog's, which come all the time."""
        try:
            watchdogs = self.inbox.episodes(_WATCHDOG)
        except NoAnswer:
            return None
        return webhooks.notifications - sum(alert.deliveries for alert in watchdogs)

    def _is_expected(self, labels: Mapping[str, str]) -> bool:
        return self.expected.matches(labels) and not self.pages.was_active(labels)

    def _in_inbox(self) -> list[Episode]:
        """Return this drill's episodes: new ones, and old ones that were opened again."""
        try:
            episodes = self.inbox.episodes()
        except NoAnswer:
            return []
        found = [each for each in episodes if self._is_ours(each)]
        self._arrived |= {each.id for each in found}
        return found

    def _is_ours(self, episode: Episode) -> bool:
        if not self._is_expected(episode.labels):
            return False
        is_opened = episode.state == "firing" and not self.pages.was_firing(episode.id)
        return episode.id in self._arrived or not self.pages.is_known(episode.id) or is_opened

    def _stored_at(self, episode: Episode) -> float:
        is_new = not self.pages.is_known(episode.id)
        first = episode.first_received_at if is_new else episode.last_received_at
        return first.timestamp()


def _is_resolved(episode: Episode) -> bool:
    return episode.state == "resolved"


def _resolved_at(episode: Episode) -> float:
    return episode.last_received_at.timestamp()
