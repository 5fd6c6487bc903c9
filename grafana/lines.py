"""Panels over Loki and Tempo: lines, counts of lines, and traces."""

from typing import Final

from grafana_foundation_sdk.builders import logs as logs_builders
from grafana_foundation_sdk.builders import loki, tempo
from grafana_foundation_sdk.builders import table as table_builders
from grafana_foundation_sdk.builders import timeseries as timeseries_builders
from grafana_foundation_sdk.builders.common import StackingConfig, TableSortByFieldState
from grafana_foundation_sdk.models.common import GraphDrawStyle, LogsSortOrder, StackingMode
from grafana_foundation_sdk.models.tempo import SearchTableType

from grafana.panels import NO_DATA, Query, in_doubt, legend, plain_graph, setting
from grafana.sources import LOGS, TRACES
from grafana.tables import organize, plain_table

_COUNT: Final = "none"
_SHORTEST_STEP: Final = "15s"


def _target(query: Query, query_type: str) -> loki.Dataquery:
    target = loki.Dataquery().datasource(LOGS).expr(query.expression).ref_id("A")
    return target.query_type(query_type).legend_format(query.legend)


# An idle Tempo 3 logs an error every minute because there is nothing to compact.
NO_ERROR: Final = '!= "no jobs found"'

# What is read from a line of the services (`message`), of the stack's parts (`msg`), or neither.
_FIELDS: Final = {
    "message": "message",
    "msg": "msg",
    "err": "err",
    "exception": "exception_type",
    "says": "exception_message",
    "took": "process_time",
    # Grafana says of each request that it was completed.
    "asked": "path",
    "verb": "method",
    "got": "status",
}
# One line of text; the rest is there on opening it.
_FORMAT: Final = (
    "{{.service}}  {{if .message}}{{.message}}{{else if .msg}}{{.msg}}"
    "{{if and .asked .got}} {{.verb}} {{.asked}} {{.got}}{{end}}{{if .err}}: {{.err}}{{end}}"
    "{{else}}{{__line__}}{{end}}{{if .exception}}  {{.exception}}: {{.says}}{{end}}"
    "{{if .took}}  {{.took}} s{{end}}"
)


def readable(selected: str, fields: dict[str, str] | None = None, condition: str = "") -> str:
    """Return the query for lines that a person reads: service, message, exception, duration.

    Args:
        selected: The query for the lines.
        fields: Further fields of JSON lines, by the names that `condition` uses.
        condition: Pipeline stages that keep lines by those fields.
    """
    read = ", ".join(f'{name}="{field}"' for name, field in {**_FIELDS, **(fields or {})}.items())
    # Lines of other programs are no JSON, which is no error.
    understood = f"{selected} | json {read} | drop __error__, __error_details__{condition}"
    return f"{understood} | line_format `{_FORMAT}`"


def log_lines(title: str, description: str, expression: str, *, empty: str) -> logs_builders.Panel:
    """Lines of the log, the newest first; a line with a trace leads to it."""
    return (
        logs_builders.Panel()
        .title(title)
        .description(description)
        .datasource(LOGS)
        .unit("string")
        .no_value(in_doubt(empty))
        .show_time(show_time=True)
        .wrap_log_message(wrap_log_message=True)
        .enable_log_details(enable_log_details=True)
        .sort_order(LogsSortOrder.DESCENDING)
        .with_target(_target(Query(expression), "range").max_lines(500))
        .height(10)
        .span(24)
    )


def log_graph(
    title: str, description: str, query: Query, *, unit: str, empty: str = NO_DATA
) -> timeseries_builders.Panel:
    """Counts of lines over time, or shares of them."""
    panel = plain_graph(title, description, unit=unit, empty=empty)
    if unit == _COUNT:
        # A series has no point where no line was written: its last one may be old, its sum is not.
        panel = (
            panel.draw_style(GraphDrawStyle.BARS)
            .stacking(StackingConfig().mode(StackingMode.NORMAL))
            .fill_opacity(60)
            .legend(legend(figures=("sum", "max"), sort_by="Total"))
        )
    # Half-second steps, as a short time range has, are nothing but noise.
    panel = panel.interval(_SHORTEST_STEP)
    return panel.datasource(LOGS).with_target(_target(query, "range"))


def log_table(
    title: str, description: str, query: Query, names: dict[str, str], *, empty: str
) -> table_builders.Panel:
    """Counts of lines in the dashboard's time range, by label, sorted by the count, `Value #A`."""
    panel = plain_table(title, description, LOGS, unit="short", empty=empty)
    # What it says has the room that these leave; a phone has 340 pixels for all of it.
    widths = {names["service"]: 100, names["Value #A"]: 80}
    for column, width in widths.items():
        panel = panel.override_by_name(column, [setting("custom.width", width)])
    return (
        panel.with_target(_target(query, "instant"))
        .with_transformation(organize(names))
        .sort_by([TableSortByFieldState().display_name(names["Value #A"]).desc(desc=True)])
        .span(8)
    )


def trace_table(
    title: str, description: str, expression: str, *, empty: str
) -> table_builders.Panel:
    """The newest traces that match; each leads to its spans, and from there to its lines."""
    target = (
        tempo.Dataquery()
        .datasource(TRACES)
        .ref_id("A")
        .query_type("traceql")
        # Without the hint Tempo returns whichever it finds first.
        .query(f"{expression} with (most_recent=true)")
        .table_type(SearchTableType.TRACES)
        .limit(20)
    )
    return (
        plain_table(title, description, TRACES, unit="string", empty=empty)
        .with_target(target)
        # Tempo counts whole milliseconds.
        .override_by_name("traceDuration", [setting("noValue", "under 1 ms")])
        .height(10)
    )
