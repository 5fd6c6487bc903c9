"""What Prometheus says over its API: samples, rules, alerts and scrape intervals."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from burnrate.durations import DurationSeconds
from burnrate.http_client import HttpClient, NoAnswer


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Sample(_Model):
    """One series with its value now."""

    labels: dict[str, str] = Field(alias="metric")
    at_and_value: tuple[float, float] = Field(alias="value")

    @property
    def value(self) -> float:
        """What the series says, without its time."""
        return self.at_and_value[1]


class Rule(_Model):
    """One rule as it is loaded; durations are in seconds."""

    kind: Literal["alerting", "recording"] = Field(alias="type")
    name: str
    query: str
    labels: dict[str, str] = {}
    duration: float = 0
    keep_firing_for: float = Field(0, alias="keepFiringFor")
    interval: float = 0  # its group's


class ActiveAlert(_Model):
    """An alert that is pending or firing."""

    labels: dict[str, str]
    state: Literal["pending", "firing"]
    active_at: datetime = Field(alias="activeAt")


class _Group(_Model):
    interval: float
    rules: list[Rule]


class _ScrapedTarget(_Model):
    labels: dict[str, str]
    interval: DurationSeconds = Field(alias="scrapeInterval")


_GROUPS = TypeAdapter(list[_Group])
_ALERTS = TypeAdapter(list[ActiveAlert])
_SAMPLES = TypeAdapter(list[Sample])
_TARGETS = TypeAdapter(list[_ScrapedTarget])


class PrometheusApi:
    """Prometheus' HTTP API; every method raises NoAnswer where it does not answer."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    def query(self, expression: str) -> list[Sample]:
        """Return the samples of an expression now."""
        data = self._data("/api/v1/query", {"query": expression})
        if data["resultType"] == "scalar":
            return [Sample(labels={}, at_and_value=data["result"])]
        return _SAMPLES.validate_python(data["result"])

    def value(self, expression: str) -> float:
        """Return an expression's only value; 0 where there is none."""
        samples = self.query(expression)
        return samples[0].value if samples else 0.0

    def rules(self) -> list[Rule]:
        """Return all rules as they are loaded."""
        groups = _GROUPS.validate_python(self._data("/api/v1/rules")["groups"])
        return [
            rule.model_copy(update={"interval": group.interval})
            for group in groups
            for rule in group.rules
        ]

    def alerts(self) -> list[ActiveAlert]:
        """Return the alerts that are pending or firing."""
        return _ALERTS.validate_python(self._data("/api/v1/alerts")["alerts"])

    def scrape_interval(self, job: str) -> float:
        """Return how often a job is scraped, in seconds; 0 for a job that is not."""
        targets = _TARGETS.validate_python(self._data("/api/v1/targets")["activeTargets"])
        return max((t.interval for t in targets if t.labels.get("job") == job), default=0.0)

    def _data(self, path: str, params: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401
        # A pydantic model takes what is needed of it at the call.
        answer = TypeAdapter(dict[str, Any]).validate_json(self._http.get(path, params))
        if answer.get("status") != "success":
            raise NoAnswer(f"prometheus: {path}: {answer.get('error')}")
        return answer["data"]
