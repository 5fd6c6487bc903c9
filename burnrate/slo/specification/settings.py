"""Our own settings, in a file beside the specification, keyed by the SLO's name.

Sloth refuses keys it does not know, and both have to read the same specification.
"""

from typing import Annotated, Literal

from pydantic import Field

from burnrate.slo.specification.sloth import Model, Name
from burnrate.telemetry.metrics import HTTP_SECONDS, POOL_WAIT_SECONDS

PeriodDays = Annotated[int, Field(ge=7, le=90)]
# Fewer than two would page for one error at night; more, and a full outage at one request a minute
# would take longer than four minutes to page.
MinimumFailures = Annotated[int, Field(ge=1, le=1_000_000)]
Seconds = Annotated[float, Field(gt=0)]


class CommonSettings(Model):
    """What every kind of SLO can set; what is not set is the service's.

    Attributes:
        good: Series that a good event moves by one, for the generated tests; by default, what the
            metrics of `burnrate.telemetry` do.
        bad: Series that a bad event moves by one.
    """

    period_days: PeriodDays | None = None
    minimum_failures: MinimumFailures | None = None
    runbook_url: str | None = None
    dashboard_url: str | None = None
    good: tuple[str, ...] = ()
    bad: tuple[str, ...] = ()


class RatioSettings(CommonSettings):
    """Bad answers among all answers.

    Attributes:
        routes: A matcher that each selector of the queries must have.
        example_endpoint: A route inside the selection.
    """

    kind: Literal["ratio"]
    routes: str | None = None
    example_endpoint: str = "/"


class LatencySettings(CommonSettings):
    """Answers slower than a threshold among answers that are no failures."""

    kind: Literal["latency"]
    threshold_seconds: Seconds
    buckets: tuple[float, ...] = HTTP_SECONDS
    routes: str | None = None
    example_endpoint: str = "/"


class PoolSettings(CommonSettings):
    """Attempts to take a connection that were not served within a threshold."""

    kind: Literal["pool"]
    pool: Name
    threshold_seconds: Seconds
    buckets: tuple[float, ...] = POOL_WAIT_SECONDS


SloSettings = Annotated[RatioSettings | LatencySettings | PoolSettings, Field(discriminator="kind")]


class ServiceSettings(Model):
    """A settings file.

    Attributes:
        job: The scrape job whose targets are the service's processes.
        runbook_url: The folder of the runbooks; the alert's name is added.
        dashboard_url: The service and the SLO are added as variables.
    """

    version: Literal["burnrate/v1"]
    job: Name
    period_days: PeriodDays = 30
    minimum_failures: MinimumFailures = 3
    runbook_url: str = "http://localhost:8090/runbooks"
    dashboard_url: str = "http://localhost:3000/d/burnrate-overview"
    slos: dict[str, SloSettings]
