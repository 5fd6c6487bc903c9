"""The telemetry's own settings; traces follow the standard `OTEL_*` variables instead."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from burnrate.telemetry.settings.paths import Paths

# What orchestrators and load balancers ask for by custom, every few seconds.
PROBES: Final = "/health,/health/live,/health/ready,/healthz,/livez,/readyz,/ping"
# A list is written as one text, as in a variable, where the settings library would want JSON.
_PATHS: Final = r"^(/[A-Za-z0-9._~!$&'()+;=:@%/-]*(/\*)?(,/[A-Za-z0-9._~!$&'()+;=:@%/-]*(/\*)?)*)?$"
# Each is one more series of every route.
_MOST_BUCKETS: Final = 50


def _joined(value: Any) -> Any:  # noqa: ANN401 - whatever somebody gives; the type is checked after
    is_list = isinstance(value, Sequence) and not isinstance(value, str)
    return ",".join(str(each) for each in value) if is_list else value


def _ascending(text: str) -> str:
    bounds = _bounds(text)
    if not all(0.0 < each < math.inf for each in bounds):
        raise ValueError("bounds of buckets are seconds above 0")
    if any(lower >= upper for lower, upper in pairwise(bounds)):
        raise ValueError("bounds of buckets ascend")
    if len(bounds) > _MOST_BUCKETS:
        raise ValueError(f"at most {_MOST_BUCKETS} buckets: each is a series of every route")
    return text


def _bounds(text: str) -> tuple[float, ...]:
    return tuple(float(each) for each in text.split(",") if each.strip())


PathList = Annotated[str, BeforeValidator(_joined), Field(max_length=4_096, pattern=_PATHS)]
BucketList = Annotated[str, BeforeValidator(_joined), AfterValidator(_ascending)]


class TelemetrySettings(BaseSettings):
    """What can be set by `TELEMETRY_*` variables, read once by `instrument`.

    Raises:
        pydantic.ValidationError: a value is out of its range.
    """

    model_config = SettingsConfigDict(env_prefix="TELEMETRY_", frozen=True)

    # Whether there is any telemetry at all; meters of the application's own count unseen.
    enabled: bool = True
    # Whether the logging of the process becomes JSON on stdout, or stays what the application and
    # its server have made of it.
    logs: bool = True
    # Whether spans are made; spans that others make stay theirs.
    traces: bool = True
    # Requests that neither get a line nor a trace unless they fail or are slow: those of probes,
    # beside scrapes, are nine lines in ten of an idle service. All of them are counted.
    unlogged_paths: PathList = PROBES
    untraced_paths: PathList = PROBES
    # Requests that are not counted. What an SLO is to leave out is better left out there.
    uncounted_paths: PathList = ""
    # Upper bounds of `http_request_duration_seconds`; a latency objective's must be one of them.
    duration_buckets: BucketList = ""
    # `class` counts `5xx` where `code` counts `500` and `503`: fewer series.
    status_label: Literal["code", "class"] = "code"
    # Whether each method of a route has a series at 0 before its first request.
    expected_series: bool = True
    # Whether the bytes of bodies are measured, of requests and of answers.
    body_sizes: bool = False
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    # A field longer than this is cut and marked: one 1 MB header must not become a 1 MB line.
    log_field_bytes: int = Field(default=16_384, ge=1_024, le=1_048_576)
    # A line that is longer than what Loki takes (loki/loki.yml) arrives cut: no JSON any more.
    log_line_bytes: int = Field(default=65_536, ge=8_192, le=4_194_304)
    # Lines that wait for a reader; beyond it they are dropped: some 10,000 of them.
    log_buffer_bytes: int = Field(default=4_194_304, ge=65_536, le=268_435_456)
    # The share of requests whose line is kept where they neither failed nor were slow.
    log_success_ratio: float = Field(default=1.0, ge=0.0, le=1.0)
    slow_request_seconds: float = Field(default=1.0, gt=0.0)
    # Spans of requests that were not sampled, yet failed or were slow: so many a second of each
    # route and status in a process, after ten at once. Where all is slow they would make it slower.
    late_spans_per_second: float = Field(default=0.2, ge=0.0, le=1_000.0)
    # Seconds within which a request is to be answered, else it counts as failed; 0: no deadline.
    deadline_seconds: float = Field(default=30.0, ge=0.0, allow_inf_nan=False)
    # The git revision of the running code, shown by `service_info`.
    revision: str = Field(default="unknown", max_length=64, pattern=r"^[A-Za-z0-9._-]+$")
    # Begins the names of the families, for a process in which others count `http_requests_total`.
    prefix: str = Field(default="", max_length=64, pattern=r"^([a-zA-Z_][a-zA-Z0-9_]*)?$")
    # Where a scrape is answered: a path of the application, or of a port of its own.
    metrics_path: str = Field(default="/metrics", max_length=256, pattern=r"^/[A-Za-z0-9._~/-]+$")
    metrics_port: int | None = Field(default=None, ge=0, le=65_535)
    # All interfaces, as a scraper is on another machine or in another container.
    metrics_host: str = "0.0.0.0"  # noqa: S104
    # Whether a caller's `traceparent` may decide what is sampled. Behind a proxy that strangers
    # reach it should not: each of them could have all of his requests traced.
    trust_traceparent: bool = True
    # First segments of routes that no user asks for: `metrics,health`. A service that has this says
    # what kind of route answered in `X-Request-Kind`, for the count of the proxy in front of it.
    internal_routes: str = Field(default="", max_length=1_024, pattern=r"^([\w.~-]+(,[\w.~-]+)*)?$")
    # Who makes the server spans: we, or the contrib instrumentation for what we have sampled.
    spans: Literal["own", "contrib"] = "own"

    @property
    def unlogged(self) -> Paths:
        """The paths whose requests get no line if they go well; a scrape is one of them."""
        return Paths((*self.unlogged_paths.split(","), *self._scrapes()))

    @property
    def untraced(self) -> Paths:
        """The paths whose requests have no spans if they go well; a scrape is one of them."""
        return Paths((*self.untraced_paths.split(","), *self._scrapes()))

    @property
    def uncounted(self) -> Paths:
        """The paths whose requests are not counted."""
        return Paths(self.uncounted_paths.split(","))

    @property
    def duration_bounds(self) -> tuple[float, ...]:
        """The upper bounds of request durations in seconds; empty for the default ones."""
        return _bounds(self.duration_buckets)

    def _scrapes(self) -> tuple[str, ...]:
        return () if self.metrics_port is not None else (self.metrics_path,)
