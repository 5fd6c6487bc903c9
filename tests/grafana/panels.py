"""The built dashboards, their panels and queries, as these tests look at them."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from grafana.build import dashboards, render
from grafana.promises import Promises

ROOT: Final = Path(__file__).parents[2]
BUILT: Final[dict[str, dict[str, Any]]] = {
    name: json.loads(render(dashboard))
    for name, dashboard in dashboards(Promises.read(ROOT)).items()
}

# What Grafana puts in their place, for a dashboard that shows the last hour with a step of 15 s.
MACROS: Final = {
    "__rate_interval": "1m",
    "__range": "1h",
    "__range_s": "3600",
    "__interval": "1m",
}


@dataclass(frozen=True)
class PanelQuery:
    """One query of one panel."""

    dashboard: str
    panel: str
    number: int
    kind: str  # prometheus, loki or tempo
    text: str
    is_instant: bool

    @property
    def name(self) -> str:
        """What tests and reports call it."""
        return f"{self.dashboard} / {self.panel} / {chr(ord('A') + self.number)}"


def panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the panels that show something."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def cases(is_wanted: Callable[[dict[str, Any]], object] = lambda _: True) -> list[object]:
    """Return the panels of all dashboards, as parameters of a test."""
    return [
        pytest.param(panel, id=f"{name}: {panel['title']}")
        for name, dashboard in BUILT.items()
        for panel in panels(dashboard)
        if is_wanted(panel)
    ]


def all_queries() -> list[PanelQuery]:
    """Return every query of every panel."""
    return [
        PanelQuery(
            dashboard["title"],
            panel["title"],
            number,
            panel["datasource"]["type"],
            target["query"] if panel["datasource"]["type"] == "tempo" else target["expr"],
            bool(target.get("instant")) or target.get("queryType") == "instant",
        )
        for dashboard in BUILT.values()
        for panel in panels(dashboard)
        for number, target in enumerate(panel["targets"])
    ]


def fill(text: str, values: dict[str, str]) -> str:
    """Put values in place of `$name` and `${name}`, as Grafana does before it asks.

    It knows no variable `$1`, which so stays the group of a regular expression.
    """
    known = {**MACROS, **values}

    def value(match: re.Match[str]) -> str:
        return known[match["short"] or match["long"]]

    return re.sub(r"\$(?:(?P<short>[a-z_]\w*)|\{(?P<long>\w+)\})", value, text)


def every_value(dashboard: dict[str, Any], service: str) -> dict[str, str]:
    """Return the values a dashboard opens with: its first service, and all of the rest."""
    values = {}
    for variable in dashboard["templating"]["list"]:
        fallback = variable.get("query") if variable["type"] == "textbox" else ""
        if variable["type"] == "custom":
            fallback = variable["query"].partition(" : ")[2].partition(",")[0]
        # A number that Prometheus says, or the one that the query itself falls back to.
        if constant := re.search(r"^query_result\(.* or vector\((.*)\)\)$", str(variable["query"])):
            fallback = constant[1]
        values[variable["name"]] = variable.get("allValue") or fallback or ""
    return {**values, "service": service}
