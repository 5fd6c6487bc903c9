"""Tables: what is there now, one row a thing, each column a query of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as dashboard_builders
from grafana_foundation_sdk.builders import table as table_builders
from grafana_foundation_sdk.models.common import (
    DataSourceRef,
    TableAutoCellOptions,
    TableCellBackgroundDisplayMode,
    TableCellDisplayMode,
    TableColoredBackgroundCellOptions,
)
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    DynamicConfigValue,
    Threshold,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from grafana.panels import (
    CALM,
    GREEN,
    LOWEST,
    NEUTRAL,
    Query,
    Steps,
    in_doubt,
    metrics_target,
    setting,
    words_for,
)
from grafana.sources import METRICS

# How narrow a column may become, in pixels, before those on its right are cut: on a phone.
_NARROW_LABEL: Final = 120
_NARROW_FIGURE: Final = 85
# A cell whose background has the colour of its value.
_FILLED: Final = TableColoredBackgroundCellOptions(mode=TableCellBackgroundDisplayMode.BASIC)
# Where there is no value.
DASH: Final = "\u2013"


@dataclass(frozen=True)
class Label:
    """A column with the values of a label, each with links.

    Attributes:
        narrow: How narrow it may become, in pixels.
        is_last: Whether it stands behind the values: what a phone may leave out.
    """

    name: str
    title: str
    links: tuple[dashboard_builders.DashboardLink, ...] = ()
    width: int | None = None
    narrow: int = _NARROW_LABEL
    is_last: bool = False

    def settings(self) -> list[DynamicConfigValue]:
        """Return what is particular to this column: text, also where it looks like a number."""
        settings = [
            setting("unit", "string"),
            setting("noValue", DASH),
            setting("custom.minWidth", self.narrow),
        ]
        if self.links:
            settings.append(setting("links", [link.build() for link in self.links]))
        if self.width is not None:
            settings.append(setting("custom.width", self.width))
        return settings


@dataclass(frozen=True)
class Column:
    """A column with the values of a query, which keeps exactly the table's labels.

    Attributes:
        empty: What is shown where there is no value.
        spent: What is shown for nothing and less, which would be no more than a riddle.
        words: What is shown for these numbers, which stand for states.
    """

    title: str
    expression: str
    unit: str
    steps: Steps | None = None
    decimals: int | None = None
    empty: str = DASH
    spent: str = ""
    words: tuple[tuple[float, str], ...] = ()
    width: int | None = None

    @property
    def mappings(self) -> list[dict[str, object]]:
        """What is written in place of a number."""
        spent = [words_for(None, 0, self.spent)] if self.spent else []
        return spent + [words_for(number, number, word) for number, word in self.words]


def table(
    title: str,
    description: str,
    labels: Sequence[Label],
    columns: Sequence[Column],
    *,
    empty: str,
    sort_by: str = "",
    smallest_first: bool = False,
) -> table_builders.Panel:
    """One row for each set of labels; the worst belongs on top."""
    panel = plain_table(title, description, METRICS, unit="short", empty=empty)
    for number, column in enumerate(columns):
        target = metrics_target(Query(column.expression), number)
        panel = panel.with_target(target.instant().format(PromQueryFormat.TABLE))
    names = {label.name: label.title for label in labels if not label.is_last}
    # One query's frame is not numbered.
    values = [f"Value #{_letter(n)}" for n in range(len(columns))] if columns[1:] else ["Value"]
    names |= {value: column.title for value, column in zip(values, columns, strict=True)}
    names |= {label.name: label.title for label in labels if label.is_last}
    panel = panel.with_transformation(DataTransformerConfig(id_val="merge", options={}))
    panel = panel.with_transformation(organize(names))
    for label in labels:
        panel = panel.override_by_name(label.title, label.settings())
    for column in columns:
        panel = panel.override_by_name(column.title, _settings(column))
    if sort_by:
        order = common_builders.TableSortByFieldState().display_name(sort_by)
        panel = panel.sort_by([order.desc(desc=not smallest_first)])
    return panel


def label_table(
    title: str, description: str, query: Query, labels: Sequence[Label], *, empty: str
) -> table_builders.Panel:
    """One row for each set of these labels, sorted by the second: the worst by its name."""
    # Grafana before 10 shows a series' other labels as well.
    kept = ", ".join(label.name for label in labels)
    chosen = Query(f"max by ({kept}) ({query.expression})")
    target = metrics_target(chosen, 0).instant().format(PromQueryFormat.TABLE)
    panel = plain_table(title, description, METRICS, unit="short", empty=empty).with_target(target)
    order = common_builders.TableSortByFieldState().display_name(labels[1].title).desc(desc=False)
    panel = panel.sort_by([order])
    names = {label.name: label.title for label in labels}
    panel = panel.with_transformation(organize(names))
    for label in labels:
        panel = panel.override_by_name(label.title, label.settings())
    return panel


def plain_table(
    title: str, description: str, source: DataSourceRef, *, unit: str, empty: str
) -> table_builders.Panel:
    """Return a table of any source, without its queries."""
    return (
        table_builders.Panel()
        .title(title)
        .description(description)
        .datasource(source)
        .unit(unit)
        .no_value(in_doubt(empty))
        # Grafana's schema demands it, though it says no more than the default.
        .cell_options(TableAutoCellOptions())
        .height(8)
        .span(24)
    )


def organize(names: dict[str, str]) -> DataTransformerConfig:
    """Return the step that keeps these columns, in their order, by these titles."""
    return DataTransformerConfig(
        id_val="organize",
        options={
            "includeByName": dict.fromkeys(names, True),
            "excludeByName": dict.fromkeys({"Time", "__name__", "Value"} - set(names), True),
            "indexByName": {name: number for number, name in enumerate(names)},
            "renameByName": names,
        },
    )


def _settings(column: Column) -> list[DynamicConfigValue]:
    settings = [
        setting("unit", column.unit),
        setting("noValue", column.empty),
        setting("custom.minWidth", _NARROW_FIGURE),
    ]
    if column.decimals is not None:
        settings.append(setting("decimals", column.decimals))
    if column.width is not None:
        settings.append(setting("custom.width", column.width))
    if column.mappings:
        settings.append(setting("mappings", column.mappings))
    if column.steps is not None:
        settings.append(setting("thresholds", {"mode": "absolute", "steps": _fills(column.steps)}))
        settings.append(setting("custom.cellOptions", _FILLED))
        # The same for Grafana before 9.5; later ones skip it.
        solid = TableCellDisplayMode.COLOR_BACKGROUND_SOLID.value
        settings.append(setting("custom.displayMode", solid))
    return settings


def _fills(steps: Steps) -> list[Threshold]:
    """Return the colours of cells: only what is bad has one."""
    fills = steps.of_numbers(CALM)
    # Of a column Grafana compares with None as with 0: no negative number would be coloured.
    fills[0].value = 10 * LOWEST
    for step in fills:
        step.color = CALM if step.color in {GREEN, NEUTRAL} else step.color
    return fills


def _letter(number: int) -> str:
    return chr(ord("A") + number)
