"""The long run's table says what was found, and whether it is enough."""

from dataclasses import replace

import pytest

from bench.reporting.report import Row
from bench.service.endurance import Endurance
from bench.service.endurance_table import endurance_table
from bench.service.generator import Figures
from bench.service.load_plan import LoadPlan


def medians(of_row: Row) -> list[float | None]:
    """Return the medians of a row's cells."""
    return [None if cell is None else round(cell.median, 3) for cell in of_row.cells]


def long_run() -> Endurance:
    """Return a long run without a flaw."""
    figures = Figures(
        sent=60_000,
        answered=60_000,
        served=60_000,
        served_in_time=59_400,
        statuses={200: 60_000},
        socket_errors=0,
        p50_seconds=0.01,
        p99_seconds=0.02,
        longest_seconds=0.03,
    )
    return Endurance(600.0, figures, 0, (300e6, 309e6), recycled=6, lost=0, feed_messages=7)


def test_a_long_run_without_a_flaw_meets_every_bar() -> None:
    """Nothing failed, nothing uncounted, memory flat."""
    table = endurance_table(long_run(), LoadPlan(minutes=10))
    assert table.title == "10 minutes of it, with telemetry"
    assert "recycled as shipped" in table.note
    assert [each.is_met for each in table.rows if each.bar] == [True] * 5
    told = {each.label: medians(each) for each in table.rows}
    assert told["requests/s"] == [99]
    assert told["growth of memory, %"] == [3]
    assert [told[f"memory at the {when}, MB"] for when in ("start", "end")] == [[300], [309]]
    assert [told[f"{name}, ms"] for name in ("P50", "P99", "longest")] == [[10], [20], [30]]


@pytest.mark.parametrize(
    ("flaw", "label"),
    [
        ({"uncounted": 1}, "answers that clients and http_requests_total disagree on"),
        ({"memory": (300e6, 316e6)}, "growth of memory, %"),
        ({"lost": 1}, "workers lost otherwise"),
        ({"figures": long_run().figures.model_copy(update={"served": 59_999})}, "failed requests"),
        (
            {"figures": long_run().figures.model_copy(update={"socket_errors": 1})},
            "failed connections",
        ),
    ],
)
def test_each_flaw_of_a_long_run_is_seen(flaw: dict[str, object], label: str) -> None:
    """One request among sixty thousand is one too many."""
    plan = LoadPlan(minutes=10, is_recycling=False)
    table = endurance_table(replace(long_run(), **flaw), plan)  # type: ignore[arg-type]
    assert "never recycled" in table.note
    assert [each.label for each in table.rows if each.is_met is False] == [label]
