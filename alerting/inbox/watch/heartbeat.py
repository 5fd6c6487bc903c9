"""A sign of life for somebody outside, who raises the alarm when it stops.

The protocol is that of healthchecks.io: a GET says that all is well, a POST to `/fail` why it is
not. https://healthchecks.io/docs/http_api/
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit, urlunsplit

import httpx2

from alerting.inbox.errors import StoreUnavailableError, UpstreamUnavailableError
from alerting.inbox.metrics import InboxMetrics
from alerting.inbox.store import Store
from alerting.inbox.watch.alertmanager_api import AlertmanagerClient
from alerting.inbox.watch.failed_notifications import FailedNotifications
from alerting.inbox.watch.watchdog import Watchdog

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AlertPath:
    """What an alert goes through on its way to people.

    Attributes:
        alertmanager: Says what it could not deliver; None if it is not asked.
        needs_watchdog: Whether the watchdog has to arrive first.
    """

    watchdog: Watchdog
    store: Store
    alertmanager: AlertmanagerClient | None
    failed: FailedNotifications
    needs_watchdog: bool = True

    async def trouble(self) -> str | None:
        """Return what is wrong, empty if nothing is; None if that is not known yet."""
        if (verdict := self.watchdog.verdict()).is_late:
            return verdict.reason
        if self.needs_watchdog and not self.watchdog.has_arrived:
            # The stack is starting: one part is there before the other.
            return None
        try:
            await self.store.probe()
        except StoreUnavailableError as error:
            return f"The inbox cannot store deliveries: {error}."
        if self.alertmanager is not None:
            try:
                self.failed.note(await self.alertmanager.count_failed())
            except UpstreamUnavailableError as error:
                return f"{error}: it does not answer."
            if names := self.failed.lately():
                return f"Alertmanager cannot deliver to: {', '.join(names)}."
        return ""


@dataclass(frozen=True, slots=True)
class HeartbeatState:
    """What was last told outside.

    Attributes:
        at: When; None if nothing was yet.
        outcome: ok, fail (told that something is wrong), or error (not taken).
        trouble: What is wrong, empty if nothing is.
    """

    at: datetime | None = None
    outcome: str = ""
    trouble: str = ""


class Heartbeat:
    """Tells one address, each time it is called, how the path is."""

    def __init__(
        self, url: str, path: AlertPath, client: httpx2.AsyncClient, metrics: InboxMetrics
    ) -> None:
        """Take the address, which is not logged: whoever knows it can say that all is well."""
        self._url = url
        self._fail_url = _fail_url(url)
        self._path = path
        self._client = client
        self._metrics = metrics
        self._said: str | None = None
        self.state = HeartbeatState()

    async def __call__(self) -> None:
        """Judge once, and tell; what is not known yet is not told."""
        trouble = await self._path.trouble()
        if trouble is None:
            return
        outcome = await self._tell(trouble)
        self._metrics.count_heartbeat(outcome)
        self.state = HeartbeatState(datetime.now(UTC), outcome, trouble)
        if trouble != self._said:
            line = "the alert path is in order" if not trouble else "the alert path is broken"
            _log.log(logging.ERROR if trouble else logging.INFO, line, extra={"reason": trouble})
        self._said = trouble

    async def _tell(self, trouble: str) -> str:
        """Return the outcome: ok, fail, or error if the address did not take it."""
        try:
            if trouble:
                answer = await self._client.post(self._fail_url, content=trouble)
            else:
                answer = await self._client.get(self._url)
        except httpx2.HTTPError as error:
            _log.warning(
                "the heartbeat cannot be delivered", extra={"reason": type(error).__name__}
            )
            return "error"
        if not answer.is_success:
            _log.warning("the heartbeat is refused", extra={"status_code": answer.status_code})
            return "error"
        return "fail" if trouble else "ok"


def _fail_url(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/fail"))
