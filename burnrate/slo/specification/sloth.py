"""Sloth's specification `prometheus/v1`, as far as event counts can answer it.

Source: https://sloth.dev/specs/default/
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

# Names become label values, parts of group names and of file names.
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$")]
AlertName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
LabelName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Labels = dict[LabelName, str]


class Model(BaseModel):
    """A part of a file: unknown keys are refused, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Events(Model):
    """Two queries, with `{{.window}}` for the range: events that were bad, and all events."""

    error_query: str
    total_query: str


class Sli(Model):
    """What is measured. The checks refuse Sloth's `raw` and `plugin` with a reason."""

    events: Events | None = None
    raw: dict[str, str] | None = None
    plugin: dict[str, object] | None = None


class Severity(Model):
    """Sloth's settings of its page or its ticket."""

    disable: bool = False
    labels: Labels = Field(default_factory=dict)
    annotations: dict[LabelName, str] = Field(default_factory=dict)


class Alerting(Model):
    """The name of its alerts, and the labels and annotations that they carry besides."""

    name: AlertName = "ErrorBudgetBurn"
    labels: Labels = Field(default_factory=dict)
    annotations: dict[LabelName, str] = Field(default_factory=dict)
    page_alert: Severity = Severity()
    ticket_alert: Severity = Severity()


class SloSpec(Model):
    """One objective: the part of good events, in percent."""

    name: Name
    objective: float = Field(gt=0, lt=100)
    description: str = ""
    labels: Labels = Field(default_factory=dict)
    sli: Sli
    alerting: Alerting = Alerting()


class ServiceSpec(Model):
    """A whole file: one service and its SLOs."""

    version: Literal["prometheus/v1"]
    service: Name
    labels: Labels = Field(default_factory=dict)
    slos: list[SloSpec] = Field(min_length=1)
