"""grafana/: what a person sees: words for what is missing, colours, cells, legends."""

import re
from typing import Any

import pytest
from grafana_foundation_sdk.models.table import FieldConfig

from tests.grafana.panels import BUILT, cases, panels

_COLOURED = [
    pytest.param(setting, id=f"{name}: {panel['title']}, {override['matcher']['options']}")
    for name, dashboard in BUILT.items()
    for panel in panels(dashboard)
    for override in panel.get("fieldConfig", {}).get("overrides", [])
    for setting in override["properties"]
    if setting["id"] == "thresholds"
]


@pytest.mark.parametrize("panel", cases())
def test_nothing_found_is_not_said_of_what_did_not_answer(panel: dict[str, Any]) -> None:
    """Grafana shows a panel's words for no data beside the mark of a query that failed, too."""
    said = panel.get("fieldConfig", {}).get("defaults", {}).get("noValue", "no data")

    assert said == "no data" or said.endswith(" (not known if marked red or its part is down)")


@pytest.mark.parametrize("panel", cases(lambda panel: panel["type"] == "table"))
def test_cells_are_drawn_as_each_grafana_knows(panel: dict[str, Any]) -> None:
    """From 9.5 on Grafana skips `displayMode`, before it `cellOptions`: both say the same.

    The SDK's model refuses a type of cell that Grafana's schema does not have.
    """
    chosen = panel["fieldConfig"]["defaults"]["custom"]
    columns = [
        {each["id"].removeprefix("custom."): each["value"] for each in override["properties"]}
        for override in panel["fieldConfig"]["overrides"]
    ]

    for each in [chosen, *columns]:
        options = FieldConfig.from_json(each).cell_options
        is_filled = options is not None and options.to_json() == {
            "type": "color-background",
            "mode": "basic",
        }
        assert each.get("displayMode") == ("color-background-solid" if is_filled else None)
    assert "cellOptions" in chosen
    assert all("cellOptions" in column for column in columns if "thresholds" in column)


@pytest.mark.parametrize("override", _COLOURED)
def test_negative_numbers_of_a_column_are_coloured(override: dict[str, Any]) -> None:
    """JSON has no -Infinity, and Grafana restores it in a panel's steps, not in a column's."""
    values = [step["value"] for step in override["value"]["steps"]]

    assert None not in values
    assert values == sorted(values)


@pytest.mark.parametrize(
    ("page", "title", "first"),
    [
        ("services", "Services", ["Service", "State", "Budget left"]),
        ("saturation", "Pools", ["Pool", "Used", "Waiting", "Not served"]),
        ("postgres", "Statements", ["Statement", "Share", "Calls"]),
    ],
)
def test_a_phone_shows_first_what_tells_good_from_bad(
    page: str, title: str, first: list[str]
) -> None:
    """Of 340 pixels, which is what a phone leaves; what comes behind is seen by scrolling."""
    (panel,) = [each for each in panels(BUILT[f"{page}.json"]) if each["title"] == title]
    (organize,) = [t["options"] for t in panel["transformations"] if t["id"] == "organize"]
    titles = list(organize["renameByName"].values())
    order = sorted(organize["renameByName"], key=lambda name: int(organize["indexByName"][name]))
    settings = {
        override["matcher"]["options"]: {s["id"]: s["value"] for s in override["properties"]}
        for override in panel["fieldConfig"]["overrides"]
    }

    assert [organize["renameByName"][name] for name in order[: len(first)]] == first
    assert len(titles) == len(order)
    assert (
        sum(settings[t].get("custom.width", settings[t]["custom.minWidth"]) for t in first) <= 340
    )


@pytest.mark.parametrize("panel", cases())
def test_legend_has_what_failed_on_top(panel: dict[str, Any]) -> None:
    """What is 0 on a healthy service is 0 again afterwards: the last value says nothing."""
    if panel["type"] != "timeseries" or "{{" not in repr(panel["targets"]):
        return
    is_rare = re.search(
        r"at 0 on a healthy|0 on a healthy service|[Rr]efused|4xx", panel["description"]
    )
    by = panel["options"]["legend"].get("sortBy")

    assert by == "Max" or not is_rare, panel["description"]


@pytest.mark.parametrize("panel", cases())
def test_the_line_of_a_spent_budget_is_red(panel: dict[str, Any]) -> None:
    """Grafana draws a step's line in the step's colour; green would be a line to be under."""
    defaults = panel.get("fieldConfig", {}).get("defaults", {})
    style = defaults.get("custom", {}).get("thresholdsStyle", {}).get("mode")
    if style == "dashed":
        colours = [step["color"] for step in defaults["thresholds"]["steps"][1:]]
        assert set(colours) <= {"yellow", "red"}


@pytest.mark.parametrize("panel", cases())
def test_a_figure_that_is_missing_can_be_read(panel: dict[str, Any]) -> None:
    """Grafana writes it as large as fits into the place of a number: a sentence is a speck."""
    if panel["type"] == "stat":
        assert len(panel["fieldConfig"]["defaults"]["noValue"]) <= len("no data")


def test_a_watchdog_that_never_arrived_is_red() -> None:
    """The inbox says 0 then: an age of 57 years, or no figure, would both be missed at night."""
    (panel,) = [each for each in panels(BUILT["stack.json"]) if each["title"] == "Watchdog's age"]
    (target,) = panel["targets"]
    defaults = panel["fieldConfig"]["defaults"]
    (said,) = [mapping["options"] for mapping in defaults["mappings"]]
    never = float(target["expr"].rpartition(" + ")[2])
    reached = [
        step["color"]
        for step in defaults["thresholds"]["steps"]
        if step["value"] is None or step["value"] <= never
    ]

    assert said["from"] <= never <= said["to"]
    assert said["result"]["text"] == "never"
    assert reached[-1] == "red"
