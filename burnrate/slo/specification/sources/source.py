"""What one file says about one way in which requests are counted."""

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints, model_validator

from burnrate.slo.specification.files import is_yaml
from burnrate.slo.specification.sloth import LabelName, Model, Name

_FOLDER: Final = Path(__file__).parent

MetricName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_:][A-Za-z0-9_:]*$")]
Pattern = Annotated[str, StringConstraints(min_length=1)]
Part = Literal["route", "method", "status"]


class Select(Model):
    """Which series of a proxy are about one backend, whose name stands for `{backend}`.

    Attributes:
        label: The label that names backends.
        pattern: What it matches unless the team says the name; by default the name alone.
        example: A value that matches.
    """

    label: LabelName
    pattern: str = "{backend}"
    example: str = "{backend}"


class Example(Model):
    """Values of labels in generated tests."""

    route: str = "/carts"
    method: str = "GET"
    good: str = "200"
    failed: str = "500"


class Durations(Model):
    """One histogram.

    Attributes:
        histogram: Its name, without `_bucket` and `_count`.
        unit: What its bounds are.
        buckets: Its bounds, in that unit.
        labels: Those of route, method and status that it has.
        status: Its status label, where that is not the counter's.
        failed: A pattern of the statuses that failed.
        neither: A pattern of those that are neither good nor bad.
        good: A status of a good answer, for generated tests.
        less: A pattern of statuses that only the counter tells apart, to subtract.
    """

    histogram: MetricName
    unit: Literal["s", "ms"] = "s"
    buckets: Annotated[tuple[float, ...], Field(min_length=1)]
    labels: tuple[Part, ...] = ("route", "method", "status")
    status: LabelName | None = None
    failed: Pattern | None = None
    neither: Pattern | None = None
    good: str | None = None
    less: Pattern | None = None


class Source(Model):
    """One way in which requests are counted.

    Attributes:
        about: Whose metrics these are, in one line.
        is_proxy: Whether a proxy in front counts, and not the service's own processes.
        job: The scrape job, where it is always the same.
        select: How a proxy's metrics name the service.
        requests: The counter of requests.
        route: The label of the route's template, if there is one.
        method: The label of the method, if there is one.
        status: The label of what became of a request: a status, its class, an outcome.
        failed: A pattern of what is bad. `5..` is `503` as well as the class `5xx`.
        neither: A pattern of what is neither good nor bad.
        internal: A pattern of routes that no user asks for.
        unmatched: The route of requests that met none, such as a scanner's; it may be empty. They
            are left out unless they failed. None where a source does not tell them apart.
        durations: The histograms; the first one with the threshold among its bounds is taken.
        notes: What a reader should know about its limits.
    """

    about: str
    is_proxy: bool = False
    job: Name | None = None
    select: Select | None = None
    requests: MetricName
    route: LabelName | None = None
    method: LabelName | None = None
    status: LabelName
    failed: Pattern = "5.."
    neither: Pattern | None = None
    internal: Pattern | None = None
    unmatched: str | None = None
    durations: tuple[Durations, ...] = ()
    example: Example = Example()
    notes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _is_consistent(self) -> "Source":
        if self.route is None and (self.internal or self.unmatched is not None):
            raise ValueError("internal and unmatched need a label of the route")
        return self

    def without_routes(self) -> "Source":
        """Return the same of services that set no route."""
        return self.model_copy(update={"route": None, "internal": None, "unmatched": None})


def source_names() -> list[str]:
    """Return the names of the sources that come with this package."""
    return sorted(path.stem for path in _FOLDER.glob("*.yml"))


def source_file(name: str, beside: Path) -> Path:
    """Return a source's file: one that comes with this package, or a team's own by its path.

    Args:
        name: What the specification says.
        beside: The specification, from whose folder a path begins.
    """
    if is_yaml(Path(name)):
        return beside.parent / name
    return _FOLDER / f"{name}.yml"
