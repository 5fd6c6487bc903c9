"""What the charts and tables of SLOs and services ask: a client names one, and never a query."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from alerting.inbox.watch.prometheus.client import selector
from alerting.inbox.watch.prometheus.slo import Slo

# Not users' requests: scrapes and health checks.
_USERS: Final = 'endpoint!~"/metrics|/health/.*"'
_FAILED: Final = 'status=~"5.."'
_QUANTILES: Final = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
# Eight scrapes of ours, and two of who scrapes once a minute: a rate needs two samples.
_SHORTEST: Final = 120
# Each point of a long chart is a sample of so much: all of it would cost Prometheus seconds.
_LATENCY: Final = 300


@dataclass(frozen=True, slots=True)
class Panel:
    """One chart.

    Attributes:
        unit: ratio, times, rate (a second) or seconds.
        about: What it shows, for whoever has never seen it.
        queries: The name and the query of each line.
    """

    name: str
    title: str
    unit: str
    about: str
    queries: tuple[tuple[str, str], ...]


def panels_of_slo(slo: Slo, service: Mapping[str, str], step_seconds: float) -> tuple[Panel, ...]:
    """Return the charts of an SLO.

    Args:
        slo: What they are about.
        service: The labels that name its service.
        step_seconds: The distance of two points; what lies between them counts as well.
    """
    of = selector({**service, "slo": slo.name})
    window = slo.shortest_window
    step = f"[{_window(step_seconds)}s]"
    budget = f"last_over_time(slo:period_error_budget_remaining:ratio{of}[{_window(300)}s])"
    return (
        Panel(
            "budget",
            "Error budget left",
            "ratio",
            "Of the whole period; below zero the promise is broken.",
            (("left", budget),),
        ),
        Panel(
            "burn",
            "Burn rate",
            "times",
            "The highest at each point; at 1 the budget lasts exactly for the period.",
            (("burn rate", f"max_over_time(slo:current_burn_rate:ratio{of}{step})"),),
        ),
        Panel(
            "requests",
            "Events",
            "rate",
            "All that count for this SLO, a second.",
            (("events", f"avg_over_time(slo:total_events:rate{window}{of}{step})"),),
        ),
        Panel(
            "errors",
            "Bad events",
            "rate",
            "Those that spend the budget, a second.",
            (("bad", f"avg_over_time(slo:bad_events:rate{window}{of}{step})"),),
        ),
        _latency(service, step_seconds) if slo.pool is None else _wait(slo.pool, service),
    )


def panels_of_service(service: Mapping[str, str], step_seconds: float) -> tuple[Panel, ...]:
    """Return the charts of a service: rate, errors, duration."""
    requests = f"http_requests_total{selector(service, _USERS)}"
    failed = f"http_requests_total{selector(service, _USERS, _FAILED)}"
    step = f"[{_window(step_seconds)}s]"
    return (
        Panel(
            "requests",
            "Requests",
            "rate",
            "A second, without scrapes and health checks.",
            (("requests", f"sum(rate({requests}{step}))"),),
        ),
        Panel(
            "errors",
            "Failed requests",
            "rate",
            "Answered with 5xx, a second.",
            # Nothing failed is not the same as nothing known.
            (("5xx", f"sum(rate({failed}{step})) or 0 * sum(rate({requests}{step}))"),),
        ),
        _latency(service, step_seconds),
    )


def _latency(service: Mapping[str, str], step_seconds: float) -> Panel:
    rate = f"[{min(_window(step_seconds), _LATENCY)}s]"
    buckets = f"rate(http_request_duration_seconds_bucket{selector(service, _USERS)}{rate})"
    return Panel(
        "latency",
        "Duration",
        "seconds",
        "Until the last byte; where points are further apart, five minutes of each.",
        tuple(
            (name, f"histogram_quantile({share}, sum by (le) ({buckets}))")
            for name, share in _QUANTILES
        ),
    )


def _wait(pool: str, service: Mapping[str, str]) -> Panel:
    buckets = f"rate(pool_wait_seconds_bucket{selector({**service, 'pool': pool})}[{_LATENCY}s])"
    return Panel(
        "latency",
        "Wait for the pool",
        "seconds",
        "How long attempts to take a connection wait.",
        tuple(
            (name, f"histogram_quantile({share}, sum by (le) ({buckets}))")
            for name, share in _QUANTILES
        ),
    )


@dataclass(frozen=True, slots=True)
class RouteQueries:
    """What the routes of a service do: each query's series have `method` and `endpoint`."""

    requests: str
    failed: str
    p99: str


def queries_of_routes(service: Mapping[str, str], seconds: int) -> RouteQueries:
    """Return them, over the last so many seconds."""
    rate = f"[{seconds}s]"
    by = "sum by (method, endpoint)"
    failed = selector(service, _USERS, _FAILED)
    buckets = f"rate(http_request_duration_seconds_bucket{selector(service, _USERS)}{rate})"
    return RouteQueries(
        requests=f"{by} (rate(http_requests_total{selector(service, _USERS)}{rate})) > 0",
        failed=f"{by} (rate(http_requests_total{failed}{rate})) > 0",
        p99=f"histogram_quantile(0.99, sum by (method, endpoint, le) ({buckets}))",
    )


def _window(step_seconds: float) -> int:
    return max(_SHORTEST, int(step_seconds))
