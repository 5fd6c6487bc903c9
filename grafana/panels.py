"""The few kinds of panel that the dashboards are made of, each with its defaults."""

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as dashboard_builders
from grafana_foundation_sdk.builders import logs as logs_builders
from grafana_foundation_sdk.builders import loki, prometheus
from grafana_foundation_sdk.builders import stat as stat_builders
from grafana_foundation_sdk.builders import table as table_builders
from grafana_foundation_sdk.builders import timeseries as timeseries_builders
from grafana_foundation_sdk.models.common import (
    BigValueGraphMode,
    DataSourceRef,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    LogsSortOrder,
    SortOrder,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

# Variables, so that a dashboard can be pointed at other sources.
METRICS = DataSourceRef(type_val="prometheus", uid="${metrics}")
LOGS = DataSourceRef(type_val="loki", uid="${logs}")

GREEN, YELLOW, RED = "green", "yellow", "red"


@dataclass(frozen=True)
class Query:
    """A PromQL expression and the name its series get."""

    expression: str
    legend: str = ""
    has_exemplars: bool = False


@dataclass(frozen=True)
class Steps:
    """Colours by value: `first` from below, then each pair of value and colour."""

    first: str
    others: tuple[tuple[float, str], ...] = ()

    def build(self) -> dashboard_builders.ThresholdsConfig:
        """Return what the panels take."""
        steps = [Threshold(value=None, color=self.first)]
        steps += [Threshold(value=value, color=color) for value, color in self.others]
        return dashboard_builders.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def _target(query: Query, number: int) -> prometheus.Dataquery:
    target = prometheus.Dataquery().datasource(METRICS).expr(query.expression)
    target = target.ref_id(chr(ord("A") + number)).legend_format(query.legend or "__auto")
    return target.exemplar(True) if query.has_exemplars else target


def stat(
    title: str, description: str, query: Query, *, unit: str, steps: Steps, decimals: int = 2
) -> stat_builders.Panel:
    """One number, coloured by its state."""
    return (
        stat_builders.Panel()
        .title(title)
        .description(description)
        .datasource(METRICS)
        .unit(unit)
        .decimals(decimals)
        .no_value("no data")
        .graph_mode(BigValueGraphMode.NONE)
        .thresholds(steps.build())
        .color_scheme(dashboard_builders.FieldColor().mode(FieldColorModeId.THRESHOLDS))
        .with_target(_target(query, 0).instant())
        .height(4)
        .span(4)
    )


def graph(
    title: str,
    description: str,
    queries: Sequence[Query],
    *,
    unit: str,
    steps: Steps | None = None,
) -> timeseries_builders.Panel:
    """Lines over time; `steps` are drawn as dashed lines."""
    panel = (
        timeseries_builders.Panel()
        .title(title)
        .description(description)
        .datasource(METRICS)
        .unit(unit)
        .min(0)
        .no_value("no data")
        .fill_opacity(8)
        .show_points(VisibilityMode.NEVER)
        .legend(
            common_builders.VizLegendOptions()
            .display_mode(LegendDisplayMode.TABLE)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs(["lastNotNull", "max"])
        )
        .tooltip(
            common_builders.VizTooltipOptions()
            .mode(TooltipDisplayMode.MULTI)
            .sort(SortOrder.DESCENDING)
        )
        .height(8)
        .span(8)
    )
    if steps is not None:
        style = common_builders.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED)
        panel = panel.thresholds(steps.build()).thresholds_style(style)
    for number, query in enumerate(queries):
        panel = panel.with_target(_target(query, number))
    return panel


def table(
    title: str, description: str, query: Query, *, columns: Sequence[str], empty: str
) -> table_builders.Panel:
    """What is there now, one row a series, with these labels as columns."""
    hidden = {"Time": True, "Value": True, "__name__": True}
    order = {column: number for number, column in enumerate(columns)}
    organize = {
        "includeByName": dict.fromkeys(columns, True),
        "excludeByName": hidden,
        "indexByName": order,
        "renameByName": {},
    }
    return (
        table_builders.Panel()
        .title(title)
        .description(description)
        .datasource(METRICS)
        .unit("string")
        .no_value(empty)
        .with_target(_target(query, 0).instant().format(PromQueryFormat.TABLE))
        .with_transformation(DataTransformerConfig(id_val="organize", options=organize))
        .height(4)
        .span(8)
    )


def log_lines(title: str, description: str, expression: str, *, empty: str) -> logs_builders.Panel:
    """Lines of the log, the newest first."""
    return (
        logs_builders.Panel()
        .title(title)
        .description(description)
        .datasource(LOGS)
        .unit("string")
        .no_value(empty)
        .show_time(True)
        .wrap_log_message(True)
        .enable_log_details(True)
        .sort_order(LogsSortOrder.DESCENDING)
        .with_target(
            loki.Dataquery().datasource(LOGS).expr(expression).ref_id("A").query_type("range")
        )
        .height(10)
        .span(24)
    )
