"""OpenSLO's objects, `openslo/v1` and `openslo/v1alpha`, as far as Prometheus can keep them.

Source: https://github.com/OpenSLO/OpenSLO
"""

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

Duration = Annotated[str, StringConstraints(pattern=r"^\d+[A-Za-z]?$", max_length=8)]
Method = Literal["Occurrences", "Timeslices", "RatioTimeslices"]


class Shape(BaseModel):
    """A part of an object: keys in camel case, unknown ones are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)


class Metadata(Shape):
    """The names of an object."""

    name: str
    display_name: str = ""
    labels: dict[str, str | list[str]] = Field(default_factory=dict)
    annotations: dict[str, Any] | None = None


class Source(Shape):
    """Where a metric is, and the query in the source's own words."""

    metric_source_ref: str | None = None
    type: str | None = None
    spec: dict[str, Any]


class Metric(Shape):
    """A metric of version 1."""

    metric_source: Source


class RatioMetric(Shape):
    """Good or bad events of all, or a ratio that was computed before."""

    counter: bool | None = None
    good: Metric | None = None
    bad: Metric | None = None
    total: Metric | None = None
    raw_type: Literal["success", "failure"] | None = None
    raw: Metric | None = None


class IndicatorSpec(Shape):
    """What an SLI measures; thresholds are refused with a reason."""

    description: str = ""
    threshold_metric: Any = None
    ratio_metric: RatioMetric | None = None


class Indicator(Shape):
    """An SLI inside an SLO."""

    metadata: Metadata | None = None
    spec: IndicatorSpec


class TimeWindow(Shape):
    """The period of version 1: a number and s, m, h, d, w, M, Q or Y."""

    duration: Duration
    is_rolling: bool | None = None
    calendar: Any = None


class Objective(Shape):
    """A target of version 1."""

    display_name: str = ""
    op: Literal["lte", "gte", "lt", "gt"] | None = None
    value: float | None = None
    target: float | None = None
    target_percent: float | None = None
    time_slice_target: float | None = Field(default=None, gt=0, le=1)
    time_slice_window: Duration | None = None
    indicator: Any = None
    indicator_ref: Any = None
    composite_weight: Any = None


class Slo(Shape):
    """The `spec` of an SLO of version 1."""

    description: str = ""
    service: str
    indicator: Indicator | None = None
    indicator_ref: str | None = None
    time_window: list[TimeWindow] = Field(default_factory=list, max_length=1)
    budgeting_method: Method
    objectives: list[Objective] = Field(min_length=1)
    alert_policies: list[Any] | None = None


class AlphaMetric(Shape):
    """A metric of version 1alpha."""

    source: str
    query_type: str
    query: str


class AlphaRatio(Shape):
    """Good or bad events of all, of version 1alpha."""

    good: AlphaMetric | None = None
    bad: AlphaMetric | None = None
    total: AlphaMetric
    incremental: bool | None = None
    counter: bool | None = None


class AlphaObjective(Shape):
    """A target of version 1alpha, with its metrics."""

    ratio_metrics: AlphaRatio | None = None
    display_name: str = ""
    op: Literal["lte", "gte", "lt", "gt"] | None = None
    value: float | None = None
    target: float
    time_slice_target: float | None = Field(default=None, gt=0, le=1)
    time_slice_window: Duration | None = None


class AlphaTimeWindow(Shape):
    """The period of version 1alpha."""

    unit: str
    count: int = Field(ge=1)
    is_rolling: bool | None = None
    calendar: Any = None


class AlphaSlo(Shape):
    """The `spec` of an SLO of version 1alpha."""

    description: str = ""
    service: str
    indicator: Any = None
    time_windows: list[AlphaTimeWindow] = Field(default_factory=list, max_length=1)
    budgeting_method: Method
    objectives: list[AlphaObjective] = Field(min_length=1)


S = TypeVar("S", bound=Shape)


class Object(Shape, Generic[S]):
    """Any object."""

    api_version: str
    kind: str
    metadata: Metadata
    spec: S
