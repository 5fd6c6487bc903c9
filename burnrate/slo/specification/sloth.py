"""Sloth's specification `prometheus/v1`: what every format is read into.

Source: https://sloth.dev/specs/default/
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from burnrate.slo.specification.texts import (
    AlertLabels,
    AlertName,
    Annotations,
    LabelName,
    Labels,
    LabelValue,
    Name,
)

__all__ = [
    "Events",
    "LabelName",
    "LabelValue",
    "Labels",
    "Model",
    "Name",
    "ServiceSpec",
    "SloSpec",
]


class Model(BaseModel):
    """A part of a file: unknown keys are refused, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Events(Model):
    """Two queries, with `{{.window}}` for the range: events that were bad, and all events."""

    error_query: str
    total_query: str


class Raw(Model):
    """One query, with `{{.window}}` for the range: the part of what happened that was bad."""

    error_ratio_query: str


class Sli(Model):
    """What is measured. The checks refuse Sloth's `plugin` with a reason."""

    events: Events | None = None
    raw: Raw | None = None
    plugin: dict[str, Any] | None = None


class Severity(Model):
    """Sloth's settings of its page or its ticket."""

    disable: bool = False
    labels: AlertLabels = Field(default_factory=dict)
    annotations: Annotations = Field(default_factory=dict)


class Alerting(Model):
    """The name of its alerts, and the labels and annotations that they carry besides."""

    name: AlertName = "ErrorBudgetBurn"
    labels: AlertLabels = Field(default_factory=dict)
    annotations: Annotations = Field(default_factory=dict)
    page_alert: Severity = Severity()
    ticket_alert: Severity = Severity()


class SloSpec(Model):
    """One objective: the part of good events, in percent.

    Below 50 a budget is no promise any more, above 99.999 no scrape is fine enough to tell.
    """

    name: Name
    objective: float = Field(ge=50, le=99.999)
    description: str = ""
    labels: Labels = Field(default_factory=dict)
    plugins: dict[str, Any] | None = None
    sli: Sli
    alerting: Alerting = Alerting()


class ServiceSpec(Model):
    """A whole file: one service and its SLOs."""

    version: Literal["prometheus/v1"]
    service: Name
    labels: Labels = Field(default_factory=dict)
    slo_plugins: dict[str, Any] | None = None
    slos: list[SloSpec] = Field(min_length=1)
