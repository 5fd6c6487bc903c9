"""Panels about requests that several dashboards show."""

from typing import Final

from grafana_foundation_sdk.builders.dashboard import DashboardLink

from grafana.frame import Builder
from grafana.panels import GREEN, RED, YELLOW, Query, Steps, graph
from grafana.places import Uid, field, to
from grafana.promises import Promises
from grafana.quantiles import quantile, under
from grafana.tables import Column, Label, table

# Not users' requests: scrapes and health checks.
REQUESTS: Final = 'service="$service", endpoint!~"/metrics|/health/.*"'
OF_ROUTE: Final = f'{REQUESTS}, endpoint=~"$route"'

DURATION: Final = "http_request_duration_seconds"
_ROUTE: Final = "Route"
_CLICKED: Final = field(_ROUTE)


def route_label(*more: DashboardLink) -> Label:
    """Return the column of routes, each with the way to its logs and its traces.

    Args:
        more: Where else it leads.
    """
    logs = to(Uid.LOGS, "Logs of this route", route=_CLICKED)
    traces = to(Uid.TRACES, "Traces of this route", route=_CLICKED)
    return Label("endpoint", _ROUTE, (logs, traces, *more))


def route_table(promises: Promises) -> Builder:
    """Return the routes with what they do in the dashboard's time range, the worst on top."""
    by = "sum by (endpoint)"
    # Not `rate`: over a range in which series appear or end, VictoriaMetrics' differs.
    counted = "{} (increase(http_requests_total{{{}}}[$__range])) / $__range_s"
    all_of_them = counted.format(by, REQUESTS)
    failed = counted.format(by, f'{REQUESTS}, status=~"5.."')
    return table(
        "Routes",
        "Which route fails or is slow? Over the whole time range, the one with most failures on"
        " top. A route links to its logs, its failing traces, and its own graphs.",
        [route_label(to(Uid.SERVICE, "Graphs of this route", route=_CLICKED))],
        [
            Column("Requests", f"{all_of_them} > 0", "reqps", decimals=2, width=105),
            Column(
                "Failures",
                f"({failed} > 0) or ({all_of_them} > 0) * 0",
                "reqps",
                decimals=3,
                words=((0, "none"),),
                width=105,
            ),
            Column(
                "Failed share",
                f"({failed}) / ({all_of_them} > 0)",
                "percentunit",
                Steps(GREEN, ((0.001, YELLOW), (0.01, RED))),
                decimals=2,
                width=105,
            ),
            _quantile_column("p50", 0.5),
            _quantile_column("p99", 0.99, _slow(promises)),
        ],
        empty="no requests in this time range",
        sort_by="Failures",
    )


def _quantile_column(title: str, number: float, steps: Steps | None = None) -> Column:
    # A quantile without samples is NaN, which `>= 0` drops.
    expression = quantile(number, DURATION, REQUESTS, by=("endpoint",), window="$__range")
    return Column(
        title, f"{expression} >= 0", "s", steps, decimals=0, words=(under(DURATION),), width=95
    )


def _slow(promises: Promises) -> Steps:
    # Above the promised time it is yellow, above four times that red.
    slow = promises.slow_seconds
    return Steps(GREEN, ((slow, YELLOW), (4 * slow, RED)))


def latency_quantile(number: float, name: str) -> Query:
    """Return a quantile of the chosen routes together, with traced requests as dots."""
    return Query(quantile(number, DURATION, OF_ROUTE), name, has_exemplars=True)


def requests_by_status(selector: str = OF_ROUTE) -> Builder:
    """Return how much is asked, and what is answered.

    Args:
        selector: Which requests.
    """
    requests = f"rate(http_requests_total{{{selector}}}[$__rate_interval])"
    return graph(
        "Requests by status",
        "How much traffic is there, and what are the answers? Requests a second by status; "
        "499 is a client that left before the answer.",
        [Query(f"sum by (status) ({requests})", "{{status}}")],
        unit="reqps",
    )


def request_graphs(promises: Promises) -> list[Builder]:
    """Return rate, failures and latency of the chosen routes together."""
    requests = f"rate(http_requests_total{{{OF_ROUTE}}}[$__rate_interval])"
    failures = f'rate(http_requests_total{{{OF_ROUTE}, status=~"5.."}}[$__rate_interval])'
    return [
        requests_by_status(),
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
            words=under(DURATION),
        ),
    ]
