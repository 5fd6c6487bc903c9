"""What every dashboard has: its variables, its notes on the time axis, its links, its settings."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from grafana_foundation_sdk.builders import dashboard as dashboard_builders
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.dashboard import (
    Dashboard,
    DashboardCursorSync,
    RowPanel,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from grafana.places import TAG, Uid, above_each_dashboard
from grafana.slo_series import LATENCY_THRESHOLD, OBJECTIVE
from grafana.sources import LOGS, METRICS

# Any panel or variable builder of the SDK: they share no base that knows their type.
Builder = Any


def firing(matchers: str = "") -> str:
    """Return the alerts that fire, without the watchdog, which always does.

    Args:
        matchers: What else they are chosen by.
    """
    chosen = ", ".join(filter(None, ('alertstate="firing", alertname!="Watchdog"', matchers)))
    return f"ALERTS{{{chosen}}}"


@dataclass(frozen=True)
class Row:
    """A heading and the panels below it; without a title they begin the page."""

    title: str
    panels: Sequence[Builder]


@dataclass(frozen=True)
class Page:
    """A dashboard before it is built."""

    uid: Uid
    title: str
    description: str
    rows: Sequence[Row]
    variables: Sequence[Builder] = ()
    annotations: Sequence[Builder] = field(default_factory=tuple)
    has_logs: bool = False
    has_traces: bool = False

    def build(self) -> Dashboard:
        """Return the dashboard for Grafana's SDK."""
        builder = (
            dashboard_builders.Dashboard(self.title)
            .uid(self.uid)
            .description(self.description)
            .tags([TAG])
            .readonly()
            .tooltip(DashboardCursorSync.CROSSHAIR)
            .time("now-1h", "now")
            .refresh("30s")
            .timezone("browser")
            .link(above_each_dashboard())
        )
        for variable in (*self._sources(), *self.variables):
            builder = builder.with_variable(variable)
        for annotation in self.annotations:
            builder = builder.annotation(annotation)
        for row in self.rows:
            if row.title:
                builder = builder.with_row(dashboard_builders.Row(row.title))
            for panel in row.panels:
                builder = builder.with_panel(panel)
        return _without_gaps(builder.build())

    def _sources(self) -> list[Builder]:
        wanted = [("metrics", "Metrics", "prometheus")]
        if self.has_logs:
            wanted.append(("logs", "Logs", "loki"))
        if self.has_traces:
            wanted.append(("traces", "Traces", "tempo"))
        return [
            dashboard_builders.DatasourceVariable(name).label(label).type(type_name)
            for name, label, type_name in wanted
        ]


def _without_gaps(dashboard: Dashboard) -> Dashboard:
    """Put each row right below what is above it; the SDK adds heights up where we place panels."""
    bottom = shift = 0
    for panel in dashboard.panels or ():
        place = panel.grid_pos
        if place is None:
            continue
        if isinstance(panel, RowPanel):
            shift = place.y - bottom
        place.y -= shift
        bottom = max(bottom, place.y + place.h)
    return dashboard


def service_variable(query: str = "label_values(http_requests_total, service)") -> Builder:
    """Return the choice of one service: whatever has the metrics.

    Where Prometheus does not answer and the address names none, Grafana keeps what is chosen here:
    for a pattern of Loki or Tempo, every service. Any answer puts a service in its place.
    """
    unknown = VariableOption(selected=True, text="not known", value=".+")
    return _choice("service", "Service", query, METRICS).current(unknown)


def log_service_variable() -> Builder:
    """Return the choice of one service, or all, that wrote lines."""
    return _with_all(_choice("service", "Service", "label_values(service)", LOGS), ".+")


def route_variable() -> Builder:
    """Return the choice of a route of the service; all at first."""
    query = 'label_values(http_requests_total{service="$service"}, endpoint)'
    return _with_all(_choice("route", "Route", query, METRICS))


def instance_variable(metric: str) -> Builder:
    """Return the choice of instances that expose `metric`; all at first."""
    query = f"label_values({metric}, instance)"
    return _with_all(_choice("instance", "Instance", query, METRICS), ".+").multi(multi=True)


def slow_variable(otherwise: float) -> Builder:
    """Return how many seconds are slow: the largest latency threshold of the chosen services.

    Args:
        otherwise: What is slow where Prometheus has recorded none.
    """
    threshold = f'max({LATENCY_THRESHOLD}{{service=~"$service"}}) or vector({otherwise:g})'
    # The answer reads `{} 0.5 1700000000000`: labels, value, time.
    chosen = _choice("slow", "Slow, s", f"query_result({threshold})", METRICS)
    return chosen.regex("/} ([0-9.e-]+) /")


def slo_variable(query: str) -> Builder:
    """Return the choice of an objective of the service; all at first."""
    return _with_all(_choice("slo", "Objective", query, METRICS))


def team_variable() -> Builder:
    """Return the choice of a team, by whom its services' settings name; all at first."""
    return _with_all(_choice("team", "Team", f"label_values({OBJECTIVE}, team)", METRICS))


def _with_all(variable: Builder, everything: str = ".*") -> Builder:
    first = VariableOption(selected=True, text="All", value="$__all")
    return variable.include_all(include_all=True).all_value(everything).current(first)


def _choice(name: str, label: str, query: str, source: DataSourceRef) -> Builder:
    return (
        dashboard_builders.QueryVariable(name)
        .label(label)
        .datasource(source)
        .query(query)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
    )


def alerts_of_service() -> Builder:
    """Return the marks on the time axis where an alert of the service began to fire."""
    # `=~`, because the logs' dashboard may show all services.
    return _alerts('service=~"$service"', "{{severity}} {{slo}}")


def all_alerts() -> Builder:
    """Return the marks on the time axis where any alert began to fire."""
    return _alerts("", "{{severity}} {{service}}")


def _alerts(matchers: str, text: str) -> Builder:
    alerts = f"max by (alertname, severity, service, slo) ({firing(matchers)}"
    return _annotation(
        "Alerts",
        # As the default step of an annotation, a minute. As long as they fire, they would cover
        # the lines, the more of them the less could be read.
        f"{alerts}) unless {alerts} offset 1m)",
        title="{{alertname}}",
        text=text,
        color="red",
    )


def deployments() -> Builder:
    """Return the marks where a version or revision of the service appeared."""
    running = 'count by (version, revision) (service_info{service="$service"}'
    return _annotation(
        "Deployments",
        # As the default step of an annotation, a minute: the mark is a dot, not a band.
        f"{running}) unless {running} offset 1m)",
        title="{{version}}",
        text="revision {{revision}}",
        color="blue",
    )


def restarts() -> Builder:
    """Return the marks where a process of the service began."""
    return _annotation(
        "Restarts",
        # As the default step of an annotation: the mark is a dot.
        'time() - process_start_time_seconds{service="$service"} < 60',
        has_switch=False,
        title="started",
        text="{{instance}}",
        color="purple",
    )


def configurations() -> Builder:
    """Return the marks where Prometheus loaded its configuration: rules, thresholds, targets."""
    return _annotation(
        "Configuration",
        "time() - max by (instance) (prometheus_config_last_reload_success_timestamp_seconds) < 60",
        has_switch=False,
        title="Prometheus loaded its configuration",
        text="{{instance}}",
        color="purple",
    )


def faults() -> Builder:
    """Return the marks where somebody caused a fault on purpose, as drills do."""
    asked = 'increase(http_requests_total{service="$service", endpoint=~"/faults.*"}[1m])'
    return _annotation(
        "Drills",
        f"sum by (endpoint) ({asked}) > 0",
        has_switch=False,
        title="a fault on purpose",
        text="{{endpoint}}",
        color="orange",
    )


def _annotation(
    name: str, query: str, *, title: str, text: str, color: str, has_switch: bool = True
) -> Builder:
    return (
        dashboard_builders.AnnotationQuery()
        .name(name)
        .datasource(METRICS)
        .enable(enable=True)
        # Switches take a line above the dashboard.
        .hide(hide=not has_switch)
        .icon_color(color)
        .expr(query)
        .step("60s")
        .title_format(title)
        .text_format(text)
    )
