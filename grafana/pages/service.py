"""One service's requests: rate, errors, latency, overall and by route."""

from grafana.frame import (
    Builder,
    Page,
    Row,
    alerts_of_service,
    configurations,
    deployments,
    faults,
    restarts,
    route_variable,
    service_variable,
)
from grafana.panels import PAST, Query, graph, heatmap
from grafana.places import Uid
from grafana.promises import Promises
from grafana.quantiles import quantile, under
from grafana.requests import DURATION, OF_ROUTE, request_graphs, route_table


def _requests(by: str, more: str = "") -> str:
    return f"sum by ({by}) (rate(http_requests_total{{{OF_ROUTE}{more}}}[$__rate_interval]))"


def _by_route() -> list[Builder]:
    p99 = quantile(0.99, DURATION, OF_ROUTE, by=("endpoint",))
    return [
        graph(
            "Requests by route",
            "Which routes are used? Requests a second by route template.",
            [Query(_requests("endpoint"), "{{endpoint}}")],
            unit="reqps",
        ),
        graph(
            "Failures by route",
            "Which routes fail? 5xx a second by route template; all lines are at 0 on a healthy"
            " service.",
            [Query(_requests("endpoint", ', status=~"5.."'), "{{endpoint}}")],
            unit="reqps",
            is_rare=True,
        ),
        graph(
            "Latency by route, p99",
            "Which routes are slow? 99 of 100 requests of a route took at most this long. A "
            "route without requests has no line.",
            # Without requests it is NaN, which a legend would put first.
            [Query(f"{p99} >= 0", "{{endpoint}}")],
            unit="s",
            words=under(DURATION),
        ),
    ]


def _then_and_now() -> list[Builder]:
    """Return the present beside the same hour of yesterday and of a week ago."""
    requests = f"sum(rate(http_requests_total{{{OF_ROUTE}}}[$__rate_interval]%s))"
    times = (("", "now"), (" offset 1d", "yesterday"), (" offset 1w", "a week ago"))
    return [
        graph(
            "Requests, then and now",
            "Is this much for this hour? Requests a second, beside the same hour of yesterday and "
            "of a week ago (dashed), once the service is that old.",
            [Query(requests % offset, name) for offset, name in times],
            unit="reqps",
        )
        .override_by_name("yesterday", PAST)
        .override_by_name("a week ago", PAST),
        graph(
            "Latency, then and now",
            "Is it slower than usual? The 99th percentile, beside the same hour of yesterday and "
            "of a week ago (dashed), once the service is that old.",
            [
                Query(quantile(0.99, DURATION, OF_ROUTE, offset=offset), name)
                for offset, name in times
            ],
            unit="s",
            words=under(DURATION),
        )
        .override_by_name("yesterday", PAST)
        .override_by_name("a week ago", PAST),
        _in_flight(),
    ]


def _clients() -> list[Builder]:
    left = _requests("endpoint", ', status="499"')
    asked = _requests("endpoint", ', status!="499"')
    refused = 'rate_limit_decisions_total{service="$service", decision!="allowed"}'
    return [
        graph(
            "Client errors by route",
            "Do clients ask wrongly? 4xx a second by route and status, without 499: a 404 of "
            "scanners, a 422 of a client that was not updated, a 429 of one that asks too much.",
            [
                Query(
                    _requests("endpoint, status", ', status=~"4..", status!="499"'),
                    "{{endpoint}} {{status}}",
                )
            ],
            unit="reqps",
            is_rare=True,
            empty="no client was refused in this time range",
        ).span(6),
        graph(
            "Clients that left, by route",
            "Do clients give up? Requests a second whose client left before the answer (499), by "
            "route; after a while without an answer they count as failed.",
            [
                # A route has its series only once a client of it has left.
                Query(f"{left} or 0 * {asked}", "{{endpoint}}")
            ],
            unit="reqps",
            is_rare=True,
        ).span(6),
        graph(
            "Limited clients",
            "Are clients refused by the service's own limits? Decisions a second; `unavailable` "
            "let a request through because the limit's store did not answer.",
            [
                Query(
                    f"sum by (limit, decision) (rate({refused}[$__rate_interval]))",
                    "{{limit}} {{decision}}",
                )
            ],
            unit="ops",
            is_rare=True,
            empty="the service has no limit",
        ).span(6),
        graph(
            "Answers at the front door",
            "What do clients get in the end? Requests a second by who answered and status, of all "
            "services behind nginx: what it answers itself (proxy), no service can count.",
            [
                Query(
                    "sum by (answered_by, status) "
                    '(rate(front_door_requests_total{kind="route"}[$__rate_interval]))',
                    "{{answered_by}} {{status}}",
                )
            ],
            unit="reqps",
            empty="there is no front door that counts",
        ).span(6),
    ]


def _sizes() -> list[Builder]:
    none = "sizes are measured with TELEMETRY_BODY_SIZES=true"
    buckets = "sum by (endpoint, le) (rate(%s_bucket{%s}[$__rate_interval]))"
    return [
        graph(
            f"{title}, p99",
            f"{question} 99 of 100 bodies of a route had at most this many bytes. Empty unless "
            "the service measures sizes.",
            [Query(f"histogram_quantile(0.99, {buckets % (metric, OF_ROUTE)})", "{{endpoint}}")],
            unit="bytes",
            empty=none,
        ).span(12)
        for title, question, metric in (
            ("Size of requests", "Do clients send much?", "http_request_size_bytes"),
            ("Size of answers", "Are answers large?", "http_response_size_bytes"),
        )
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
    none = f"0 * {_requests('endpoint')}"
    return graph(
        "Overdue requests by route",
        "Do requests hang? Those that passed their deadline, a second, by route template. Each is"
        " a 504 among the failures from then on, answered or not; all lines are at 0 on a healthy"
        " service.",
        [Query(f"sum by (endpoint) ({overdue}) or {none}", "{{endpoint}}")],
        unit="reqps",
        is_rare=True,
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
        annotations=(alerts_of_service(), deployments(), restarts(), configurations(), faults()),
        rows=(
            Row("Requests", request_graphs(promises)),
            Row("Routes: for whom?", [route_table(promises).height(10), *_by_route()]),
            Row("Then and now", _then_and_now()),
            Row("Clients: what do they get?", _clients()),
            Row("Latency in detail", [_latency_spread(), _overdue()]),
            Row("Sizes", _sizes()),
            Row("WebSockets", _websockets()),
        ),
    )
