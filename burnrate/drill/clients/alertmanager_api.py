"""What Alertmanager says over its API: its alerts, its routes' waits, and what it has sent."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter

from burnrate.durations import DurationSeconds
from burnrate.http_client import HttpClient
from burnrate.promql import Matcher

# https://prometheus.io/docs/alerting/latest/configuration/#matcher
_MATCHER = re.compile(r'^\s*([A-Za-z_]\w*)\s*(=~|!~|!=|=)\s*"?(.*?)"?\s*$')
# Alertmanager's own defaults.
_DEFAULT_WAIT_SECONDS = 30.0
_DEFAULT_INTERVAL_SECONDS = 300.0


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Route(_Model):
    """A node of the routing tree, as it is written: what is absent is the parent's."""

    matchers: list[str] = []
    group_by: list[str] | None = None
    group_wait: DurationSeconds | None = None
    group_interval: DurationSeconds | None = None
    routes: list["Route"] = []

    def takes(self, labels: Mapping[str, str]) -> bool:
        """Whether all matchers match."""
        return all(_matches(matcher, labels) for matcher in self.matchers)


class KnownAlert(_Model):
    """An alert that Alertmanager holds as firing."""

    labels: dict[str, str]


class _Status(_Model):
    class Written(_Model):
        original: str

    config: Written


class _File(_Model):
    route: Route


@dataclass(frozen=True)
class RouteTiming:
    """When a receiver is notified of an alert with certain labels, in seconds."""

    group_by: tuple[str, ...]
    group_wait: float
    group_interval: float


@dataclass(frozen=True)
class WebhookCounters:
    """Webhook notifications since Alertmanager started, and requests that failed."""

    notifications: float
    failed_requests: float


class AlertmanagerApi:
    """Alertmanager's HTTP API; every method raises NoAnswer where it does not answer."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    def timing(self, labels: Mapping[str, str]) -> RouteTiming:
        """Return the waits of the route that takes an alert."""
        status = _Status.model_validate_json(self._http.get("/api/v2/status"))
        return route_timing(
            _File.model_validate(yaml.safe_load(status.config.original)).route, labels
        )

    def alerts(self) -> list[KnownAlert]:
        """Return what fires, as Alertmanager sees it."""
        return TypeAdapter(list[KnownAlert]).validate_json(self._http.get("/api/v2/alerts"))

    def webhooks(self) -> WebhookCounters:
        """Return its counters of webhooks, over all other labels: newer versions add some."""
        samples = self._http.samples()
        return WebhookCounters(
            *(
                samples.total(f"alertmanager_{name}_total", integration="webhook")
                for name in ("notifications", "notification_requests_failed")
            )
        )


def route_timing(root: Route, labels: Mapping[str, str]) -> RouteTiming:
    """Return the waits of the first, deepest route that takes an alert with these labels."""
    group_by: Iterable[str] = root.group_by or ()
    wait, interval = root.group_wait, root.group_interval
    route = root
    while child := next((each for each in route.routes if each.takes(labels)), None):
        route = child
        group_by = route.group_by if route.group_by is not None else group_by
        wait = route.group_wait if route.group_wait is not None else wait
        interval = route.group_interval if route.group_interval is not None else interval
    return RouteTiming(
        tuple(group_by),
        _DEFAULT_WAIT_SECONDS if wait is None else wait,
        _DEFAULT_INTERVAL_SECONDS if interval is None else interval,
    )


def _matches(matcher: str, labels: Mapping[str, str]) -> bool:
    found = _MATCHER.match(matcher)
    if found is None:
        return False
    name, operator, wanted = found.groups()
    return Matcher(name, operator, wanted).accepts(labels.get(name, ""))
