"""What Alertmanager knows: its alerts, its routes' rhythm, and how much it has sent."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, TypeAdapter

from burnrate.drill.clients.http import Web
from burnrate.drill.clients.prometheus_api import duration_seconds

# https://prometheus.io/docs/alerting/latest/configuration/#matcher
_MATCHER = re.compile(r'^\s*([A-Za-z_]\w*)\s*(=~|!~|!=|=)\s*"?(.*?)"?\s*$')
_COUNTER = re.compile(r"^(alertmanager_\w+)\{([^}]*)\} (\S+)$", re.MULTILINE)
# Alertmanager's own defaults.
_DEFAULT_WAIT_SECONDS = 30.0
_DEFAULT_INTERVAL_SECONDS = 300.0


def _duration(value: object) -> object:
    return duration_seconds(value) if isinstance(value, str) else value


Duration = Annotated[float, BeforeValidator(_duration)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Route(_Model):
    """A node of the routing tree, as it is written: what is absent is the parent's."""

    matchers: list[str] = []
    group_by: list[str] | None = None
    group_wait: Duration | None = None
    group_interval: Duration | None = None
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
class Rhythm:
    """When an alert with certain labels is told to its receiver, in seconds."""

    group_by: tuple[str, ...]
    group_wait: float
    group_interval: float


@dataclass(frozen=True)
class Sent:
    """Webhook notifications since Alertmanager started, and requests that failed."""

    notifications: float
    failed_requests: float


class Alertmanager:
    """Alertmanager's HTTP API; every method raises NoAnswer where it does not answer."""

    def __init__(self, web: Web) -> None:
        self._web = web

    def rhythm(self, labels: Mapping[str, str]) -> Rhythm:
        """Return the rhythm of the route that takes an alert."""
        status = _Status.model_validate_json(self._web.get("/api/v2/status"))
        return route_rhythm(
            _File.model_validate(yaml.safe_load(status.config.original)).route, labels
        )

    def alerts(self) -> list[KnownAlert]:
        """Return what fires, as Alertmanager sees it."""
        return TypeAdapter(list[KnownAlert]).validate_json(self._web.get("/api/v2/alerts"))

    def sent(self) -> Sent:
        """Return its counters of webhooks."""
        totals = webhook_counters(self._web.get("/metrics").decode())
        return Sent(
            totals.get("alertmanager_notifications_total", 0.0),
            totals.get("alertmanager_notification_requests_failed_total", 0.0),
        )


def route_rhythm(root: Route, labels: Mapping[str, str]) -> Rhythm:
    """Return the rhythm of the first, deepest route that takes an alert."""
    group_by: Iterable[str] = root.group_by or ()
    wait, interval = root.group_wait, root.group_interval
    route = root
    while child := next((each for each in route.routes if each.takes(labels)), None):
        route = child
        group_by = route.group_by if route.group_by is not None else group_by
        wait = route.group_wait if route.group_wait is not None else wait
        interval = route.group_interval if route.group_interval is not None else interval
    return Rhythm(
        tuple(group_by),
        _DEFAULT_WAIT_SECONDS if wait is None else wait,
        _DEFAULT_INTERVAL_SECONDS if interval is None else interval,
    )


def webhook_counters(exposition: str) -> dict[str, float]:
    """Return each counter's total over the label sets of webhooks.

    Newer versions add labels, such as the reason of a failure.
    """
    totals: dict[str, float] = {}
    for name, labels, value in _COUNTER.findall(exposition):
        if 'integration="webhook"' in labels:
            totals[name] = totals.get(name, 0.0) + float(value)
    return totals


def _matches(matcher: str, labels: Mapping[str, str]) -> bool:
    found = _MATCHER.match(matcher)
    if found is None:
        return False
    name, operator, wanted = found.groups()
    value = labels.get(name, "")
    is_same = value == wanted if "~" not in operator else bool(re.fullmatch(wanted, value))
    return is_same != operator.startswith("!")
