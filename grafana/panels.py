"""The few kinds of panel that the dashboards are made of, each with its defaults.

A panel's description begins with the question that it answers; docs/dashboards.md lists them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as dashboard_builders
from grafana_foundation_sdk.builders import heatmap as heatmap_builders
from grafana_foundation_sdk.builders import prometheus
from grafana_foundation_sdk.builders import stat as stat_builders
from grafana_foundation_sdk.builders import timeseries as timeseries_builders
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DynamicConfigValue,
    FieldColorModeId,
    RangeMap,
    Threshold,
    ThresholdsMode,
)
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from grafana.sources import METRICS

# Colours mean state, nothing else. Neutral is the theme's text, calm a cell without a colour.
NEUTRAL: Final = "text"
CALM: Final = "transparent"
GREEN: Final = "green"
YELLOW: Final = "yellow"
RED: Final = "red"

NO_DATA: Final = "no data"
# Below everything that is measured.
LOWEST: Final = -1e12

# Where the axis of a quiet panel ends, by unit: otherwise it goes to 10,000 %.
_SOFT_MAXIMA: Final = {
    "percentunit": 0.05,
    # What fails is a few in a minute: above 1 a second it would lie on the axis.
    "reqps": 0.1,
    "ops": 0.1,
    "s": 0.01,
    "none": 4,
    "short": 4,
    "bytes": 1 << 20,
    "Bps": 1 << 10,
    "suffix:x": 1,
    "suffix:cores": 1,
    "suffix:rows/s": 1,
}


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
        return dashboard_builders.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(self.list)

    def of_numbers(self, unknown: str) -> list[Threshold]:
        """Return the steps with a colour of its own for what is not known, which is no number.

        Grafana gives it the colour of the first step, and so it would be good, or bad.
        """
        first, *others = self.list
        first.value = LOWEST
        return [Threshold(value=None, color=unknown), first, *others]

    @property
    def list(self) -> list[Threshold]:
        """The steps, for an override of one column."""
        steps = [Threshold(value=None, color=self.first)]
        return steps + [Threshold(value=value, color=color) for value, color in self.others]


# For counts of what must not happen.
NONE_ALLOWED: Final = Steps(GREEN, ((1e-9, RED),))
UP: Final = Steps(RED, ((1, GREEN),))
# For shares of what runs out.
FULL: Final = Steps(GREEN, ((0.8, YELLOW), (0.95, RED)))


# The name of lines that show a limit, and how they are drawn.
LIMIT: Final = "limit"
DASHED: Final = [
    DynamicConfigValue(id_val="custom.lineStyle", value={"fill": "dash", "dash": [8, 8]}),
    DynamicConfigValue(id_val="custom.fillOpacity", value=0),
    DynamicConfigValue(id_val="color", value={"mode": "fixed", "fixedColor": RED}),
]


# How lines of another time are drawn.
PAST: Final = [
    DynamicConfigValue(id_val="custom.lineStyle", value={"fill": "dash", "dash": [4, 6]}),
    DynamicConfigValue(id_val="custom.fillOpacity", value=0),
]


def metrics_target(query: Query, number: int) -> prometheus.Dataquery:
    """Return the query as a panel's `number`-th."""
    target = prometheus.Dataquery().datasource(METRICS).expr(query.expression).range()
    target = target.ref_id(chr(ord("A") + number)).legend_format(query.legend or "__auto")
    return target.exemplar(exemplar=True) if query.has_exemplars else target


def in_doubt(empty: str) -> str:
    """Return what stands in a panel without data.

    Grafana writes the same where the source did not answer, and marks the panel, and where what is
    asked about is down, and marks nothing: that nothing was found must not be said of what was not
    looked at.
    """
    return empty if empty == NO_DATA else f"{empty} (not known if marked red or its part is down)"


def stat(
    title: str,
    description: str,
    query: Query,
    *,
    unit: str,
    steps: Steps | None = None,
    decimals: int = 2,
    words: tuple[float, str] | None = None,
) -> stat_builders.Panel:
    """One number (or one a series), coloured by its state; `words` stand for one number."""
    panel = (
        stat_builders.Panel()
        .title(title)
        .description(description)
        .datasource(METRICS)
        .unit(unit)
        .decimals(decimals)
        # As large as fits in the place of a number: no sentence could be read.
        .no_value(NO_DATA)
        .graph_mode(BigValueGraphMode.NONE)
        .with_target(metrics_target(query, 0).instant())
        .height(4)
        .span(4)
    )
    if words is not None:
        panel = panel.mappings([RangeMap.from_json(words_for(words[0], *words))])
    if steps is None:
        return panel.color_mode(BigValueColorMode.NONE)
    known = dashboard_builders.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE)
    return panel.thresholds(known.steps(steps.of_numbers(NEUTRAL))).color_scheme(
        dashboard_builders.FieldColor().mode(FieldColorModeId.THRESHOLDS)
    )


def graph(
    title: str,
    description: str,
    queries: Sequence[Query],
    *,
    unit: str,
    steps: Steps | None = None,
    empty: str = NO_DATA,
    words: tuple[float, str] | None = None,
    is_rare: bool = False,
) -> timeseries_builders.Panel:
    """Lines over time; `steps` are drawn as dashed lines, `words` stand for one number.

    What is rare is mostly at 0: the lines that were highest matter, not those that are now.
    """
    panel = plain_graph(title, description, unit=unit, empty=empty).datasource(METRICS)
    if steps is not None:
        style = common_builders.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED)
        panel = panel.thresholds(steps.build()).thresholds_style(style)
    if words is not None:
        panel = panel.mappings([RangeMap.from_json(words_for(words[0], *words))])
    if is_rare:
        panel = panel.legend(legend(sort_by="Max"))
    for number, query in enumerate(queries):
        panel = panel.with_target(metrics_target(query, number))
    return panel


def plain_graph(
    title: str, description: str, *, unit: str, empty: str
) -> timeseries_builders.Panel:
    """Lines over time from any source, without their queries."""
    return (
        timeseries_builders.Panel()
        .title(title)
        .description(description)
        .unit(unit)
        .min(0)
        .axis_soft_max(_SOFT_MAXIMA[unit])
        .no_value(in_doubt(empty))
        .fill_opacity(8)
        .show_points(VisibilityMode.NEVER)
        .legend(legend())
        .tooltip(
            common_builders.VizTooltipOptions()
            .mode(TooltipDisplayMode.MULTI)
            .sort(SortOrder.DESCENDING)
        )
        .height(8)
        .span(8)
    )


def legend(
    *,
    sort_desc: bool = True,
    figures: Sequence[str] = ("lastNotNull", "max"),
    sort_by: str = "Last *",
) -> common_builders.VizLegendOptions:
    """Return a table of the lines; it has room for a few of them: those that matter.

    Args:
        sort_desc: Whether those are the largest.
        figures: What is said of each, by Grafana's names.
        sort_by: The title of the figure that they are sorted by.
    """
    return (
        common_builders.VizLegendOptions()
        .display_mode(LegendDisplayMode.TABLE)
        .placement(LegendPlacement.BOTTOM)
        .show_legend(show_legend=True)
        .calcs(list(figures))
        .sort_by(sort_by)
        .sort_desc(sort_desc=sort_desc)
    )


def compact(panel: timeseries_builders.Panel) -> timeseries_builders.Panel:
    """Have a low graph use its height for the lines: their names below it, without figures."""
    names = common_builders.VizLegendOptions().display_mode(LegendDisplayMode.LIST)
    return panel.legend(names.placement(LegendPlacement.BOTTOM).show_legend(show_legend=True))


def heatmap(title: str, description: str, query: Query, *, unit: str) -> heatmap_builders.Panel:
    """A histogram's buckets over time; `query` must keep `le`."""
    target = metrics_target(query, 0).format(PromQueryFormat.HEATMAP).legend_format("{{le}}")
    return (
        heatmap_builders.Panel()
        .title(title)
        .description(description)
        .datasource(METRICS)
        .unit("short")
        .no_value(NO_DATA)
        .calculate(calculate=False)
        .color(
            heatmap_builders.HeatmapColorOptions()
            .mode(HeatmapColorMode.SCHEME)
            .scheme("Blues")
            .steps(64)
        )
        .y_axis(heatmap_builders.YAxisConfig().unit(unit))
        .exemplars_color("rgba(255, 120, 10, 0.7)")
        .hide_legend()
        .with_target(target)
        .height(8)
        .span(8)
    )


def setting(id_val: str, value: object) -> DynamicConfigValue:
    """Return one setting of an override."""
    return DynamicConfigValue(id_val=id_val, value=value)


def words_for(first: float | None, last: float, text: str) -> dict[str, object]:
    """Return the mapping that shows a text for the numbers of a range."""
    result = {"text": text, "index": 0}
    return {"type": "range", "options": {"from": first, "to": last, "result": result}}
