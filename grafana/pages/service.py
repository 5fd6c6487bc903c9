"""One service's requests: rate, errors, latency, overall and by route."""

from grafana.frame import (
    Builder,
    Page,
    Row,
    alerts_of_service,
    deployments,
    route_variable,
    service_variable,
)
from grafana.panels import Query, graph, heatmap
from grafana.places import Uid
from grafana.promises import Promises
from grafana.requests import OF_ROUTE, request_graphs, route_table


def _by_route() -> list[Builder]:
    failures = f'rate(http_requests_total{{{OF_ROUTE}, status=~"5.."}}[$__rate_interval])'
    requests = f"rate(http_requests_total{{{OF_ROUTE}}}[$__rate_interval])"
    buckets = f"rate(http_request_duration_seconds_bucket{{{OF_ROUTE}}}[$__rate_interval])"
    return [
        graph(
            "Requests by route",
            "Which routes are used? Requests a second by route template.",
            [Query(f"sum by (endpoint) ({requests})", "{{endpoint}}")],
            unit="reqps",
        ),
        graph(
            "Failures by route",
            "Which routes fail? 5xx a second by route template; all lines are at 0 on a healthy"
            " service.",
            [Query(f"sum by (endpoint) ({failures})", "{{endpoint}}")],
            unit="reqps",
        ),
        graph(
            "Latency by route, p99",
            "Which routes are slow? 99 of 100 requests of a route took at most this long. A "
            "route without requests has no line.",
            [Query(f"histogram_quantile(0.99, sum by (endpoint, le) ({buckets}))", "{{endpoint}}")],
            unit="s",
        ),
    ]


def _latency_spread() -> Builder:
    buckets = f"rate(http_request_duration_seconds_bucket{{{OF_ROUTE}}}[$__rate_interval])"
    return heatmap(
        "Latency spread",
        "Are all requests slow, or only some? Requests a second by how long they took. Each dot"
        " is a request that links to its trace.",
        Query(f"sum by (le) ({buckets})", has_exemplars=True),
        unit="s",
    ).span(16)


def _in_flight() -> Builder:
    return graph(
        "Requests in flight",
        "Do requests pile up? Requests being served now, by all workers.",
        [Query('sum(http_requests_in_progress{service="$service"})', "in flight")],
        unit="none",
    )


def _overdue() -> Builder:
    overdue = f"rate(http_requests_overdue_total{{{OF_ROUTE}}}[$__rate_interval])"
    # A route has its series only once a request of it was overdue.
    none = f"0 * sum by (endpoint) (rate(http_requests_total{{{OF_ROUTE}}}[$__rate_interval]))"
    return graph(
        "Overdue requests by route",
        "Do requests hang? Those that passed their deadline, a second, by route template. Each is"
        " a 504 among the failures from then on, answered or not; all lines are at 0 on a healthy"
        " service.",
        [Query(f"sum by (endpoint) ({overdue}) or {none}", "{{endpoint}}")],
        unit="reqps",
    )


def _websockets() -> list[Builder]:
    messages = 'rate(websocket_messages_total{service="$service"}[$__rate_interval])'
    return [
        graph(
            "WebSocket connections",
            "How many clients listen? Open WebSocket connections by route.",
            [
                Query(
                    'sum by (endpoint) (websocket_connections{service="$service"})', "{{endpoint}}"
                )
            ],
            unit="none",
            empty="the service has no WebSocket route",
        ).span(12),
        graph(
            "WebSocket messages",
            "Do messages flow? Messages received and sent a second.",
            [Query(f"sum by (endpoint, direction) ({messages})", "{{endpoint}} {{direction}}")],
            unit="ops",
            empty="the service has no WebSocket route",
        ).span(12),
    ]


def page(promises: Promises) -> Page:
    """Return the dashboard of one service's requests, for a team's promises."""
    return Page(
        uid=Uid.SERVICE,
        title="Service",
        description="A service's requests, answers and latency, overall and by route.",
        variables=(service_variable(), route_variable()),
        annotations=(alerts_of_service(), deployments()),
        rows=(
            Row("Requests", request_graphs(promises)),
            Row("Routes: for whom?", [route_table(promises).height(10), *_by_route()]),
            Row("Latency in detail", [_latency_spread(), _in_flight(), _overdue().span(24)]),
            Row("WebSockets", _websockets()),
        ),
    )
