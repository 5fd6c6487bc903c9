"""Panels about requests that several dashboards show."""

from typing import Final

from grafana.frame import Builder
from grafana.panels import GREEN, RED, YELLOW, Query, Steps, graph
from grafana.places import Uid, field, to
from grafana.promises import Promises
from grafana.tables import Column, Label, table

# Not users' requests: scrapes and health checks.
REQUESTS: Final = 'service="$service", endpoint!~"/metrics|/health/.*"'
OF_ROUTE: Final = f'{REQUESTS}, endpoint=~"$route"'

_ROUTE: Final = "Route"


def route_table(promises: Promises) -> Builder:
    """Return the routes with what they do in the dashboard's time range, the worst on top."""
    route = field(_ROUTE)
    by = "sum by (endpoint)"
    all_of_them = f"{by} (rate(http_requests_total{{{REQUESTS}}}[$__range]))"
    failed = f'{by} (rate(http_requests_total{{{REQUESTS}, status=~"5.."}}[$__range]))'
    buckets = f"rate(http_request_duration_seconds_bucket{{{REQUESTS}}}[$__range])"
    # A quantile without samples is NaN, which `>= 0` drops.
    by_bucket = f"sum by (endpoint, le) ({buckets})"
    return table(
        "Routes",
        "Which route fails or is slow? Over the whole time range, the one with most failures on"
        " top. A route links to its logs, its failing traces, and its own graphs.",
        [
            Label(
                "endpoint",
                _ROUTE,
                (
                    to(Uid.LOGS, "Logs of this route", route=route),
                    to(Uid.TRACES, "Traces of this route", route=route),
                    to(Uid.SERVICE, "Graphs of this route", route=route),
                ),
            )
        ],
        [
            Column("Requests", f"{all_of_them} > 0", "reqps", decimals=2),
            Column("Failures", f"{failed} > 0", "reqps", decimals=3, empty="none"),
            Column(
                "Failed share",
                f"{failed} / ({all_of_them} > 0)",
                "percentunit",
                Steps(GREEN, ((0.001, YELLOW), (0.01, RED))),
                decimals=2,
            ),
            Column("p50", f"histogram_quantile(0.5, {by_bucket}) >= 0", "s", decimals=0),
            Column(
                "p99",
                f"histogram_quantile(0.99, {by_bucket}) >= 0",
                "s",
                _slow(promises),
                decimals=0,
            ),
        ],
        empty="no requests in this time range",
        sort_by="Failures",
    )


def _slow(promises: Promises) -> Steps:
    # Above the promised time it is yellow, above four times that red.
    slow = promises.slow_seconds
    return Steps(GREEN, ((slow, YELLOW), (4 * slow, RED)))


def latency_quantile(quantile: float, name: str) -> Query:
    """Return a quantile of the chosen routes together, with traced requests as dots."""
    buckets = f"rate(http_request_duration_seconds_bucket{{{OF_ROUTE}}}[$__rate_interval])"
    expression = f"histogram_quantile({quantile}, sum by (le) ({buckets}))"
    return Query(expression, name, has_exemplars=True)


def request_graphs(promises: Promises) -> list[Builder]:
    """Return rate, failures and latency of the chosen routes together."""
    requests = f"rate(http_requests_total{{{OF_ROUTE}}}[$__rate_interval])"
    failures = f'rate(http_requests_total{{{OF_ROUTE}, status=~"5.."}}[$__rate_interval])'
    return [
        graph(
            "Requests by status",
            "How much traffic is there, and what are the answers? Requests a second by status; "
            "499 is a client that left before the answer.",
            [Query(f"sum by (status) ({requests})", "{{status}}")],
            unit="reqps",
        ),
        graph(
            "Failed share",
            "Since when does it fail? The share of requests that got a 5xx; 0 on a healthy "
            "service.",
            [Query(f"sum({failures}) / (sum({requests}) > 0)", "failed")],
            unit="percentunit",
            steps=Steps(GREEN, ((0.01, RED),)),
            empty="no requests in this time range",
        ),
        graph(
            "Latency",
            "How long do answers take? Percentiles, until the last byte. Each dot is a request "
            "that links to its trace.",
            [
                latency_quantile(0.5, "p50"),
                latency_quantile(0.95, "p95"),
                latency_quantile(0.99, "p99"),
            ],
            unit="s",
            steps=_slow(promises),
        ),
    ]
