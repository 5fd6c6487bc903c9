"""The telemetry's own settings; traces follow the standard `OTEL_*` variables instead."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class TelemetrySettings(BaseSettings):
    """What can be set by `TELEMETRY_*` variables, read once by `instrument`.

    Raises:
        pydantic.ValidationError: a value is out of its range.
    """

    model_config = SettingsConfigDict(env_prefix="TELEMETRY_", frozen=True)

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
