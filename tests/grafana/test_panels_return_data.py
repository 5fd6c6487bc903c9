"""Every panel's query returns data on a stack with traffic; what is unchecked is named."""

import re
from typing import Any

import pytest

from grafana.expected_empty import EMPTY
from tests.grafana.conftest import BusyStack
from tests.grafana.panels import BUILT, PanelQuery, all_queries, every_value, fill, panels

pytestmark = [pytest.mark.integration]


@pytest.mark.parametrize("query", [pytest.param(query, id=query.name) for query in all_queries()])
def test_panel_returns_data(busy_stack: BusyStack, query: PanelQuery) -> None:
    """As its dashboard opens: the service api, all routes, all instances."""
    if (part := busy_stack.missing(query)) is not None:
        pytest.skip(f"{part} is not installed: {query.name} is unchecked")
    if busy_stack.must_have_data(query):
        assert query.name in busy_stack.with_data, query.text


def test_exceptions_are_panels_that_exist() -> None:
    """A list of exceptions that outlives its panels hides the next empty one."""
    assert set(EMPTY) <= {query.name for query in all_queries()}


_TABLES = [
    pytest.param(dashboard, panel, id=f"{dashboard['title']} / {panel['title']}")
    for dashboard in BUILT.values()
    for panel in panels(dashboard)
    if panel["type"] == "table" and panel["datasource"]["type"] == "prometheus"
]


@pytest.mark.parametrize(("dashboard", "panel"), _TABLES)
def test_rows_of_a_table_are_one_for_each_thing(
    busy_stack: BusyStack, dashboard: dict[str, Any], panel: dict[str, Any]
) -> None:
    """All its queries have the same labels, its columns; else Grafana makes rows with holes."""
    (organize,) = [t["options"] for t in panel["transformations"] if t["id"] == "organize"]
    labels = {name for name in organize["renameByName"] if not name.startswith("Value")}
    for query in all_queries():
        shown = (query.dashboard, query.panel) == (dashboard["title"], panel["title"])
        if not shown or "ALERTS" in query.text or not busy_stack.must_have_data(query):
            continue
        text = fill(query.text, every_value(dashboard, "api"))
        found = [set(row["metric"]) for row in busy_stack.backends.prometheus(text)]
        assert found, query.name
        # Whose a service is says one column alone, where its settings name a team.
        assert all(labels - {"team"} <= each <= labels for each in found), query.name


_NOTES = [
    pytest.param(dashboard, note, id=f"{dashboard['title']} / {note['name']}")
    for dashboard in BUILT.values()
    for note in dashboard["annotations"]["list"]
]


@pytest.mark.parametrize(("dashboard", "note"), _NOTES)
def test_marks_on_the_time_axis_are_there(
    busy_stack: BusyStack, dashboard: dict[str, Any], note: dict[str, Any]
) -> None:
    """An alert fires, and the service was deployed a minute ago."""
    query = fill(note["expr"], every_value(dashboard, "api"))
    marks = busy_stack.backends.prometheus(query, is_instant=False)
    words = re.findall(r"{{(\w+)}}", note["titleFormat"])

    assert marks
    assert all(word in mark["metric"] for mark in marks for word in words)


_VARIABLES = [
    (dashboard, variable)
    for dashboard in BUILT.values()
    for variable in dashboard["templating"]["list"]
    if variable["type"] == "query"
]


@pytest.mark.parametrize(
    ("dashboard", "variable"),
    [pytest.param(d, v, id=f"{d['title']} / {v['name']}") for d, v in _VARIABLES],
)
def test_variable_has_choices(
    busy_stack: BusyStack, dashboard: dict[str, Any], variable: dict[str, Any]
) -> None:
    """Its query finds something, and the service of these tests where it is about services."""
    if (part := variable["datasource"]["type"]) not in busy_stack.running:
        pytest.skip(f"{part} is not installed: {variable['name']} is unchecked")
    query = fill(variable["query"], every_value(dashboard, "api"))
    choices = busy_stack.backends.choices(part, query)

    # The settings of our own service name no team.
    assert choices or variable["name"] == "team"
    assert variable["name"] != "service" or "api" in choices


def test_only_what_has_objectives_has_an_overview(busy_stack: BusyStack) -> None:
    """The watchdog fires for Prometheus, which is no service and would be the first in the list."""
    query = next(
        variable["query"]
        for variable in BUILT["overview.json"]["templating"]["list"]
        if variable["name"] == "service"
    )

    assert set(busy_stack.backends.choices("prometheus", query)) == {"api"}


@pytest.mark.parametrize("panel", ["Requests by route", "Requests in flight", "Routes"])
def test_another_service_fits_in(busy_stack: BusyStack, panel: str) -> None:
    """The inbox is a service with the same metrics; nothing was written for it."""
    values = {"service": "inbox", "route": ".*"}
    first = next(q for q in all_queries() if (q.dashboard, q.panel) == ("Service", panel))
    # Alertmanager's webhook is its traffic.
    assert busy_stack.backends.has_data(first, values)
