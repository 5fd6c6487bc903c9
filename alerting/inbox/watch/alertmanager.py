"""Asks Alertmanager what it holds as firing.

https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx2
from pydantic import AwareDatetime, BaseModel, Field, TypeAdapter, ValidationError

from alerting.inbox.errors import UpstreamUnavailableError
from alerting.inbox.payload import Alert, clean
from alerting.inbox.store.journal import WATCHDOG
from alerting.inbox.store.missed_alerts import Held
from alerting.inbox.store.reconciliation import Look


class _Named(BaseModel):
    name: str


class _State(BaseModel):
    # active; suppressed by a silence or an inhibition; unprocessed
    state: str = ""


class _Listed(BaseModel):
    fingerprint: str
    labels: dict[str, str]
    updated_at: AwareDatetime = Field(alias="updatedAt")
    annotations: dict[str, str] = {}
    starts_at: AwareDatetime | None = Field(alias="startsAt", default=None)
    generator_url: str = Field(alias="generatorURL", default="")
    receivers: list[_Named] = []
    status: _State = _State()

    def held(self) -> Held | None:
        """What ought to have been delivered; None for what is muted, and for the watchdog.

        A watchdog that was found by asking would prove nothing.
        """
        if self.status.state != "active" or self.labels.get("alertname") == WATCHDOG:
            return None
        if self.starts_at is None or not self.fingerprint:
            return None
        alert = Alert.model_construct(
            status="firing",
            labels=_cleaned(self.labels),
            annotations=_cleaned(self.annotations),
            starts_at=self.starts_at,
            ends_at=None,  # what is listed here is only when Alertmanager will stop to believe it
            generator_url=clean(self.generator_url),
            fingerprint=clean(self.fingerprint),
        )
        return Held(alert, tuple(clean(receiver.name) for receiver in self.receivers))


class _Status(BaseModel):
    uptime: AwareDatetime  # when it started


_LIST = TypeAdapter(list[_Listed])


@dataclass(frozen=True, slots=True)
class Holdings:
    """What Alertmanager holds; times and ages by its own clock.

    Attributes:
        listed: Fingerprints of everything that fires, muted or not.
        active: What fires and is not muted, without the watchdog.
        watchdog_age: Since when Prometheus has not told it that the watchdog fires; None if it
            does not know of one.
        up_for: Since when it runs.
    """

    listed: frozenset[str]
    watchdog_age: timedelta | None
    up_for: timedelta
    active: tuple[Held, ...] = ()


class AlertmanagerClient:
    """One Alertmanager's API."""

    def __init__(self, url: str, client: httpx2.AsyncClient) -> None:
        """Take its address and a client to ask with."""
        self._url = url
        self._client = client

    async def holdings(self) -> Holdings:
        """Ask for all it holds.

        Raises:
            UpstreamUnavailableError: it does not answer, or not with that.
        """
        try:
            alerts = await self._client.get(f"{self._url}/api/v2/alerts")
            status = await self._client.get(f"{self._url}/api/v2/status")
            listed = _LIST.validate_json(alerts.raise_for_status().content)
            started_at = _Status.model_validate_json(status.raise_for_status().content).uptime
        except (httpx2.HTTPError, ValidationError) as error:
            raise UpstreamUnavailableError(f"Alertmanager: {type(error).__name__}") from error
        now = _clock_of(alerts)
        told = [alert.updated_at for alert in listed if alert.labels.get("alertname") == WATCHDOG]
        return Holdings(
            listed=frozenset(alert.fingerprint for alert in listed),
            watchdog_age=now - max(told) if told else None,
            up_for=now - started_at,
            active=tuple(held for alert in listed if (held := alert.held()) is not None),
        )


def look_at(
    holdings: Holdings, at: datetime, close_after: timedelta, late_after: timedelta | None
) -> Look:
    """Judge whether absence from the list means an end.

    It does once this Alertmanager has been up long enough to have been told of everything, by a
    Prometheus that still speaks to it; without a watchdog to tell that (`late_after` None), the
    first must do.
    """
    age = holdings.watchdog_age
    is_told = late_after is None or (age is not None and age < late_after)
    is_trusted = is_told and holdings.up_for >= close_after
    return Look(at, holdings.listed, is_trusted, holdings.active)


def _cleaned(pairs: dict[str, str]) -> dict[str, str]:
    return {clean(name): clean(text) for name, text in pairs.items()}


def _clock_of(answer: httpx2.Response) -> datetime:
    """Read the answerer's clock, so that two machines' clocks are never compared."""
    try:
        return parsedate_to_datetime(answer.headers["date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return datetime.now(UTC)
