"""What several dashboards show of error budgets: the same column, the same axis."""

from grafana.frame import Builder
from grafana.panels import GREEN, RED, YELLOW, Query, Steps, graph, legend
from grafana.promises import Promises
from grafana.tables import DASH, Column


def budget_left(
    promises: Promises, expression: str, *, empty: str = DASH, width: int | None = None
) -> Column:
    """Return the column of what is left of budgets.

    Args:
        promises: Which budget is low.
        expression: The share that is left.
        empty: What is shown where it is not known.
        width: Of the column, in pixels.
    """
    return Column(
        "Budget left",
        expression,
        "percentunit",
        Steps(RED, ((0, YELLOW), (promises.low_budget, GREEN))),
        decimals=1,
        empty=empty,
        spent="spent",
        width=width,
    )


def burn_rate_now(promises: Promises, expression: str, *, width: int | None = None) -> Column:
    """Return the column of how fast budgets are spent now; red is what pages fastest."""
    return Column(
        "Burn rate now",
        expression,
        "suffix:x",
        Steps(GREEN, ((1, YELLOW), (float(promises.fastest_page), RED))),
        decimals=1,
        width=width,
    )


def budget_over_time(title: str, description: str, query: Query) -> Builder:
    """Return the lines of what is left of budgets; overspent ones end at one budget more."""
    # The dashed line has the colour of its step; the others have those of their objectives.
    steps = Steps(GREEN, ((0, RED),))
    panel = graph(title, description, [query], unit="percentunit", steps=steps)
    # The least is the worst.
    return panel.min(-1).max(1).fill_opacity(0).legend(legend(sort_desc=False))
