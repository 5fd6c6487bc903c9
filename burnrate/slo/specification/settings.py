"""Our own settings, in a file beside the specification, keyed by the SLO's name.

Sloth refuses keys it does not know, and both have to read the same specification.
"""

from datetime import UTC, datetime
from importlib import import_module
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from burnrate.slo.specification.sloth import LabelName, Labels, LabelValue, Model, Name

PeriodDays = Annotated[int, Field(ge=7, le=90)]
MinimumFailures = Annotated[int, Field(ge=1, le=1_000_000)]
Seconds = Annotated[float, Field(gt=0)]
# Whether an SLO has alerts, or only records and a budget.
Mode = Literal["alert", "observe"]


def _bounds(name: str) -> tuple[float, ...]:
    # Imported when asked for: other services' SLOs need no telemetry, and it imports OpenTelemetry.
    found: tuple[float, ...] = getattr(import_module("burnrate.telemetry.metrics"), name)
    return found


def _in_utc(given: datetime) -> datetime:
    return given if given.tzinfo else given.replace(tzinfo=UTC)


class BudgetReset(Model):
    """A deliberate new beginning of an error budget.

    Attributes:
        at: From when on events count; a date is its midnight, and without a zone it is UTC.
        reason: Why, for those who ask later.
    """

    at: Annotated[datetime, AfterValidator(_in_utc)]
    reason: Annotated[str, StringConstraints(min_length=1)]


class Grouping(Model):
    """One objective for each value of a label, such as a tenant or a route, instead of one for all.

    Attributes:
        label: The label; every counter of the objective must have it.
        values: Its values. What has another one is an objective of its own, `others`.
    """

    label: LabelName
    values: Annotated[tuple[LabelValue, ...], Field(min_length=1)]


class CommonSettings(Model):
    """What every kind of SLO can set; keys that are not set are the service's.

    Attributes:
        mode: `observe` for records and a budget without any alert.
        job: The scrape job that its events come from, where that is not the service's own: the
            proxy in front.
        runbook_url: The folder of the runbooks; the alert's name is added.
        dashboard_url: The service and the SLO are added as variables.
        reset: When the budget was begun anew, for the period that holds that moment.
        good: Series that a good event increases by one, for the generated tests; by default those
            of `burnrate.telemetry`.
        bad: Series that a bad event increases by one.
        grouping: One objective for each value of a label.
    """

    mode: Mode | None = None
    job: Name | None = None
    period_days: PeriodDays | None = None
    minimum_failures: MinimumFailures | None = None
    runbook_url: str | None = None
    dashboard_url: str | None = None
    reset: BudgetReset | None = None
    good: tuple[str, ...] = ()
    bad: tuple[str, ...] = ()
    grouping: Grouping | None = None


class ByRoute(Model):
    """Where requests are counted with their routes, for the alert about one that fails.

    Attributes:
        counted: A selector of all requests, without a range: `name{label="value"}`.
        failed: The same of those that failed.
        route: The label that names a route.
        labels: Others that tell a route's requests apart.
    """

    counted: str
    failed: str
    route: LabelName = "endpoint"
    labels: tuple[LabelName, ...] = ("method",)


class RatioSettings(CommonSettings):
    """Bad answers among all answers.

    Attributes:
        by_route: By default what the queries select, if `routes` says that it has routes.
        routes: A matcher that each selector of the queries must have.
        example_endpoint: A route inside the selection.
    """

    kind: Literal["ratio"]
    by_route: ByRoute | None = None
    routes: str | None = None
    example_endpoint: str = "/"


class LatencySettings(CommonSettings):
    """Answers slower than a threshold among answers that are no failures.

    Attributes:
        threshold_seconds: By default the bound that the queries select by `le`; one that is given
            has to be the same.
        unit: What the histogram's bounds are.
        buckets: Those bounds, in that unit.
    """

    kind: Literal["latency"]
    threshold_seconds: Seconds | None = None
    unit: Literal["s", "ms"] = "s"
    buckets: tuple[float, ...] = Field(default_factory=lambda: _bounds("HTTP_SECONDS"))
    routes: str | None = None
    example_endpoint: str = "/"


class PoolSettings(CommonSettings):
    """Attempts to take a connection that were not served within a threshold, as for latency."""

    kind: Literal["pool"]
    pool: Name
    threshold_seconds: Seconds | None = None
    buckets: tuple[float, ...] = Field(default_factory=lambda: _bounds("POOL_WAIT_SECONDS"))


SloSettings = Annotated[RatioSettings | LatencySettings | PoolSettings, Field(discriminator="kind")]


class ServiceSettings(Model):
    """A settings file; keys that are not set are as in burnrate.yml.

    Attributes:
        mode: `observe` for SLOs without any alert, nor about the service's processes.
        job: The scrape job whose targets are the service's processes; empty if none is told, and
            then nothing is said about the processes.
        identity: The values of the labels that name the service, besides `service` itself.
        formerly: The names that the service had before; its ledgers go on.
        depends_on: The services whose faults become its own: their alerts are probable causes.
        labels: Labels of the team's own, for every alert of the service, whatever it is about.
    """

    version: Literal["burnrate/v1"]
    mode: Mode = "alert"
    job: Name | Literal[""] = ""
    identity: dict[LabelName, LabelValue] = Field(default_factory=dict)
    formerly: tuple[Name, ...] = ()
    depends_on: tuple[Name, ...] = ()
    labels: Labels = Field(default_factory=dict)
    period_days: PeriodDays | None = None
    minimum_failures: MinimumFailures | None = None
    runbook_url: str | None = None
    dashboard_url: str | None = None
    slos: dict[str, SloSettings] = Field(default_factory=dict)
