"""What is compared: the bare application, ours piece by piece, and the peers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

_METRICS: Final = {"TELEMETRY_LOG_LEVEL": "error"}  # no line of a request that went well
_ALWAYS: Final = {"OTEL_TRACES_SAMPLER": "always_on"}


def _sampled(share: str) -> dict[str, str]:
    return {
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": share,
    }


@dataclass(frozen=True)
class Variant:
    """One way of instrumenting the application.

    Attributes:
        instrumentation: Its name in `applications`.
        environment: Its settings.
        is_traced: It sends spans, and gets the address of a collector.
        has_metric_files: Its metrics are those of one of many workers.
        needs_peers: It is made of packages that are no dependency of this one.
        most_microseconds: What it may cost over the bare application, if there is a bar.
    """

    label: str
    instrumentation: str
    environment: Mapping[str, str] = field(default_factory=dict)
    is_traced: bool = False
    has_metric_files: bool = False
    needs_peers: bool = False
    most_microseconds: float | None = None


BARE: Final = Variant("bare", "bare")


def _ours(*, has_metric_files: bool) -> tuple[Variant, ...]:
    kind = ", metric files" if has_metric_files else ""

    def variant(
        label: str, environment: Mapping[str, str], *, is_traced: bool, most: float | None
    ) -> Variant:
        name = f"burnrate: {label}{kind}"
        return Variant(name, "burnrate", environment, is_traced, has_metric_files, False, most)

    return (
        variant("metrics", _METRICS, is_traced=False, most=6.0),
        variant("metrics, logs", {}, is_traced=False, most=None),
        variant("all, none traced", _sampled("0.0"), is_traced=True, most=15.0),
        variant("all, 10 % traced", _sampled("0.1"), is_traced=True, most=None),
        variant("all, every one traced", _sampled("1.0"), is_traced=True, most=55.0),
    )


OURS: Final = _ours(has_metric_files=False) + _ours(has_metric_files=True)
PEERS: Final = (
    Variant("prometheus-fastapi-instrumentator", "instrumentator", needs_peers=True),
    Variant("starlette_exporter", "starlette-exporter", needs_peers=True),
    Variant("opentelemetry-instrumentation-fastapi", "contrib-otel", _ALWAYS, is_traced=True),
    Variant("the same, 1 % sampled", "contrib-otel", _sampled("0.01"), is_traced=True),
    Variant("FastAPI's own spans", "fastapi-otel", _ALWAYS, is_traced=True),
    Variant("one empty BaseHTTPMiddleware", "empty-middleware"),
    Variant("python-json-logger, one line", "json-logger"),
    Variant("the usual three, stacked", "stacked", _ALWAYS, is_traced=True),
)

# With gunicorn and four workers.
SERVED_OURS: Final = Variant(
    "burnrate: all, 10 % traced", "burnrate", _sampled("0.1"), is_traced=True, has_metric_files=True
)
SERVED_INSTRUMENTATOR: Final = Variant(
    "prometheus-fastapi-instrumentator", "instrumentator", has_metric_files=True, needs_peers=True
)
SERVED_STACKED: Final = Variant(
    "the usual three, stacked", "stacked", _ALWAYS, is_traced=True, has_metric_files=True
)
SERVED: Final = (BARE, SERVED_OURS, SERVED_INSTRUMENTATOR, SERVED_STACKED)
