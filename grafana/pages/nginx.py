"""nginx, from its own count, its exporter and its lines."""

from typing import Final

from grafana.frame import Builder, Page, Row, all_alerts, instance_variable
from grafana.lines import log_graph, log_lines, readable
from grafana.panels import GREEN, RED, UP, YELLOW, Query, Steps, graph, stat
from grafana.places import Uid
from grafana.quantiles import quantile, under

_OURS: Final = 'instance=~"$instance"'
_DURATION: Final = "front_door_request_duration_seconds"
_USERS: Final = 'endpoint!~"/metrics|/health/.*"'


def _rate(metric: str) -> str:
    return f"sum(rate({metric}{{{_OURS}}}[$__rate_interval]))"


def _state() -> list[Builder]:
    dropped = f"{_rate('nginx_connections_accepted')} - {_rate('nginx_connections_handled')}"
    return [
        stat(
            "nginx",
            "Is it up? 1 is yes.",
            Query(f"min(nginx_up{{{_OURS}}})"),
            unit="bool_yes_no",
            decimals=0,
            steps=UP,
        ).height(8),
        graph(
            "Requests",
            "How much traffic is there? Requests a second, before any of them reaches a service.",
            [Query(_rate("nginx_http_requests_total"), "requests")],
            unit="reqps",
        ).span(7),
        graph(
            "Connections",
            "What do connections do? `waiting` ones are idle and kept open.",
            [
                Query(f"sum(nginx_connections_{state}{{{_OURS}}})", state)
                for state in ("active", "reading", "writing", "waiting")
            ],
            unit="none",
        ).span(7),
        graph(
            "Dropped connections",
            "Were clients turned away? Connections a second that were accepted but not handled,"
            " because nginx' limit was reached. 0 on a healthy nginx.",
            [Query(dropped, "dropped")],
            unit="ops",
            steps=Steps(GREEN, ((0.01, RED),)),
        ).span(6),
    ]


def _outcomes() -> list[Builder]:
    counter = "rate(front_door_requests_total{%s}[$__rate_interval])"
    bad = counter % 'outcome="bad"'
    limited = counter % 'answered_by="proxy", status="429"'
    return [
        graph(
            "Answers",
            "What do clients get, and from whom? Requests a second by status and by who answered: "
            "a service, or nginx itself (proxy): 413, 429, 502, 504, and 499 for clients that left "
            "before any answer.",
            [Query(f"sum by (answered_by, status) ({counter % ''})", "{{answered_by}} {{status}}")],
            unit="reqps",
        ),
        graph(
            "Outcomes",
            "What became of requests, as the availability objective counts them? Requests a "
            "second: good, bad, neither (429, scanners, health checks, clients that left at once).",
            [Query(f"sum by (outcome) ({counter % ''})", "{{outcome}}")],
            unit="reqps",
        ),
        graph(
            "Bad requests",
            "Who failed, and how? Bad requests a second, by who answered: 499 are clients that "
            "gave up, what is below 500 came after its deadline. At 0 on a healthy service.",
            [Query(f"sum by (answered_by, status) ({bad})", "{{answered_by}} {{status}}")],
            unit="reqps",
            is_rare=True,
        ),
        graph(
            "Latency at the front door",
            "How long do clients wait? From the first byte of a request to the last of its answer, "
            "slow clients included; a route of a service.",
            [
                Query(quantile(number, _DURATION, 'kind="route"'), name)
                for number, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))
            ],
            unit="s",
            words=under(_DURATION),
        ),
        graph(
            "Where the time goes",
            "Is it the service, or what is before it? The mean time of a request at the front door "
            "and in the services behind it; the difference is nginx, the network, and the client's "
            "own pace.",
            [
                Query(_mean(_DURATION, 'kind="route", answered_by="service"'), "front door"),
                Query(_mean("http_request_duration_seconds", _USERS), "services"),
            ],
            unit="s",
        ),
        graph(
            "Limited clients",
            "Does somebody ask too much? Requests a second that nginx refused with a 429, because "
            "a client had more than its share (`CLIENT_*` in `.env`). 0 where nobody does.",
            # Its series begins with the first one.
            [Query(f"sum({limited}) or 0 * sum({counter % ''})", "refused")],
            unit="reqps",
            steps=Steps(GREEN, ((0.01, YELLOW),)),
        ),
    ]


def _mean(histogram: str, selector: str) -> str:
    of = f"sum(rate({histogram}_%s{{{selector}}}[$__rate_interval]))"
    return f"{of % 'sum'} / ({of % 'count'} > 0)"


def _lines() -> list[Builder]:
    access = '{service="nginx"} | json status="status_code" | status != ""'
    return [
        log_graph(
            "Lines by status",
            "Do the lines say the same? Access lines by status, including requests that no route "
            "took.",
            Query(f"sum by (status) (count_over_time({access}[$__interval]))", "{{status}}"),
            unit="none",
        ).span(24),
        log_lines(
            "Failed requests",
            "Which requests fail here? Access lines with a 5xx; with an upstream status, the "
            "service sent it. Empty while nothing fails.",
            readable(
                '{service="nginx"}',
                {"status": "status_code"},
                ' | status != "" | status >= 500',
            ),
            empty="no request failed in this time range",
        ),
    ]


PAGE: Final = Page(
    uid=Uid.NGINX,
    title="nginx",
    description="The front door, from its own count, its exporter and its lines.",
    variables=(instance_variable("nginx_up"),),
    annotations=(all_alerts(),),
    has_logs=True,
    rows=(
        Row("State", _state()),
        Row("Answers: what, by whom, how fast?", _outcomes()),
        Row("Lines", _lines()),
    ),
)
