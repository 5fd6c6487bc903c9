"""Tables: what is there now, one row a thing, each column a query of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as dashboard_builders
from grafana_foundation_sdk.builders import table as table_builders
from grafana_foundation_sdk.models.common import TableCellDisplayMode
from grafana_foundation_sdk.models.dashboard import DataTransformerConfig, DynamicConfigValue
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from grafana.panels import Query, Steps, metrics_target, setting
from grafana.sources import METRICS


@dataclass(frozen=True)
class Label:
    """A column with the values of a label, each with links."""

    name: str
    title: str
    links: tuple[dashboard_builders.DashboardLink, ...] = ()


@dataclass(frozen=True)
class Column:
    """A column with the values of a query, which keeps exactly the table's labels.

    Attributes:
        empty: What is shown where there is no value.
        spent: What is shown for nothing and less, which would be no more than a riddle.
    """

    title: str
    expression: str
    unit: str
    steps: Steps | None = None
    decimals: int | None = None
    empty: str = ""
    spent: str = ""


def table(
    title: str,
    description: str,
    labels: Sequence[Label],
    columns: Sequence[Column],
    *,
    empty: str,
    sort_by: str = "",
) -> table_builders.Panel:
    """One row for each set of labels."""
    panel = _plain_table(title, description, empty)
    for number, column in enumerate(columns):
        target = metrics_target(Query(column.expression), number)
        panel = panel.with_target(target.instant().format(PromQueryFormat.TABLE))
    names = {label.name: label.title for label in labels}
    names |= {f"Value #{_letter(n)}": column.title for n, column in enumerate(columns)}
    if len(columns) == 1:
        # One query's frame is not numbered.
        names["Value"] = names.pop("Value #A")
    panel = panel.with_transformation(DataTransformerConfig(id_val="merge", options={}))
    panel = panel.with_transformation(_organize(names))
    for label in labels:
        if label.links:
            links = [link.build() for link in label.links]
            panel = panel.override_by_name(label.title, [setting("links", links)])
    for column in columns:
        panel = panel.override_by_name(column.title, _settings(column))
    if sort_by:
        order = common_builders.TableSortByFieldState().display_name(sort_by).desc(desc=True)
        panel = panel.sort_by([order])
    return panel


def label_table(
    title: str, description: str, query: Query, labels: Sequence[Label], *, empty: str
) -> table_builders.Panel:
    """One row a series, only its labels as columns."""
    target = metrics_target(query, 0).instant().format(PromQueryFormat.TABLE)
    panel = _plain_table(title, description, empty).with_target(target)
    names = {label.name: label.title for label in labels}
    panel = panel.with_transformation(_organize(names))
    for label in labels:
        if label.links:
            links = [link.build() for link in label.links]
            panel = panel.override_by_name(label.title, [setting("links", links)])
    return panel


def _plain_table(title: str, description: str, empty: str) -> table_builders.Panel:
    return (
        table_builders.Panel()
        .title(title)
        .description(description)
        .datasource(METRICS)
        .unit("short")
        .no_value(empty)
        .height(8)
        .span(24)
    )


def _organize(names: dict[str, str]) -> DataTransformerConfig:
    return DataTransformerConfig(
        id_val="organize",
        options={
            "includeByName": dict.fromkeys(names, True),
            "excludeByName": {"Time": True, "__name__": True},
            "indexByName": {name: number for number, name in enumerate(names)},
            "renameByName": names,
        },
    )


def _settings(column: Column) -> list[DynamicConfigValue]:
    settings = [setting("unit", column.unit)]
    if column.decimals is not None:
        settings.append(setting("decimals", column.decimals))
    if column.empty:
        settings.append(setting("noValue", column.empty))
    if column.spent:
        below = {"from": None, "to": 0, "result": {"text": column.spent, "index": 0}}
        settings.append(setting("mappings", [{"type": "range", "options": below}]))
    if column.steps is not None:
        settings.append(setting("thresholds", {"mode": "absolute", "steps": column.steps.list}))
        settings.append(
            setting("custom.cellOptions", {"type": TableCellDisplayMode.COLOR_TEXT.value})
        )
    return settings


def _letter(number: int) -> str:
    return chr(ord("A") + number)
