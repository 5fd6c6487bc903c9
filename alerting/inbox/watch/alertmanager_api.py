"""Asks Alertmanager what it lists as firing.

https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx2
from prometheus_client.parser import text_string_to_metric_families
from pydantic import AwareDatetime, BaseModel, Field, TypeAdapter, ValidationError

from alerting.inbox.errors import UpstreamUnavailableError
from alerting.inbox.store import (
    WATCHDOG,
    ActiveAlert,
    Alert,
    Snapshot,
    State,
    is_our_watchdog,
    storable,
    storable_pairs,
)
from alerting.inbox.watch.silencing import AlertEntry, AlertStatus, ListedAlert


class _Named(BaseModel):
    name: str


class _ListedStatus(AlertStatus):
    # active; suppressed by a silence or an inhibition; unprocessed
    state: str = ""


class _Listed(AlertEntry):
    updated_at: AwareDatetime = Field(alias="updatedAt")
    annotations: dict[str, str] = Field(default={})
    starts_at: AwareDatetime | None = Field(alias="startsAt", default=None)
    generator_url: str = Field(alias="generatorURL", default="")
    receivers: list[_Named] = Field(default=[])
    status: _ListedStatus = _ListedStatus()

    def active(self) -> ActiveAlert | None:
        """What ought to have been delivered; None for what is muted, and for the watchdog.

        A watchdog that was found by asking would prove nothing.
        """
        if self.status.state != "active" or self.labels.get("alertname") == WATCHDOG:
            return None
        if self.starts_at is None or not self.fingerprint:
            return None
        alert = Alert(
            state=State.FIRING,
            fingerprint=storable(self.fingerprint),
            starts_at=self.starts_at,
            ends_at=None,  # the list's endsAt is only when Alertmanager will stop to believe it
            labels=storable_pairs(self.labels),
            annotations=storable_pairs(self.annotations),
            generator_url=storable(self.generator_url),
        )
        return ActiveAlert(alert, tuple(storable(receiver.name) for receiver in self.receivers))


class _Status(BaseModel):
    uptime: AwareDatetime  # when it started


_TRIED = "alertmanager_notifications_total"
# It ends by itself, and that is told too.
_TRIAL_LASTS = timedelta(minutes=5)
_FAILED = "alertmanager_notifications_failed_total"
_LIST = TypeAdapter(list[_Listed])
_RECEIVERS = TypeAdapter(list[_Named])


@dataclass(frozen=True, slots=True)
class AlertmanagerState:
    """What Alertmanager lists; ages by its own clock.

    Attributes:
        listed: Fingerprints of everything that fires, muted or not.
        watchdog_age: How long ago Prometheus sent it the watchdog; None if it does not list one.
        uptime: How long it has been running.
        active: What fires and is not muted, without the watchdog.
        receivers: The names of all it can send to.
        alerts: Everything that fires, with what holds it back.
    """

    listed: frozenset[str]
    watchdog_age: timedelta | None
    uptime: timedelta
    active: tuple[ActiveAlert, ...] = ()
    receivers: tuple[str, ...] = ()
    alerts: tuple[ListedAlert, ...] = ()


class AlertmanagerClient:
    """One Alertmanager's API."""

    def __init__(self, url: str, client: httpx2.AsyncClient) -> None:
        """Take its address and a client to ask with."""
        self._url = url
        self._client = client

    async def fetch(self) -> AlertmanagerState:
        """Ask for all it lists.

        Raises:
            UpstreamUnavailableError: it does not answer, or not with that.
        """
        try:
            alerts = await self._client.get(f"{self._url}/api/v2/alerts")
            status = await self._client.get(f"{self._url}/api/v2/status")
            receivers = await self._client.get(f"{self._url}/api/v2/receivers")
            listed = _LIST.validate_json(alerts.raise_for_status().content)
            names = _RECEIVERS.validate_json(receivers.raise_for_status().content)
            started_at = _Status.model_validate_json(status.raise_for_status().content).uptime
        except (httpx2.HTTPError, ValidationError) as error:
            raise UpstreamUnavailableError(f"Alertmanager: {type(error).__name__}") from error
        now = _clock_of(alerts)
        sent = [alert.updated_at for alert in listed if is_our_watchdog(alert.labels)]
        return AlertmanagerState(
            listed=frozenset(alert.fingerprint for alert in listed),
            watchdog_age=now - max(sent) if sent else None,
            uptime=now - started_at,
            active=tuple(active for alert in listed if (active := alert.active()) is not None),
            receivers=tuple(each.name for each in names),
            alerts=tuple(alert.listed() for alert in listed),
        )

    async def count_notifications(self) -> dict[str, tuple[float, float]]:
        """Return how many notifications it tried and gave up since it started, by receiver.

        Raises:
            UpstreamUnavailableError: it does not answer, or not with that.
        """
        try:
            answer = await self._client.get(f"{self._url}/metrics")
            text = answer.raise_for_status().text
            tried, failed = _counted(text, _TRIED), _counted(text, _FAILED)
        except (httpx2.HTTPError, ValueError) as error:
            raise UpstreamUnavailableError(f"Alertmanager: {type(error).__name__}") from error
        return {name: (count, failed.get(name, 0.0)) for name, count in tried.items()}

    async def send_trial(self, at: datetime) -> str:
        """Send it a page that nobody needs, as `burnrate notify test` does; returns its service.

        Raises:
            UpstreamUnavailableError: it does not take it.
        """
        service = f"try-{at:%H%M%S}"
        alert = {
            "labels": {"alertname": "Try", "service": service, "severity": "page"},
            "annotations": {
                "summary": "A try: no need to do anything.",
                "description": "Somebody asked on the inbox' page whether pages arrive.",
            },
            "startsAt": at.isoformat(),
            "endsAt": (at + _TRIAL_LASTS).isoformat(),
        }
        try:
            answer = await self._client.post(f"{self._url}/api/v2/alerts", json=[alert])
            answer.raise_for_status()
        except httpx2.HTTPError as error:
            raise UpstreamUnavailableError(f"Alertmanager: {type(error).__name__}") from error
        return service

    async def count_failed(self) -> dict[str, float]:
        """Return how many notifications it gave up since it started, by receiver.

        Raises:
            UpstreamUnavailableError: it does not answer, or not with that.
        """
        try:
            answer = await self._client.get(f"{self._url}/metrics")
            return _counted(answer.raise_for_status().text, _FAILED)
        except (httpx2.HTTPError, ValueError) as error:
            raise UpstreamUnavailableError(f"Alertmanager: {type(error).__name__}") from error


def _counted(text: str, counter: str) -> dict[str, float]:
    """Add up one of Alertmanager's counters, by integration and, from 0.28 on, receiver."""
    counts: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == counter:
                labels = sample.labels
                name = " ".join(filter(None, map(labels.get, ("receiver_name", "integration"))))
                counts[name] = counts.get(name, 0.0) + sample.value
    return counts


def snapshot_of(
    state: AlertmanagerState, at: datetime, close_after: timedelta, late_after: timedelta | None
) -> Snapshot:
    """Judge whether absence from the list means an end.

    It does once this Alertmanager has been up for `close_after`, long enough to have been sent
    everything, and Prometheus still sends to it: the watchdog it lists is younger than
    `late_after`. Where there is no watchdog to go by (`late_after` None), uptime must do.
    """
    age = state.watchdog_age
    is_sent = late_after is None or (age is not None and age < late_after)
    is_trusted = is_sent and state.uptime >= close_after
    return Snapshot(at, state.listed, is_trusted, state.active)


def _clock_of(answer: httpx2.Response) -> datetime:
    """Read the answerer's clock, so that two machines' clocks are never compared."""
    try:
        return parsedate_to_datetime(answer.headers["date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return datetime.now(UTC)
