"""The first dashboard: is it bad, for whom, since when, why; read from top to bottom."""

from grafana_foundation_sdk.builders import dashboard as dashboard_builders
from grafana_foundation_sdk.builders import timeseries as timeseries_builders
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.dashboard import (
    Dashboard,
    DashboardCursorSync,
    VariableRefresh,
    VariableSort,
)

from grafana.panels import GREEN, RED, YELLOW, Query, Steps, graph, log_lines, stat, table

UID = "burnrate-overview"

_SLO = 'service="$service", slo="availability"'
# Nobody's requests: scrapes and health checks.
_REQUESTS = 'service="$service", endpoint!~"/metrics|/health/.*"'
# The factor of the fast page: 2 % of a 30-day budget in an hour.
_FAST_BURN = 14.4


def _quantile(quantile: float, name: str) -> Query:
    buckets = f"rate(http_request_duration_seconds_bucket{{{_REQUESTS}}}[$__rate_interval])"
    expression = f"histogram_quantile({quantile}, sum by (le) ({buckets}))"
    return Query(expression, name, has_exemplars=True)


def _variables(builder: dashboard_builders.Dashboard) -> dashboard_builders.Dashboard:
    return (
        builder.with_variable(
            dashboard_builders.DatasourceVariable("metrics").label("Metrics").type("prometheus")
        )
        .with_variable(dashboard_builders.DatasourceVariable("logs").label("Logs").type("loki"))
        .with_variable(
            dashboard_builders.QueryVariable("service")
            .label("Service")
            .datasource(DataSourceRef(type_val="prometheus", uid="${metrics}"))
            .query("label_values(http_requests_total, service)")
            .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
            .sort(VariableSort.ALPHABETICAL_ASC)
        )
    )


def _slo_row(builder: dashboard_builders.Dashboard) -> dashboard_builders.Dashboard:
    return (
        builder.with_row(dashboard_builders.Row("Objective: is it bad?"))
        .with_panel(
            stat(
                "Availability, 30 days",
                "Share of requests in the last 30 days that got no 5xx. Red below the objective.",
                Query(f"1 - slo:sli_error:ratio_rate30d{{{_SLO}}}"),
                unit="percentunit",
                decimals=3,
                steps=Steps(RED, ((0.999, GREEN),)),
            )
        )
        .with_panel(
            stat(
                "Error budget left",
                "What is left of the failures that the objective allows in 30 days. Below 0 it is "
                "overspent.",
                Query(f"slo:period_error_budget_remaining:ratio{{{_SLO}}}"),
                unit="percentunit",
                steps=Steps(RED, ((0, YELLOW), (0.25, GREEN))),
            )
        )
        .with_panel(
            stat(
                "Burn rate now",
                "How many times faster than allowed the budget went in the last 5 minutes: 1 uses "
                "it up in exactly 30 days.",
                Query(f"slo:current_burn_rate:ratio{{{_SLO}}}"),
                unit="none",
                steps=Steps(GREEN, ((1, YELLOW), (_FAST_BURN, RED))),
            )
        )
        .with_panel(
            table(
                "Firing alerts",
                "What Prometheus fires now, the watchdog left out. Empty on a healthy stack.",
                Query('ALERTS{alertstate="firing", alertname!="Watchdog"}'),
                columns=("alertname", "severity", "service", "instance"),
                empty="no alert fires",
            ).span(12)
        )
        .with_panel(
            graph(
                "Burn rate",
                "The budget's burn in both windows of the fast page. It pages while both are over "
                "the dashed line.",
                [
                    Query(
                        f"slo:sli_error:ratio_rate{window}{{{_SLO}}}"
                        f" / slo:error_budget:ratio{{{_SLO}}}",
                        window,
                    )
                    for window in ("5m", "1h")
                ],
                unit="none",
                steps=Steps(GREEN, ((_FAST_BURN, RED),)),
            ).span(12)
        )
        .with_panel(
            graph(
                "Error budget left over time",
                "Falls with each failure and comes back 30 days after it.",
                [Query(f"slo:period_error_budget_remaining:ratio{{{_SLO}}}", "budget left")],
                unit="percentunit",
            )
            # Overspent is below 0; a whole budget more is far enough to see.
            .min(-1)
            .max(1)
            .span(12)
        )
    )


def _request_row(builder: dashboard_builders.Dashboard) -> dashboard_builders.Dashboard:
    by_endpoint = f'sum by (endpoint) (rate(http_requests_total{{{_REQUESTS}, status=~"5.."}}'
    return (
        builder.with_row(dashboard_builders.Row("Requests: for whom, since when?"))
        .with_panel(
            graph(
                "Request rate by status",
                "Requests a second by their status; 499 is a client that left before its answer.",
                [
                    Query(
                        "sum by (status) (rate("
                        f"http_requests_total{{{_REQUESTS}}}[$__rate_interval]))",
                        "{{status}}",
                    )
                ],
                unit="reqps",
            )
        )
        .with_panel(
            graph(
                "Failures by route",
                "5xx a second, by route template. All lines lie on 0 on a healthy service.",
                [Query(f"{by_endpoint}[$__rate_interval]))", "{{endpoint}}")],
                unit="reqps",
            )
        )
        .with_panel(
            graph(
                "Latency",
                "Percentiles until the last byte of the answer; the dots are traced requests.",
                [_quantile(0.5, "p50"), _quantile(0.95, "p95"), _quantile(0.99, "p99")],
                unit="s",
            )
        )
    )


def _saturation_row(builder: dashboard_builders.Dashboard) -> dashboard_builders.Dashboard:
    builder = builder.with_row(dashboard_builders.Row("Saturation: why?"))
    for panel in (*_pool_panels(), *_process_panels()):
        builder = builder.with_panel(panel.span(6))
    return builder


def _pool_panels() -> list[timeseries_builders.Panel]:
    waits = 'rate(pool_wait_seconds_bucket{service="$service"}[$__rate_interval])'
    lookups = 'rate(cache_requests_total{service="$service"}[$__rate_interval])'
    return [
        graph(
            "Pool use",
            "Connections (or threads) in use over the most a pool may hold. At 100 % the next one "
            "waits.",
            [
                Query(
                    'sum by (pool) (pool_connections{service="$service", state="used"})'
                    ' / sum by (pool) (pool_max_connections{service="$service"})',
                    "{{pool}}",
                )
            ],
            unit="percentunit",
            steps=Steps(GREEN, ((0.9, RED),)),
        ),
        graph(
            "Pool wait, p99",
            "How long 99 of 100 attempts waited at most for a connection, failed ones too. No line "
            "while nobody asks.",
            [Query(f"histogram_quantile(0.99, sum by (pool, le) ({waits}))", "{{pool}}")],
            unit="s",
        ),
        graph(
            "Requests in progress",
            "Requests that are being served now, over all workers.",
            [Query('http_requests_in_progress{service="$service"}', "in progress")],
            unit="none",
        ),
        graph(
            "Cache look-ups",
            "Look-ups a second by what came of them; an error is a cache that was skipped.",
            [Query(f"sum by (result) ({lookups})", "{{result}}")],
            unit="ops",
        ),
    ]


def _process_panels() -> list[timeseries_builders.Panel]:
    lag = 'rate(event_loop_lag_seconds_bucket{service="$service"}[$__rate_interval])'
    return [
        graph(
            "Event loop lag, p99",
            "How late the event loop woke up. Above 0.1 s something blocks it.",
            [Query(f"histogram_quantile(0.99, sum by (le) ({lag}))", "p99")],
            unit="s",
        ),
        graph(
            "Workers",
            "Worker processes that serve. Fewer than configured: they crash or are recycled.",
            [Query('workers{service="$service"}', "workers")],
            unit="none",
        ),
        graph(
            "Processor",
            "Processor cores in use, over all workers.",
            [
                Query(
                    'rate(process_cpu_seconds_total{service="$service"}[$__rate_interval])',
                    "cores",
                )
            ],
            unit="none",
        ),
        graph(
            "Memory",
            "Resident memory over all workers.",
            [Query('process_resident_memory_bytes{service="$service"}', "resident")],
            unit="bytes",
        ),
    ]


def build() -> Dashboard:
    """Return the dashboard."""
    builder = (
        dashboard_builders.Dashboard("Overview")
        .uid(UID)
        .description("A service's objective, its requests, what limits it and what it says.")
        .tags(["burnrate"])
        .readonly()
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .time("now-1h", "now")
        .refresh("30s")
        .timezone("browser")
    )
    for add in (_variables, _slo_row, _request_row, _saturation_row):
        builder = add(builder)
    return (
        builder.with_row(dashboard_builders.Row("Logs: what does it say?"))
        .with_panel(
            log_lines(
                "Warnings and errors",
                "Lines of this service that are no plain success. Each leads to its trace. Empty "
                "while nothing goes wrong.",
                '{service="$service", level=~"warning|error|critical"}',
                empty="no warning and no error in this time",
            )
        )
        .build()
    )
