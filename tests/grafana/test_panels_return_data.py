"""Every panel's query returns data on a stack with traffic; what is unchecked is named."""

import pytest

from tests.grafana.conftest import EMPTY, BusyStack
from tests.grafana.panels import PanelQuery, all_queries

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]


@pytest.mark.parametrize("query", [pytest.param(query, id=query.name) for query in all_queries()])
def test_panel_returns_data(busy_stack: BusyStack, query: PanelQuery) -> None:
    """As its dashboard opens: the service api, all routes, all instances."""
    if (part := busy_stack.missing(query)) is not None:
        pytest.skip(f"{part} is not installed: {query.name} is unchecked")
    assert query.name in busy_stack.with_data or query.name in EMPTY, query.text


def test_exceptions_are_panels_that_exist() -> None:
    """A list of exceptions that outlives its panels hides the next empty one."""
    assert set(EMPTY) <= {query.name for query in all_queries()}


@pytest.mark.parametrize("panel", ["Requests by route", "Requests in flight", "Routes"])
def test_another_service_fits_in(busy_stack: BusyStack, panel: str) -> None:
    """The inbox is a service with the same metrics; nothing was written for it."""
    values = {"service": "inbox", "route": ".*"}
    first = next(q for q in all_queries() if (q.dashboard, q.panel) == ("Service", panel))
    # Alertmanager's webhook is its traffic.
    assert busy_stack.backends.has_data(first, values)
