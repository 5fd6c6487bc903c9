"""Asks Prometheus which alerts of its rules are there.

https://prometheus.io/docs/prometheus/latest/querying/api/#rules
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime

import httpx2
from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from alerting.inbox.errors import UpstreamUnavailableError

_WELL = "ok"


class _RuleAlert(BaseModel):
    labels: dict[str, str]


class _Rule(BaseModel):
    name: str
    health: str = ""
    alerts: list[_RuleAlert] = []


class _Group(BaseModel):
    rules: list[_Rule]


class _Groups(BaseModel):
    groups: list[_Group]


class _Rules(BaseModel):
    data: _Groups


class _Runtime(BaseModel):
    start_time: AwareDatetime = Field(alias="startTime")


class _RuntimeInfo(BaseModel):
    data: _Runtime


@dataclass(frozen=True, slots=True)
class RuleAlerts:
    """The alerts of each rule that works, pending or firing.

    Attributes:
        uptime: How long this Prometheus has been running, by its own clock.
    """

    uptime: timedelta
    by_rule: Mapping[str, tuple[Mapping[str, str], ...]]

    def has(self, labels: Mapping[str, str]) -> bool | None:
        """Whether an alert is there; None where that cannot be said: its rule is not here.

        Alertmanager's alert has all labels of the rule's, and external ones besides.
        """
        known = self.by_rule.get(labels.get("alertname", ""))
        if known is None:
            return None
        return any(alert.items() <= labels.items() for alert in known)


class FiringRules:
    """One Prometheus' rules."""

    def __init__(self, url: str, client: httpx2.AsyncClient) -> None:
        """Take its address, without a last slash, and a client to ask with."""
        self._url = f"{url}/api/v1"
        self._client = client

    async def read(self, names: Collection[str]) -> RuleAlerts:
        """Ask for those of some names, which an older Prometheus takes for all.

        Raises:
            UpstreamUnavailableError: it does not answer, or not with that; vmalert does not.
        """
        try:
            runtime = await self._client.get(f"{self._url}/status/runtimeinfo")
            started = _RuntimeInfo.model_validate_json(runtime.raise_for_status().content)
            rules = await self._client.get(
                f"{self._url}/rules", params={"type": "alert", "rule_name[]": list(names)}
            )
            groups = _Rules.model_validate_json(rules.raise_for_status().content).data.groups
            clock = parsedate_to_datetime(runtime.headers["date"]).astimezone(UTC)
        except (httpx2.HTTPError, ValidationError, ValueError, KeyError) as error:
            raise UpstreamUnavailableError(f"Prometheus: {type(error).__name__}") from error
        return RuleAlerts(clock - started.data.start_time, _by_rule(groups))


def _by_rule(groups: list[_Group]) -> dict[str, tuple[Mapping[str, str], ...]]:
    alerts: dict[str, tuple[Mapping[str, str], ...]] = {}
    unwell: set[str] = set()
    # Several rules may have one name, one for each SLO.
    for rule in (rule for group in groups for rule in group.rules):
        if rule.health != _WELL:
            unwell.add(rule.name)
        found = tuple(alert.labels for alert in rule.alerts)
        alerts[rule.name] = alerts.get(rule.name, ()) + found
    return {name: found for name, found in alerts.items() if name not in unwell}
